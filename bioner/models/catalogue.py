"""The ``models/`` folder: what is in it, and which model is the active one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from bioner.errors import ModelError
from bioner.files import path_named, read_json_object
from bioner.models.card import CARD, ModelCard, read_card
from bioner.models.folder import check_folder, has_tag_head
from bioner.settings import SHIPPED_MODELS, Settings

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

    What an installed package ships is listed too; a user's model of the same name hides it. A
    folder without any file of its own is not a model yet: a run is writing its checkpoints there.
    """
    found = {
        folder.name: folder
        for place in reversed(model_places(models))
        if place.is_dir()
        for folder in place.iterdir()
        if folder.is_dir() and not folder.name.startswith(".") and _files(folder)
    }
    return [describe_model(found[name]) for name in sorted(found)]


def model_places(models: Path) -> tuple[Path, ...]:
    """Return the folders in which models lie: the user's, then the shipped one's if it is apart."""
    return (models,) if SHIPPED_MODELS is None else (models, SHIPPED_MODELS)


def named_model(name: str, models: Path) -> Path | None:
    """Return the folder of a model among the models, by its plain name; None if there is none."""
    if not is_plain_name(name):
        return None
    return next((p / name for p in model_places(models) if (p / name).is_dir()), None)


def describe_model(folder: Path) -> ModelEntry:
    """Describe one model folder; never raises for what is wrong inside it.

    Its files are read again only where one of them was touched since.
    """
    seen = tuple(
        (name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in _files(folder)
    )
    return _describe(folder, seen)


@lru_cache(maxsize=256)
def _describe(folder: Path, _seen: tuple[tuple[str, int, int, int, int], ...]) -> ModelEntry:
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
    named = named_model(text, models)
    if named is not None:
        return named
    path = path_named(text)
    if path is not None and path.is_dir():
        return path
    known = ", ".join(entry.name for entry in list_models(models)) or "none yet"
    raise ModelError(f"{text:.200}: no such model; in {models} there are: {known}")


def chosen_model(settings: Settings, name: str | Path | None = None) -> Path:
    """Return the folder of the model that was named, or of the active one. Raises ModelError."""
    return find_model(name or active_model(settings), settings.models)


def is_plain_name(name: str) -> bool:
    """Whether this is the name of a folder, no path."""
    return name not in ("", "..") and Path(name).name == name and path_named(name) is not None


def active_model(settings: Settings) -> str:
    """Return the name of the model that pages and commands use when none is named."""
    return promoted(history(settings))[-1]


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


def rollback_target(settings: Settings) -> str | None:
    """Return the model that ``rollback`` would go back to, or None."""
    stack = promoted(history(settings))
    return stack[-2] if len(stack) > 1 else None


def promoted(past: Iterable[Promotion]) -> list[str]:
    """Return the models that a roll-back could reach, oldest first, the active one last."""
    stack = [DEFAULT_MODEL]
    for change in past:
        if change.kind == "rollback":
            stack = stack[:-1] or [DEFAULT_MODEL]
        elif stack[-1] != change.name:
            stack.append(change.name)
    return stack
