"""Mentions, relations, covers and reasons as the JSON text of a column, and back, exactly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bioner.spans import Alternative, Mention, Range, Relation
from bioner.store.queue_items import Reason
from bioner.store.values import Example


def write_mentions(mentions: Iterable[Mention]) -> str:
    """Write mentions; fields at their default are left out."""
    return _dump([_mention(one) for one in mentions])


def _mention(one: Mention) -> dict[str, Any]:
    entry: dict[str, Any] = {"at": one.fragments, "label": one.label}
    if one.source_label:
        entry["source"] = one.source_label
    if one.status != "gold":
        entry["status"] = one.status
    if one.score is not None:
        entry["score"] = one.score
    if one.alternatives:
        entry["alternatives"] = [(a.label, a.score) for a in one.alternatives]
    if one.attributes:
        entry["attributes"] = one.attributes
    if one.id:
        entry["id"] = one.id
    return entry


def read_mentions(text: str | None) -> tuple[Mention, ...]:
    """Read what ``write_mentions`` wrote; None (never annotated, or erased) is none."""
    return tuple(
        Mention(
            fragments=tuple((start, end) for start, end in entry["at"]),
            label=entry["label"],
            source_label=entry.get("source", ""),
            status=entry.get("status", "gold"),
            score=entry.get("score"),
            alternatives=tuple(
                Alternative(label, score) for label, score in entry.get("alternatives", ())
            ),
            attributes=_pairs(entry.get("attributes", ())),
            id=entry.get("id", ""),
        )
        for entry in json.loads(text or "[]")
    )


def write_relations(relations: Iterable[Relation]) -> str:
    """Write relations."""
    return _dump([(r.id, r.type, r.arguments, r.attributes) for r in relations])


def read_relations(text: str | None) -> tuple[Relation, ...]:
    """Read relations."""
    return tuple(
        Relation(id_, type_, _pairs(arguments), _pairs(attributes))
        for id_, type_, arguments, attributes in json.loads(text or "[]")
    )


def write_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Write ordered key-value pairs."""
    return _dump(list(pairs))


def read_pairs(text: str | None) -> tuple[tuple[str, str], ...]:
    """Read ordered key-value pairs."""
    return _pairs(json.loads(text or "[]"))


def write_names(names: Iterable[str], *, ordered: bool = False) -> str:
    """Write a list of names, sorted unless their order means something."""
    return _dump(list(names) if ordered else sorted(names))


def read_names(text: str | None) -> tuple[str, ...]:
    """Read a list of names."""
    return tuple(json.loads(text or "[]"))


def write_reasons(reasons: Iterable[Reason]) -> str:
    """Write named reasons."""
    return _dump([(r.name, r.score) for r in reasons])


def read_reasons(text: str | None) -> tuple[Reason, ...]:
    """Read named reasons."""
    return tuple(Reason(name, score) for name, score in json.loads(text or "[]"))


def write_ranges(ranges: Sequence[Range]) -> str:
    """Write half-open ranges."""
    return _dump(list(ranges))


def read_ranges(text: str | None) -> tuple[Range, ...]:
    """Read half-open ranges."""
    return tuple((start, end) for start, end in json.loads(text or "[]"))


def write_examples(examples: Iterable[Example]) -> str:
    """Write the examples of a project's guidelines; what is empty is left out."""
    return _dump([example_to_json(one) for one in examples])


def example_to_json(one: Example) -> dict[str, object]:
    """Return an example as it is stored and put on record."""
    entry: dict[str, object] = {"label": one.label, "positive": one.is_positive}
    entry |= {"document": one.document, "at": (one.start, one.end)} if one.document else {}
    entry |= {"text": one.text} if one.text else {}
    return entry | ({"note": one.note} if one.note else {})


def read_examples(text: str | None) -> tuple[Example, ...]:
    """Read what ``write_examples`` wrote."""
    return tuple(
        Example(
            label=entry["label"],
            is_positive=entry["positive"],
            note=entry.get("note", ""),
            text=entry.get("text", ""),
            document=entry.get("document", ""),
            start=entry.get("at", (0, 0))[0],
            end=entry.get("at", (0, 0))[1],
        )
        for entry in json.loads(text or "[]")
    )


def _pairs(raw: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in raw)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
