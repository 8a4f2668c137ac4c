"""What arguments must be before a command does anything."""

from __future__ import annotations

import inspect
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import typer

from bioner.errors import BionerError

Number = TypeVar("Number", int, float)
MOST = 2**63 - 1
"""The largest number that a database holds."""


_HALF = re.compile("[\ud800-\udfff]")
_UNSAYABLE = {
    _HALF: "half a character, which no file and no output can hold; give it as UTF-8",
    re.compile("\0"): "a zero byte, which no name and no text has; leave it out",
}


class ArgumentError(BionerError):
    """An argument makes no sense; nothing was done."""


def check_count(option: str, value: int) -> int:
    """Return a count of things, at least one; raise ArgumentError for another."""
    if not 1 <= value <= MOST:
        raise ArgumentError(f"{option} {value}: expected a whole number from 1 on")
    return value


def check_range(option: str, value: Number, least: int, most: int) -> Number:
    """Return a number from ``least`` to ``most``; raise ArgumentError for another."""
    if not least <= value <= most:
        raise ArgumentError(f"{option} {value}: expected a number from {least} to {most:,}")
    return value


def check_out(path: Path, *, is_folder_meant: bool = False) -> Path:
    """Return a file to write to; raise ArgumentError where it names none."""
    if path == Path():
        raise ArgumentError("--out: expected the name of a file, got nothing")
    if path.is_dir() and not is_folder_meant:
        raise ArgumentError(f"--out {path}: is a folder; name a file in it")
    return check_writable("--out", path)


def check_writable(option: str, path: Path) -> Path:
    """Return a place where something can be written; raise ArgumentError for another.

    Nothing of it is made: the nearest folder that is there is asked.
    """
    if path.exists() and not path.is_dir():
        return path
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ArgumentError(
            f"{option} {path}: cannot be written ({error.strerror}); name another place"
        ) from error
    return path


def path_of(option: str, text: str) -> Path:
    """Return the path that an option names; raise ArgumentError where it names none."""
    if not text.strip() or "\0" in text:
        raise ArgumentError(f"{option}: expected the name of a file or folder, got nothing")
    if _HALF.search(text):
        raise ArgumentError(f"{option}: holds half a character, which no name can")
    try:
        path = Path(text).expanduser()
        path.exists()
        path.resolve()
    except OSError as error:
        raise ArgumentError(f"{option} {text[:60]}: {error.strerror or error}") from error
    except RuntimeError as error:  # a home folder that nobody has, links in a circle
        raise ArgumentError(f"{option} {text[:60]}: {error}") from error
    return path


def path_option(help: str, **more: Any) -> Any:
    """Return an option that holds a path, refused as wrong usage where it names none."""
    return typer.Option(parser=_parsed, metavar="PATH", help=help, **more)


def path_argument(help: str) -> Any:
    """Return an argument that holds a path, refused as wrong usage where it names none."""
    return typer.Argument(parser=_parsed, help=help)


def _parsed(text: str) -> Path:
    try:
        return path_of("", text)
    except ArgumentError as error:
        raise typer.BadParameter(str(error).removeprefix(": ").strip()) from error


def check_words(command: Callable[..., object], given: Mapping[str, object]) -> None:
    """Raise ArgumentError for a needed word that is empty, and for what no word can hold.

    Half characters come from a shell that hands words over in another encoding.
    """
    needed = inspect.signature(command).parameters
    for name, value in given.items():
        is_needed = needed[name].default is inspect.Parameter.empty
        if is_needed and isinstance(value, str) and not value.strip():
            raise ArgumentError(f"{_label(command, name)}: is needed, got nothing")
        for one in value if isinstance(value, list) else [value]:
            for sign, why in _UNSAYABLE.items():
                if isinstance(one, str) and sign.search(one):
                    raise ArgumentError(f"{_label(command, name)}: holds {why}")


def _label(command: Callable[..., object], name: str) -> str:
    """Return the option of a parameter, or its argument's name."""
    kind = inspect.signature(command, eval_str=True).parameters[name].annotation
    told = next(iter(getattr(kind, "__metadata__", ())), None)
    if isinstance(told, typer.models.ArgumentInfo):
        return name.rstrip("_").upper()
    said = (getattr(told, "default", None), *(getattr(told, "param_decls", None) or ()))
    spelled = [one for one in said if isinstance(one, str) and one.startswith("--")]
    return spelled[0] if spelled else "--" + name.rstrip("_").replace("_", "-")


def folder_of(option: str, text: str | None, default: Path) -> Path:
    """Return the folder that an option names, or the default; a file is refused."""
    if text is None:
        return default
    path = path_of(option, text)
    if path.exists() and not path.is_dir():
        raise ArgumentError(f"{option} {text}: is a file; expected a folder")
    return path


def names_of(option: str, text: str) -> tuple[str, ...]:
    """Return the names that commas part, none where nothing was given.

    Raises ArgumentError where something was given and names nothing.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if text and not names:
        raise ArgumentError(f"{option} {text!r}: names nothing; give names, parted by commas")
    return names


def said_once(option: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what is said of each name; raise ArgumentError where two things are said of one."""
    said: dict[str, str] = {}
    for name, value in pairs:
        if said.setdefault(name, value) != value:
            raise ArgumentError(
                f"{option} {name}={value}: {name}={said[name]} is said too; leave one"
            )
    return said


def check_known(option: str, value: str, known: Collection[str]) -> str:
    """Return a value that is one of those known; raise ArgumentError, naming them, for another."""
    if value not in known:
        raise ArgumentError(f"{option} {value!r}: not known; expected one of {', '.join(known)}")
    return value
