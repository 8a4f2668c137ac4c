"""What arguments must be before a command does anything."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from bioner.errors import BionerError

MOST = 2**63 - 1
"""The largest number that a database holds."""


class ArgumentError(BionerError):
    """An argument makes no sense; nothing was done."""


def check_count(option: str, value: int) -> int:
    """Return a count of things, at least one; raise ArgumentError for another."""
    if not 1 <= value <= MOST:
        raise ArgumentError(f"{option} {value}: expected a whole number from 1 on")
    return value


def check_range(option: str, value: int, least: int, most: int) -> int:
    """Return a number from ``least`` to ``most``; raise ArgumentError for another."""
    if not least <= value <= most:
        raise ArgumentError(f"{option} {value}: expected a whole number from {least} to {most:,}")
    return value


def check_out(path: Path, *, is_folder_meant: bool = False) -> Path:
    """Return a file to write to; raise ArgumentError where it names none."""
    if path == Path():
        raise ArgumentError("--out: expected the name of a file, got nothing")
    if path.is_dir() and not is_folder_meant:
        raise ArgumentError(f"--out {path}: is a folder; name a file in it")
    return path


def path_of(option: str, text: str) -> Path:
    """Return the path that an option names; raise ArgumentError where it names none."""
    if not text.strip() or "\0" in text:
        raise ArgumentError(f"{option}: expected the name of a file or folder, got nothing")
    path = Path(text).expanduser()
    try:
        path.exists()
    except OSError as error:
        raise ArgumentError(f"{option} {text[:60]}: {error.strerror or error}") from error
    return path


def folder_of(option: str, text: str | None, default: Path) -> Path:
    """Return the folder that an option names, or the default; a file is refused."""
    if text is None:
        return default
    path = path_of(option, text)
    if path.exists() and not path.is_dir():
        raise ArgumentError(f"{option} {text}: is a file; expected a folder")
    return path


def check_known(option: str, value: str, known: Collection[str]) -> str:
    """Return a value that is one of those known; raise ArgumentError, naming them, for another."""
    if value not in known:
        raise ArgumentError(f"{option} {value!r}: not known; expected one of {', '.join(known)}")
    return value
