"""What a mention has beyond place and label, as the key-value pairs that most formats hold."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from bioner.spans import Alternative, Document, Mention, Range, Status

Pairs = tuple[tuple[str, str], ...]
PASSAGES = "passages"
"""The document attribute that keeps where a document's passages begin and what they are."""
SOURCE_ID = "source_id"
"""The document attribute that keeps the id a file gave, where another document had it already."""
TOKENISED = "tokenised"
"""The document attribute that says that the text is tokens joined by spaces (value ``spaces``)."""
COVERS = "covers"
"""The document attribute that says what its annotators looked for: types, by commas."""
SENTENCE_COVERS = "sentence_covers"
"""The same for sentences where it was something else, as JSON ``[[start, end, [type, …]], …]``."""
NOTHING = frozenset({""})
"""The covers of a sentence of which it is said that nobody looked for anything in it."""
SPLIT = "split"
"""The document attribute that says for what a document is meant: train, dev, test."""
SAID_COVERS = (COVERS, SENTENCE_COVERS)
"""The document attributes by which it is said what was looked for."""
ENTITIES = ("entity1", "entity2")
"""The roles of a relation between concepts (identifiers), not between mentions."""
STATUSES: dict[str, Status] = {"gold": "gold", "predicted": "predicted", "reviewed": "reviewed"}


def pairs_of(mention: Mention) -> list[tuple[str, str]]:
    """Return source label, status, score and alternatives as pairs, then the attributes."""
    pairs: list[tuple[str, str]] = []
    if mention.source_label:
        pairs.append(("source_label", mention.source_label))
    if mention.status != "gold":
        pairs.append(("status", mention.status))
    if mention.score is not None:
        pairs.append(("score", repr(mention.score)))
    if mention.alternatives:
        rows = [[one.label, one.score] for one in mention.alternatives]
        pairs.append(("alternatives", json.dumps(rows, ensure_ascii=False)))
    return [*pairs, *mention.attributes]


def mention_from(
    fragments: tuple[Range, ...], label: str, pairs: Iterable[tuple[str, str]], *, id: str = ""
) -> Mention:
    """Make a mention of what ``pairs_of`` gave; any other pair is an attribute."""
    source_label, status, score = "", STATUSES["gold"], None
    alternatives: tuple[Alternative, ...] = ()
    attributes: list[tuple[str, str]] = []
    for key, value in pairs:
        if key == "source_label" and not source_label and value:
            source_label = value
        elif key == "status" and status == "gold" and value in STATUSES and value != "gold":
            status = STATUSES[value]
        elif key == "score" and score is None and _number(value) is not None:
            score = _number(value)
        elif key == "alternatives" and not alternatives and _alternatives(value):
            alternatives = _alternatives(value)
        else:
            attributes.append((key, value))
    return Mention(
        fragments=fragments,
        label=label,
        source_label=source_label,
        status=status,
        score=score,
        alternatives=alternatives,
        attributes=tuple(attributes),
        id=id,
    )


def _number(value: str) -> float | None:
    """Return the number, if writing it again gives the same characters."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if repr(number) == value and math.isfinite(number) else None


def _alternatives(value: str) -> tuple[Alternative, ...]:
    try:
        found = [Alternative(str(label), float(score)) for label, score in json.loads(value)]
    except (ValueError, TypeError, RecursionError, OverflowError):
        return ()
    return tuple(found) if all(math.isfinite(one.score) for one in found) else ()


def value_of(pairs: Pairs, key: str) -> str:
    """Return the first value of a key, or nothing."""
    return next((value for name, value in pairs if name == key), "")


def without(pairs: Pairs, *keys: str) -> Pairs:
    """Return the pairs whose keys are not among these."""
    return tuple((key, value) for key, value in pairs if key not in keys)


def with_covers(
    document: Document, covers: Iterable[str], of_sentences: Iterable[tuple[Range, Iterable[str]]]
) -> Document:
    """Return the document with what was looked for in it, and in those sentences that differ."""
    whole = sorted(covers)
    others = [[*extent, sorted(one)] for extent, one in of_sentences if sorted(one) != whole]
    said = [(COVERS, ",".join(whole))]
    if others:
        said.append((SENTENCE_COVERS, json.dumps(others, ensure_ascii=False)))
    rest = without(document.attributes, COVERS, SENTENCE_COVERS)
    return replace(document, attributes=(*rest, *said))


def covers_at(document: Document, offset: int) -> str | None:
    """Return the types looked for at an offset, by commas; None where nobody said so."""
    for start, end, types in _of_sentences(document):
        if start <= offset < end:
            return ",".join(types)
    return dict(document.attributes).get(COVERS)


def _of_sentences(document: Document) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    return _sentence_rows(value_of(document.attributes, SENTENCE_COVERS))


@lru_cache(maxsize=8)
def _sentence_rows(text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    """Read the sentences in which something else was looked for, as far as they can be read."""
    rows: list[tuple[int, int, tuple[str, ...]]] = []
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        for start, end, types in json.loads(text or "[]"):
            rows.append((int(start), int(end), tuple(map(str, types))))
    return tuple(rows)


def covers_within(document: Document, extent: Range) -> frozenset[str] | None:
    """Return the types looked for in all sentences of a part; None where nobody said so.

    ``NOTHING`` where it is said of one of them that nothing was.
    """
    if not set(SAID_COVERS) & dict(document.attributes).keys():
        return None
    starts = {start for start, _ in document.sentence_ranges} or {extent[0]}
    starts |= {start for start, _, _ in _of_sentences(document)}
    inside = sorted(one for one in starts if extent[0] <= one < extent[1])
    told = [covers_at(document, start) for start in inside or [extent[0]]]
    said = [frozenset(one.split(",")) for one in told if one is not None]
    return frozenset.intersection(*said) or NOTHING if said else None


def with_covers_renamed(document: Document, names: Mapping[str, str]) -> Document:
    """Return the document with other names of the types looked for; those named "" are left out."""
    found = dict(document.attributes)
    if COVERS not in found and SENTENCE_COVERS not in found:
        return document
    others = [
        ((start, end), _renamed(types, names)) for start, end, types in _of_sentences(document)
    ]
    whole = _renamed(found.get(COVERS, "").split(","), names)
    return with_covers(document, whole, others)


def _renamed(types: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return sorted({names.get(one, one) for one in types} - {""})


def covers_to_json(document: Document) -> dict[str, Any]:
    """Return what is said of what was looked for, as keys of a JSON object; none if nothing is."""
    found = dict(document.attributes)
    keys: dict[str, Any] = {}
    if COVERS in found:
        keys[COVERS] = found[COVERS].split(",") if found[COVERS] else []
    with contextlib.suppress(ValueError, RecursionError):
        keys |= (
            {SENTENCE_COVERS: json.loads(found[SENTENCE_COVERS])}
            if SENTENCE_COVERS in found
            else {}
        )
    return keys


def covers_from_json(value: dict[str, Any]) -> Pairs:
    """Return what a JSON object says of what was looked for, as a document's attributes."""
    said: list[tuple[str, str]] = []
    covers = value.get(COVERS)
    if covers is not None:
        names = ",".join(map(str, covers)) if isinstance(covers, list) else str(covers)
        said.append((COVERS, names))
    if isinstance(value.get(SENTENCE_COVERS), list):
        said.append((SENTENCE_COVERS, json.dumps(value[SENTENCE_COVERS], ensure_ascii=False)))
    return tuple(said)


def split_from_json(value: dict[str, Any]) -> Pairs:
    """Return which split a JSON object says that it is of, as a document's attribute."""
    split = value.get(SPLIT)
    return ((SPLIT, split),) if isinstance(split, str) and split else ()


def sentences_with_covers(document: Document) -> int:
    """Count the sentences of which it is said what was looked for."""
    said = set(SAID_COVERS) & dict(document.attributes).keys()
    return max(1, len(document.sentence_ranges)) if said else 0


def unread_sentences(document: Document) -> int:
    """Count the sentences of which it is said that nobody looked for anything there."""
    return sum(not types for _, _, types in _of_sentences(document))


def source_id(document: Document) -> str:
    """Return the id under which a document goes out: the one that its file gave it."""
    return value_of(document.attributes, SOURCE_ID) or document.id
