"""BioC: documents of passages, annotations with locations, relations of nodes, as JSON values.

What XML and JSON have in common. Mention attributes are infons; ``type`` is the label. Passages are
joined by one line break into the document's text, and kept as its ``passages`` attribute, so that
they are written as they came. Comeau et al. 2013, "BioC: a minimalist
approach to interoperability".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bioner.errors import FormatError
from bioner.formats.attributes import (
    ENTITIES,
    SOURCE_ID,
    Pairs,
    mention_from,
    value_of,
)
from bioner.formats.json_values import clean_text
from bioner.formats.mark_places import name_unread
from bioner.formats.marks import NO_LABEL
from bioner.formats.passages import Passage, lay_out, to_attribute
from bioner.formats.placing import Placement, Placer
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document, Mention, Range, Relation

MAX_GAP = 1_000_000
"""Characters between two sentences of a passage: no offset may make a text of blanks."""
_READ = ("passages", "sentences", "annotations", "relations", "infons", "locations", "nodes")
"""The keys of a document, passage or sentence that hold offsets, and are read."""
OWN_PAIRS = "attributes"
"""The infon that holds attributes, as JSON, where their keys repeat or mean something else here."""


def to_document(value: dict[str, Any], where: str, tally: Tally, options: ReadOptions) -> Document:
    try:
        return _document(value, where, tally, options)
    except (
        TypeError,
        ValueError,
        KeyError,
        AttributeError,
        IndexError,
        RecursionError,
        OverflowError,
    ) as error:
        raise FormatError(
            f"{where}: not a BioC document: {type(error).__name__}: {error}"
        ) from error


def _document(value: dict[str, Any], where: str, tally: Tally, options: ReadOptions) -> Document:
    rows: list[dict[str, Any]] = value.get("passages") or []
    parts = [
        (clean_text(_passage_text(row), where, tally), _offset(row), infons_of(row)) for row in rows
    ]
    text, passages = lay_out(parts)
    relations = _relations(value, where, tally)
    name_unread(value, _READ, where, tally)
    ranges: list[Range] = []
    annotations: list[tuple[dict[str, Any], Passage | None]] = []
    for row, passage in zip(rows, passages, strict=True):
        sentences = row.get("sentences") or ()
        for holder in (row, *sentences):
            relations += _relations(holder, where, tally)
            name_unread(holder, _READ, where, tally)
            annotations += [(one, passage) for one in holder.get("annotations") or ()]
        for one in sentences:
            start = _offset(one) - passage.offset + passage.start
            end = start + len(one.get("text") or "")
            if passage.start <= start < end <= passage.end:
                ranges.append((start, end))
    annotations += [(one, None) for one in value.get("annotations") or ()]
    mentions = _mentions(annotations, text, passages, where, tally, options)
    wanted = str(value.get("id") or "document")
    id = tally.document_id(wanted, where)
    attributes = (*infons_of(value), *to_attribute(passages))
    if id != wanted:
        attributes = (*attributes, (SOURCE_ID, wanted))
    return Document(id, text, mentions, tuple(ranges), tuple(relations), attributes)


def _offset(row: dict[str, Any]) -> int:
    return int(row.get("offset") or 0)


def _passage_text(row: dict[str, Any]) -> str:
    """Return the passage's text, or that of its sentences laid out by their offsets."""
    text = row.get("text")
    if text:
        if not isinstance(text, str):
            raise TypeError(f"expected words in a passage's text, found {text!r:.40}")
        return text
    joined = ""
    base = int(row.get("offset") or 0)
    for one in row.get("sentences") or ():
        gap = _offset(one) - base - len(joined)
        if gap > MAX_GAP:
            raise ValueError(f"a sentence {gap:,} characters after the one before it")
        joined += " " * gap + (one.get("text") or "")
    return joined


def infons_of(value: dict[str, Any]) -> Pairs:
    """Return the infons of a BioC object as pairs; one key may come several times."""
    infons = value.get("infons") or {}
    rows = infons.items() if isinstance(infons, dict) else infons
    pairs: list[tuple[str, str]] = []
    for key, one in rows:
        if key == OWN_PAIRS and (own := _own_pairs(_string(one))):
            pairs += own
        else:
            pairs.append((str(key), _string(one)))
    return tuple(pairs)


def _own_pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs that the infon of ours holds; none where it is somebody else's."""
    try:
        return [(str(key), str(one)) for key, one in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        return []


def _string(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mentions(
    annotations: Sequence[tuple[dict[str, Any], Passage | None]],
    text: str,
    passages: tuple[Passage, ...],
    where: str,
    tally: Tally,
    options: ReadOptions,
) -> tuple[Mention, ...]:
    """Place the annotations; those that cannot be placed are counted."""
    laid = _lay_annotations(annotations, text, passages)
    placer = Placer(text, ((ranges, one.get("text") or None) for one, ranges, _ in laid))
    found: list[Mention] = []
    for value, ranges, rule in laid:
        at = f"{where.rpartition(':')[0]}:{value['line']}" if "line" in value else where
        surface = value.get("text") or None
        placed = placer.place(ranges, surface) if ranges else Placement((), "no_location")
        detail = f"{value.get('id') or ''} {surface!r:.60} at {ranges}"
        if not placed.fragments:
            tally.reject(placed.rule, at, detail)
            continue
        if rule or placed.rule:
            tally.repair(rule or placed.rule, at, detail)
        infons = infons_of(value)
        told, pairs = _label_and_rest(infons)
        if not told:
            tally.repair(NO_LABEL, at, detail)
        label = told or options.label
        tally.place(label)
        id = str(value.get("id") or "")
        found.append(mention_from(placed.fragments, label, pairs, id=id))
    return tuple(found)


def _label_and_rest(infons: Pairs) -> tuple[str, list[tuple[str, str]]]:
    """Return the first label that is told, and every other infon; no label where none is."""
    for at, (key, label) in enumerate(infons):
        if label and key.casefold() == "type":
            return label, [*infons[:at], *infons[at + 1 :]]
    return "", _without_first(infons, "type")


def _without_first(infons: Pairs, key: str) -> list[tuple[str, str]]:
    """Return the infons without the first of this key: a repeated one is kept."""
    pairs = list(infons)
    at = next((i for i, pair in enumerate(pairs) if pair[0] == key), None)
    return pairs if at is None else pairs[:at] + pairs[at + 1 :]


def _lay_annotations(
    annotations: Sequence[tuple[dict[str, Any], Passage | None]],
    text: str,
    passages: tuple[Passage, ...],
) -> list[tuple[dict[str, Any], list[Range], str]]:
    """Return each annotation with its ranges in the text, by document or by passage.

    A file counts one way: where more annotations stand in their own passage counted from its
    beginning than counted from the document's, the passage is asked first.
    """
    placer = Placer(text)
    votes = 0
    laid: list[tuple[dict[str, Any], list[Range], list[Range], bool, bool]] = []
    for value, passage in annotations:
        stated = _stated(value)
        whole = [(_to_text(s, passages), _to_text(e, passages, ends=True)) for s, e in stated]
        inner = [(s + passage.start, e + passage.start) for s, e in stated] if passage else []
        surface = value.get("text") or None
        by_whole, by_inner = placer.stands(whole, surface), placer.stands(inner, surface)
        if passage and passage.offset and stated:
            votes += by_inner and _is_inside(inner, passage)
            votes -= by_whole and _is_inside(whole, passage)
        laid.append((value, whole, inner, by_whole, by_inner))
    found: list[tuple[dict[str, Any], list[Range], str]] = []
    for value, whole, inner, by_whole, by_inner in laid:
        if inner != whole and by_inner and (votes > 0 or not by_whole):
            found.append((value, inner, "offset_in_passage"))
        else:
            found.append((value, whole, ""))
    return found


def _stated(value: dict[str, Any]) -> list[Range]:
    """Return an annotation's places by its own count; none where one of them is no place."""
    try:
        return [
            (int(one["offset"]), int(one["offset"]) + int(one["length"]))
            for one in value.get("locations") or ()
        ]
    except (KeyError, ValueError, TypeError):
        return []


def _is_inside(ranges: Sequence[Range], passage: Passage) -> bool:
    return all(passage.start <= start and end <= passage.end for start, end in ranges)


def _to_text(offset: int, passages: tuple[Passage, ...], *, ends: bool = False) -> int:
    """Return where an offset by the file's count lies in the text."""
    if not passages:
        return offset
    found = passages[0]
    for one in passages:
        if one.offset <= offset - ends:
            found = one
    return offset - found.offset + found.start


def _relations(value: dict[str, Any], where: str, tally: Tally) -> list[Relation]:
    """Return an object's relations; one that does not say what it joins is counted."""
    found: list[Relation] = []
    for one in value.get("relations") or ():
        try:
            found.append(_relation(one))
        except (KeyError, AttributeError, TypeError) as error:
            tally.leave("relation of another kind", where, f"{type(error).__name__}: {error}")
    return found


def _relation(value: dict[str, Any]) -> Relation:
    infons = infons_of(value)
    nodes = [(str(one.get("role", "")), str(one["refid"])) for one in value.get("nodes") or ()]
    named = [(key, one) for key, one in infons if key in ENTITIES and not nodes]
    attributes = tuple(p for p in _without_first(infons, "type") if p not in named)
    id = str(value.get("id") or "")
    return Relation(id, value_of(infons, "type"), (*named, *nodes), attributes)
