"""Changing a corpus's mapping: what would change, and the copy in the user's data folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from bioner.access import Action, Actor, allow
from bioner.corpora.overview import search_words
from bioner.corpora.own import own_folder, read_own_description, read_user_schema
from bioner.errors import CorpusError, SchemaError
from bioner.files import parse_yaml, staged_file, write_whole
from bioner.labels import (
    IGNORE,
    PACKAGE_SCHEMA,
    CorpusMapping,
    LabelSchema,
    SourceRule,
    SurfaceRule,
    read_schema,
)
from bioner.settings import Settings

MAPPING = "curated"


@dataclass(frozen=True)
class MappingEdit:
    """A corpus's mapping as a person wants it: source label → type, and what was looked for.

    ``exceptions``: source label → the type, or ``ignore``, that mentions with certain words become
    instead → those words, lower-cased; None leaves the present ones as they are.
    """

    corpus: str
    rules: Mapping[str, str]
    covers: frozenset[str]
    exceptions: Mapping[str, Mapping[str, frozenset[str]]] | None = None

    def rule(self, source: str, present: SourceRule) -> SourceRule:
        """Return what this source label becomes with the edit."""
        if self.exceptions is None:
            return replace(present, label=self.rules[source])
        exceptions = tuple(
            SurfaceRule(label, words, _reason(present, label))
            for label, words in self.exceptions.get(source, {}).items()
            if words
        )
        return replace(present, label=self.rules[source], by_surface=exceptions)


def edit_of(
    mapping: CorpusMapping,
    rules: Mapping[str, str],
    *,
    covers: Iterable[str] | None = None,
    exceptions: Iterable[tuple[str, str, str]] = (),
) -> MappingEdit:
    """Return the edit that makes these changes and keeps the rest of a corpus's mapping.

    ``exceptions``: a source label, what it becomes instead, and the words, written as people do; a
    word that becomes what its label becomes is an exception no more.
    """
    wanted = {**{source: rule.label for source, rule in mapping.rules.items()}, **rules}
    lists = {source: dict(one) for source, one in exceptions_of(mapping).items()}
    for source, label, written in exceptions:
        word = search_words(written).lower()
        known = {to: words - {word} for to, words in lists.get(source, {}).items()}
        if label != wanted.get(source):
            known[label] = known.get(label, frozenset()) | {word}
        lists[source] = known
    return MappingEdit(
        mapping.corpus, wanted, mapping.covers if covers is None else frozenset(covers), lists
    )


def write_edit(settings: Settings, edit: MappingEdit, *, actor: Actor | None = None) -> None:
    """Write the edit where the corpus's mapping lies, checked before it counts.

    That is the user's copy of the schema, or the description of a corpus of one's own. Raises
    SchemaError for a label or type that is not there, CorpusError where it cannot be written.
    """
    allow(Action.MAPPING, actor)
    schema = read_user_schema(settings)
    check_edit(edit, schema)
    own = own_folder(settings, edit.corpus)
    if own is not None:
        _write_own(own, edit, schema)
        return
    raw = _read_raw(settings.schema_file if settings.schema_file.is_file() else PACKAGE_SCHEMA)
    entry = raw["corpora"][edit.corpus][MAPPING]
    for source, label in edit.rules.items():
        was = entry["types"].get(source)
        if isinstance(was, dict):
            if was["label"] != label:
                entry["types"][source] = {**was, "label": label, "reason": "Changed here."}
        elif was != label:
            entry["types"][source] = {"label": label, "reason": "Changed here."}
    if edit.exceptions is not None:
        _write_exceptions(settings, edit, entry["types"])
    order = list(raw["types"])
    entry["covers"] = sorted(edit.covers, key=order.index)
    _write_raw(settings.schema_file, raw)


def check_edit(edit: MappingEdit, schema: LabelSchema) -> None:
    """Raise SchemaError for an edit of a corpus, a label or a type that the schema lacks."""
    mapping = schema.corpora.get(edit.corpus)
    if mapping is None:
        raise SchemaError(
            f"unknown corpus {edit.corpus!r}; expected one of {', '.join(schema.corpora)}"
        )
    exceptions = edit.exceptions or {}
    for source in (*edit.rules, *exceptions):
        if source not in mapping.rules:
            raise SchemaError(
                f"{edit.corpus}: there is no label {source!r}; expected one of "
                f"{', '.join(mapping.rules)}"
            )
    becomes = [*edit.rules.values(), *(label for lists in exceptions.values() for label in lists)]
    for label in becomes:
        if label not in (*schema.names, IGNORE):
            raise SchemaError(
                f"{edit.corpus}: unknown type {label!r}; expected one of "
                f"{', '.join(schema.names)}, or {IGNORE}"
            )
    for label in sorted(edit.covers):
        if label not in schema.names:
            raise SchemaError(
                f"{edit.corpus}: unknown type {label!r} among those looked for; expected "
                f"{', '.join(schema.names)}"
            )
    if not edit.covers:
        raise SchemaError(f"{edit.corpus}: say at least one type that its annotators looked for")


def _write_own(folder: Path, edit: MappingEdit, schema: LabelSchema) -> None:
    own = read_own_description(folder)
    exceptions = own.exceptions
    if edit.exceptions is not None:
        kept = {
            source: {label: words for label, words in lists.items() if words}
            for source, lists in edit.exceptions.items()
        }
        exceptions = {source: lists for source, lists in kept.items() if lists}
    changed = replace(
        own,
        types={**own.types, **edit.rules},
        covers=tuple(sorted(edit.covers, key=schema.names.index)),
        exceptions=exceptions,
    )
    path = folder / "corpus.json"
    try:
        write_whole(path, changed.to_json())
    except OSError as error:
        raise CorpusError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write_exceptions(settings: Settings, edit: MappingEdit, types: dict[str, Any]) -> None:
    present = read_user_schema(settings).mapping_for(edit.corpus)
    for source, rule in present.rules.items():
        wanted = edit.rule(source, rule)
        if wanted.by_surface == rule.by_surface:
            continue
        was = types[source] if isinstance(types[source], dict) else {"label": types[source]}
        lists = [
            {"label": one.label, "reason": one.reason, "surfaces": sorted(one.surfaces)}
            for one in wanted.by_surface
        ]
        rest = {key: value for key, value in was.items() if key != "except"}
        types[source] = {**rest, "except": lists} if lists else rest


_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_COLORS = ("#5b6770", "#7a5c00", "#00695c", "#8e24aa", "#b23c17", "#3949ab")


def add_type(settings: Settings, name: str, *, actor: Actor | None = None) -> None:
    """Add an entity type to the user's copy of the schema, a group of its own.

    No corpus looks for it, so that it is learned from corrections and own corpora alone, once the
    corpora are built anew. Raises SchemaError for a name that it cannot have.
    """
    allow(Action.MAPPING, actor)
    if not _TYPE_NAME.fullmatch(name):
        raise SchemaError(
            f"{name!r}: the name of a type has letters, digits and underscores, 40 at most, and "
            "begins with a letter"
        )
    file = settings.schema_file if settings.schema_file.is_file() else PACKAGE_SCHEMA
    raw = _read_raw(file)
    if name in raw["types"]:
        raise SchemaError(f"{name}: there is a type of this name already")
    color = _COLORS[len(raw["types"]) % len(_COLORS)]
    raw["types"][name] = {"group": name, "color": color, "definition": ""}
    _write_raw(settings.schema_file, raw)


def has_edits(settings: Settings, corpus: str) -> bool:
    """Tell whether the user's copy maps this corpus otherwise than the package."""
    if not settings.schema_file.is_file():
        return False
    ours = _read_raw(PACKAGE_SCHEMA)["corpora"].get(corpus)
    return bool(_read_raw(settings.schema_file)["corpora"].get(corpus) != ours)


def restore(settings: Settings, corpus: str, *, actor: Actor | None = None) -> None:
    """Put the package's mapping of a corpus back into the user's copy.

    Raises SchemaError for a corpus that the package does not map.
    """
    allow(Action.MAPPING, actor)
    package = _read_raw(PACKAGE_SCHEMA)["corpora"]
    if corpus not in package:
        raise SchemaError(f"{corpus}: no mapping of it came with the app; there is none to restore")
    if not settings.schema_file.is_file():
        return
    raw = _read_raw(settings.schema_file)
    raw["corpora"][corpus] = package[corpus]
    _write_raw(settings.schema_file, raw)


def _read_raw(path: Path) -> dict[str, Any]:
    try:
        raw = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SchemaError(f"{path}: not readable as YAML ({error}); mend or delete it") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("corpora"), dict):
        raise SchemaError(f"{path}: not a label schema; mend or delete it")
    return raw


def _write_raw(path: Path, raw: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with staged_file(path) as work:
            work.write_text(
                yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=100),
                encoding="utf-8",
            )
            read_schema(path=work)
    except OSError as error:
        raise SchemaError(f"{path}: cannot be written: {error.strerror or error}") from error


def exceptions_of(mapping: CorpusMapping) -> dict[str, dict[str, frozenset[str]]]:
    """Return a mapping's exceptions: source label → what they become → the words."""
    return {
        source: {one.label: one.surfaces for one in rule.by_surface}
        for source, rule in mapping.rules.items()
        if rule.by_surface
    }


def _reason(present: SourceRule, label: str) -> str:
    """Return the reason of an exception: the present one's, or that it was made here."""
    for one in present.by_surface:
        if one.label == label:
            return one.reason
    return "Changed here."
