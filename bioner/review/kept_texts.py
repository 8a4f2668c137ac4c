"""Texts that somebody keeps so as to link to them: files of their own, in no project's queue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bioner.access import Action, Actor, allow
from bioner.errors import StoreError
from bioner.files import make_private, read_json_object, write_whole
from bioner.settings import Settings
from bioner.spans import Document, fingerprint

FOLDER = "kept-texts"
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class KeptText:
    """A text that was kept: its ``id`` stands in links, ``name`` is what it was called."""

    id: str
    name: str
    text: str
    kept: str


def keep(settings: Settings, document: Document, *, actor: Actor | None = None) -> KeptText:
    """Keep a text in the user's data folder and return it; the same text again is the same one."""
    allow(Action.ANNOTATE, actor)
    id = fingerprint([document.id, document.text])
    kept = datetime.now(UTC).isoformat(timespec="seconds")
    raw = {"name": document.id, "text": document.text, "kept": kept}
    path = _path(settings, id)
    make_private(settings.home)
    make_private(path.parent)
    write_whole(path, json.dumps(raw, ensure_ascii=False) + "\n")
    return KeptText(id=id, name=document.id, text=document.text, kept=kept)


def read(settings: Settings, id: str) -> KeptText:
    """Return a kept text. Raises StoreError where there is none of this id, or it is damaged."""
    path = _path(settings, id)
    if not path.is_file():
        raise StoreError("the text of this link is not kept here any more: it has been deleted")
    raw = read_json_object(path, StoreError, mend="delete it and keep the text again")
    if not all(isinstance(raw.get(one), str) for one in ("name", "text", "kept")):
        raise StoreError(f"{path}: not a kept text; delete it and keep the text again")
    return KeptText(id=id, name=raw["name"], text=raw["text"], kept=raw["kept"])


def list_kept(settings: Settings) -> list[KeptText]:
    """List the kept texts, the newest first; a damaged one is left out."""
    return sorted(_sound(settings), key=lambda one: (one.kept, one.id), reverse=True)


def _sound(settings: Settings) -> Iterator[KeptText]:
    for path in (settings.home / FOLDER).glob("*.json"):
        try:
            yield read(settings, path.stem)
        except StoreError:
            continue


def delete(settings: Settings, id: str, *, actor: Actor | None = None) -> None:
    """Delete a kept text for good; links to it say so."""
    allow(Action.ANNOTATE, actor)
    _path(settings, id).unlink(missing_ok=True)


def _path(settings: Settings, id: str) -> Path:
    if not _ID.fullmatch(id):
        raise StoreError("this link names no kept text")
    return settings.home / FOLDER / f"{id}.json"
