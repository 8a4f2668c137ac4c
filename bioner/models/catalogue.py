"""The ``models/`` folder: what is in it, and which model is the active one."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bioner.errors import ModelError
from bioner.files import read_json_object, write_whole
from bioner.models.card import CARD, ModelCard, read_card
from bioner.models.folder import check_folder, has_tag_head
from bioner.settings import Settings

POINTER = "active-model.json"
DEFAULT_MODEL = "bioner-compact"


@dataclass(frozen=True)
class ModelEntry:
    """One folder of ``models/``: its card if it has one, and what is wrong with it if anything is.

    ``can_tag`` is false for a bare encoder (a converted BioBERT): it can only be trained further.
    ``stamp`` changes whenever a file of the folder does: caches key on it.
    """

    name: str
    folder: Path
    card: ModelCard | None
    problem: str | None
    size_bytes: int
    stamp: str
    can_tag: bool = True


@dataclass(frozen=True)
class Promotion:
    """One change of the active model, with the reason that a person gave."""

    kind: Literal["promote", "rollback"]
    name: str
    previous: str
    reason: str
    by: str
    at: str


def list_models(models: Path) -> list[ModelEntry]:
    """List the model folders by name, damaged ones included with what is missing.

    A folder without any file of its own is not a model yet: a run is writing its checkpoints there.
    """
    if not models.is_dir():
        return []
    return [
        describe_model(folder)
        for folder in sorted(models.iterdir())
        if folder.is_dir() and not folder.name.startswith(".") and _files(folder)
    ]


def describe_model(folder: Path) -> ModelEntry:
    """Describe one model folder; never raises for what is wrong inside it."""
    problem = check_folder(folder)
    card = None
    if (folder / CARD).exists():
        try:
            card = read_card(folder)
        except ModelError as error:
            problem = problem or str(error)
    return ModelEntry(
        folder.name,
        folder,
        card,
        problem,
        sum(stat.st_size for _, stat in _files(folder)),
        model_stamp(folder),
        problem is None and has_tag_head(folder),
    )


def model_stamp(folder: Path) -> str:
    """Hash the names, sizes and times of a folder's own files to 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for name, stat in _files(folder):
        digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files(folder: Path) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            if path.is_file():
                found.append((path.name, path.stat()))
        except FileNotFoundError:  # replaced while we looked
            continue
    return found


def find_model(name_or_path: str | Path, models: Path) -> Path:
    """Return the folder of a model, given by its name in ``models`` or by its path.

    Raises ModelError, naming what there is, when neither exists. Soundness is ``check_folder``'s.
    """
    text = str(name_or_path)
    if not text.strip():
        raise ModelError("no model was named: give a name from models/ or the path of a folder")
    if _is_plain(text) and (models / text).is_dir():
        return models / text
    path = Path(text).expanduser()
    if path.is_dir():
        return path
    known = ", ".join(entry.name for entry in list_models(models)) or "none yet"
    raise ModelError(f"{text}: no such model; in {models} there are: {known}")


def _is_plain(name: str) -> bool:
    return Path(name).name == name and name not in ("", "..")


def active_model(settings: Settings) -> str:
    """Return the name of the model that pages and commands use when none is named."""
    return _stack(history(settings))[-1]


def history(settings: Settings) -> tuple[Promotion, ...]:
    """Return every promotion and roll-back, oldest first; ModelError if the record is damaged."""
    path = settings.home / POINTER
    if not path.exists():
        return ()
    mend = f"move it away to begin anew with {DEFAULT_MODEL}"
    try:
        past = read_json_object(path, ModelError, mend=mend)["history"]
        if not all(isinstance(value, str) for entry in past for value in entry.values()):
            raise TypeError("a promotion's fields are texts")
        return tuple(Promotion(**entry) for entry in past)
    except (AttributeError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not a record of promotions; {mend}") from error


def promote(settings: Settings, name: str, reason: str, by: str = "") -> Promotion:
    """Make a model of ``models/`` the active one and record why.

    Raises ModelError when the model is absent, damaged, a bare encoder or active already, or when
    no reason is given.
    """
    if not reason.strip():
        raise ModelError(f"promoting {name} needs a reason: write one sentence for the record")
    _check_promotable(settings, name)
    with _pointer_lock(settings):
        past = history(settings)
        previous = _stack(past)[-1]
        if previous == name:
            raise ModelError(f"{name} is the active model already")
        return _record(settings, past, Promotion("promote", name, previous, reason, by, _now()))


def rollback(settings: Settings, reason: str = "rolled back", by: str = "") -> Promotion:
    """Go back to the model that was active before the last promotion and record it.

    Raises ModelError when there is nothing to go back to, or the earlier model is gone or damaged.
    """
    with _pointer_lock(settings):
        past = history(settings)
        stack = _stack(past)
        if len(stack) < 2:
            raise ModelError(
                f"{stack[-1]} was never replaced: there is no earlier model to go back to"
            )
        _check_promotable(settings, stack[-2])
        change = Promotion("rollback", stack[-2], stack[-1], reason, by, _now())
        return _record(settings, past, change)


def rollback_target(settings: Settings) -> str | None:
    """Return the model that ``rollback`` would go back to, or None."""
    stack = _stack(history(settings))
    return stack[-2] if len(stack) > 1 else None


def _stack(past: Iterable[Promotion]) -> list[str]:
    stack = [DEFAULT_MODEL]
    for change in past:
        if change.kind == "rollback":
            stack = stack[:-1] or [DEFAULT_MODEL]
        elif stack[-1] != change.name:
            stack.append(change.name)
    return stack


def _check_promotable(settings: Settings, name: str) -> None:
    folder = settings.models / name
    if not _is_plain(name) or not folder.is_dir():
        find_model(name, settings.models)
        raise ModelError(f"{name}: only a model in {settings.models} can be active; copy it there")
    problem = check_folder(folder)
    if problem:
        raise ModelError(problem)
    if not has_tag_head(folder):
        raise ModelError(f"{name} is a bare encoder without a token classifier: train on it first")


def _record(settings: Settings, past: tuple[Promotion, ...], change: Promotion) -> Promotion:
    entries = [asdict(entry) for entry in (*past, change)]
    record = {"active": change.name, "history": entries}
    write_whole(settings.home / POINTER, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return change


@contextmanager
def _pointer_lock(settings: Settings) -> Iterator[None]:
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / f".{POINTER}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
