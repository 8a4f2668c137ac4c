"""What arguments must be before a command does anything."""

from __future__ import annotations

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


def check_out(path: Path, *, is_folder_meant: bool = False) -> Path:
    """Return a file to write to; raise ArgumentError where it names none."""
    if path == Path():
        raise ArgumentError("--out: expected the name of a file, got nothing")
    if path.is_dir() and not is_folder_meant:
        raise ArgumentError(f"--out {path}: is a folder; name a file in it")
    return path
