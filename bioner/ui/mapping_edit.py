"""Changing a corpus's mapping: what would change, and the copy in the user's data folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bioner.errors import SchemaError
from bioner.labels import IGNORE, PACKAGE_SCHEMA, CorpusMapping, read_schema
from bioner.settings import Settings

MAPPING = "curated"


@dataclass(frozen=True)
class MappingEdit:
    """A corpus's mapping as a person wants it: source label → type, and what was looked for."""

    corpus: str
    rules: Mapping[str, str]
    covers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One consequence of an edit, in words, and how many mentions or sentences it touches."""

    what: str
    number: int


def changes(edit: MappingEdit, present: CorpusMapping, report: Mapping[str, Any]) -> list[Change]:
    """Count what an edit would change, by the merge report of the present data."""
    found: list[Change] = []
    mapped = report["mapped"].get(edit.corpus, {})
    ignored = report["ignored"].get(edit.corpus, {})
    for source, label in edit.rules.items():
        old = present.rules[source].label
        if label != old:
            number = ignored.get(source, 0) if old == IGNORE else mapped.get(source, {}).get(old, 0)
            found.append(
                Change(f"Mentions of {source}: {_words(old)} becomes {_words(label)}", number)
            )
    sentences = sum(report["sentences"].get(edit.corpus, {}).values())
    for name in sorted(edit.covers - present.covers):
        found.append(
            Change(f"Sentences in which the absence of {name} becomes evidence", sentences)
        )
    for name in sorted(present.covers - edit.covers):
        found.append(
            Change(f"Sentences in which the absence of {name} is no evidence any more", sentences)
        )
    return found


def _words(label: str) -> str:
    return "left open" if label == IGNORE else label


def write_edit(settings: Settings, edit: MappingEdit) -> None:
    """Write the schema with this edit into the user's data folder, checked before it counts."""
    raw = _read_raw(settings.schema_file if settings.schema_file.is_file() else PACKAGE_SCHEMA)
    entry = raw["corpora"][edit.corpus][MAPPING]
    for source, label in edit.rules.items():
        was = entry["types"].get(source)
        if isinstance(was, dict):
            if was["label"] != label:
                entry["types"][source] = {**was, "label": label, "reason": "Changed here."}
        elif was != label:
            entry["types"][source] = {"label": label, "reason": "Changed here."}
    order = list(raw["types"])
    entry["covers"] = sorted(edit.covers, key=order.index)
    _write_raw(settings.schema_file, raw)


def has_edits(settings: Settings, corpus: str) -> bool:
    """Tell whether the user's copy maps this corpus otherwise than the package."""
    if not settings.schema_file.is_file():
        return False
    ours = _read_raw(PACKAGE_SCHEMA)["corpora"].get(corpus)
    return bool(_read_raw(settings.schema_file)["corpora"].get(corpus) != ours)


def restore(settings: Settings, corpus: str) -> None:
    """Put the package's mapping of a corpus back into the user's copy."""
    raw = _read_raw(settings.schema_file)
    raw["corpora"][corpus] = _read_raw(PACKAGE_SCHEMA)["corpora"][corpus]
    _write_raw(settings.schema_file, raw)


def _read_raw(path: Path) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return raw


def _write_raw(path: Path, raw: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.yaml")
    try:
        temporary.write_text(
            yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=100), encoding="utf-8"
        )
        read_schema(path=temporary)
        temporary.replace(path)
    except OSError as error:
        raise SchemaError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
