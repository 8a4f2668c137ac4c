"""Files and folders written whole or not at all, locks, and JSON read without trusting it."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.errors import BionerError

if TYPE_CHECKING:
    from filelock import BaseFileLock

SIZE_LIMIT = 64 * 2**20
"""The most bytes of a JSON file; the largest in use (a vocabulary of 250,000 pieces) has 17 MB."""
DEPTH_LIMIT = 100
DIGITS_LIMIT = 100
"""The most digits of a whole number; Transformers writes 31 of them for "no limit"."""
LOCK_POLL_S = 0.02
"""How often who waits for a lock looks again."""
_SURROGATE = re.compile(r"\\u[dD][89abAB]|\\u[dD][c-fC-F]")


def path_named(text: str) -> Path | None:
    """Return the path that a text names; None where nothing can be called so.

    Such are names that are too long, the home of nobody, links that lead in a circle, zero bytes.
    """
    try:
        path = Path(text).expanduser()
        path.resolve()
        path.exists()
    except (OSError, RuntimeError, ValueError):
        return None
    return path


def write_whole(path: Path, data: str | bytes) -> None:
    """Replace a file whole or not at all; its folder must be there. Raises OSError."""
    with staged_file(path) as work:
        work.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


@contextmanager
def staged_file(path: Path) -> Iterator[Path]:
    """Give a new file beside the path to write; once on the disk it takes the path's place.

    Where the block raises, or the process dies in it, the path is what it was. Raises OSError.
    """
    work = _beside(path)
    work.touch(exist_ok=False)
    try:
        yield work
        _flush(work)
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone may enter; one that is there stays as it is.

    What lies in it may be texts of patients. Raises OSError.
    """
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Give a new folder beside the target to fill; then it takes the target's place.

    Where the block raises, the target is what it was. A target that is a link stays one: the
    folder that it points to is replaced. Parents are made. Raises OSError.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    work = _beside(target)
    work.mkdir()
    try:
        yield work
        for file in work.rglob("*"):
            if file.is_file():
                _flush(file)
        _take_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}{path.suffix[:20]}")


def _flush(path: Path) -> None:
    # Windows flushes only what is open for writing; elsewhere a file may be there to read alone.
    with path.open("r+b" if os.name == "nt" else "rb") as file:
        os.fsync(file.fileno())


def _take_place(work: Path, target: Path) -> None:
    former = _beside(target)
    try:
        target.replace(former)
    except FileNotFoundError:
        work.replace(target)
        return
    try:
        work.replace(target)
    except OSError:
        former.replace(target)
        raise
    shutil.rmtree(former, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes out while the block runs; they wait. Raises OSError."""
    with _lock(path).acquire(poll_interval=LOCK_POLL_S):
        yield


def try_lock(path: Path) -> BaseFileLock | None:
    """Lock a file until ``release`` or this process's end; None where another one holds it."""
    from filelock import Timeout

    lock = _lock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return lock


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock  # late: it takes longer than most files that need no lock

    return FileLock(path, thread_local=False)


def read_json_object(
    path: Path,
    error: type[BionerError],
    *,
    mend: str = "",
    missing: str = "",
    limit: int = SIZE_LIMIT,
) -> dict[str, Any]:
    """Read a JSON object of a file of at most ``limit`` bytes.

    Raises ``error`` with one sentence: the file, what is wrong, and ``mend``, how to mend it;
    ``missing`` is the whole sentence where the file is not there.
    """
    try:
        data = _read_bounded(path, limit)
    except FileNotFoundError as cause:
        raise error(missing or _sentence(f"{path} is missing", mend)) from cause
    except OSError as cause:
        raise error(
            _sentence(f"{path}: cannot be read: {cause.strerror or cause}", mend)
        ) from cause
    except ValueError as cause:
        raise error(_sentence(f"{path}: {cause}", mend)) from cause
    return parse_json_object(data, str(path), error, mend=mend)


def parse_json_object(
    data: str | bytes,
    where: str,
    error: type[BionerError],
    *,
    mend: str = "",
    halves: bool = False,
) -> dict[str, Any]:
    """Return the JSON object that a text or its UTF-8 bytes hold; ``where`` begins the error.

    With ``halves``, lone surrogates pass: for values that go back out as JSON, never to a file.
    """
    value = parse_json(data, where, error, mend=mend, halves=halves)
    if not isinstance(value, dict):
        raise error(_sentence(f"{where}: expected a JSON object, got {_kind(value)}", mend))
    return value


def parse_json(
    data: str | bytes,
    where: str,
    error: type[BionerError],
    *,
    mend: str = "",
    halves: bool = False,
) -> dict[str, Any] | list[Any] | str | int | float | bool | None:
    """Return any JSON value; raises ``error`` for what is none, too deep, endless or half text."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = json.loads(
            text, parse_constant=_refuse, parse_float=_float, parse_int=_whole_number
        )
        _check_depth(value)
        if not halves and _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError as cause:
        raise error(_sentence(f"{where}: JSON nested too deeply", mend)) from cause
    except json.JSONDecodeError as cause:
        raise error(
            _sentence(
                f"{where}: not readable as JSON: {cause.msg} "
                f"(line {cause.lineno}, column {cause.colno})",
                mend,
            )
        ) from cause
    except UnicodeDecodeError as cause:
        raise error(
            _sentence(f"{where}: not readable as JSON: not UTF-8 at byte {cause.start}", mend)
        ) from cause
    except UnicodeEncodeError as cause:
        raise error(
            _sentence(f"{where}: holds half a character (a lone surrogate)", mend)
        ) from cause
    except ValueError as cause:
        raise error(_sentence(f"{where}: {cause}", mend)) from cause
    return value  # type: ignore[no-any-return]


def json_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of JSON lines that are not blank, each with its number from 1.

    They end with line feeds alone: ``str.splitlines`` cuts at Unicode's line separators too, which
    a string of JSON may hold as they are.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def parse_yaml(text: str) -> Any:
    """Return what YAML text holds, read by libyaml where PyYAML was built with it.

    Raises ``yaml.YAMLError`` for what is no YAML, or nests deeper than ``DEPTH_LIMIT``: either
    loader goes down by recursion, and libyaml's ends the process where the stack does.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    for event in yaml.parse(text, loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise yaml.YAMLError(f"nested more than {DEPTH_LIMIT} deep")
    return yaml.load(text, loader)


def _read_bounded(path: Path, limit: int) -> bytes:
    """Read a plain file; a pipe or a device, which may never end, is not opened."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("not a plain file" if not path.is_dir() else "a folder, not a file")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"longer than {limit:,} bytes")
    return data


def _sentence(said: str, mend: str) -> str:
    return f"{said}; {mend}" if mend else said


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number"}
    return names.get(type(value), "a number" if isinstance(value, float) else "null")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > DIGITS_LIMIT:
        raise ValueError(f"a number of {len(digits):,} digits is too large")
    return int(digits)


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT + 1:
            raise RecursionError
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
