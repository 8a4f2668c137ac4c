"""spaCy: a document a line, as ``Doc.to_json()`` writes it, without needing spaCy.

Written: ``{"id","text","ents","spans":{"sc"},"tokens"}``; ``ents`` are flat (longest first, then
leftmost), what overlaps them is in the span group ``sc``, and ``Doc(vocab).from_json(line)`` takes
the line. An ``identifier`` is the ``kb_id``. Read too: ``[text, {"entities": [[0, 4, "Gene"]]}]``,
Prodigy's ``{"text", "spans": [{"start", "end", "label"}]}``, and one JSON list of any of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, BinaryIO, TextIO

from bioner.errors import FormatError
from bioner.formats.attributes import (
    COVERS,
    SENTENCE_COVERS,
    SOURCE_ID,
    sentences_with_covers,
    source_id,
    value_of,
    without,
)
from bioner.formats.jsonl import clean_text, read_values
from bioner.formats.placing import Placer
from bioner.formats.pubtator import IDENTIFIER
from bioner.formats.source import stem
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document, Mention, Range
from bioner.text import tokenize

OVERLAPPING = "sc"
"""The span group that spaCy's span categoriser reads."""


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the documents. Raises FormatError for a value that is none of the forms above."""
    for number, (where, value) in enumerate(read_values(stream, name), 1):
        id, text, rows = _unpack(value, where)
        text = clean_text(text, where, tally)
        placer = Placer(text)
        id = tally.document_id(id or f"{stem(name)}-{number}", where)
        mentions: list[Mention] = []
        for row in rows:
            mentions += _mention(row, placer, where, tally, options)
        yield Document(id, text, tuple(mentions))


def _unpack(value: Any, where: str) -> tuple[str, str, list[Any]]:
    """Return id, text and entity rows of a document in any of the forms."""
    id, rows = "", None
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict):
        text, rows = value[0], value[1].get("entities")
    elif isinstance(value, dict):
        text = value.get("text")
        id = str(value["id"]) if value.get("id") is not None else ""
        spans = value.get("spans") or []
        groups = spans.values() if isinstance(spans, dict) else [spans]
        rows = [
            *(value.get("ents") or value.get("entities") or []),
            *(row for group in groups for row in group),
        ]
    else:
        text = None
    if not isinstance(text, str) or not isinstance(rows, list):
        raise FormatError(
            f'{where}: expected {{"text", "ents"}} or [text, {{"entities"}}], found {value!r:.60}'
        )
    return id, text, rows


def _mention(
    row: Any, placer: Placer, where: str, tally: Tally, options: ReadOptions
) -> list[Mention]:
    if isinstance(row, list | tuple) and len(row) >= 3:
        row = dict(zip(("start", "end", "label"), row, strict=False))
    if not isinstance(row, dict) or any(type(row.get(k)) is not int for k in ("start", "end")):
        raise FormatError(
            f"{where}: expected an entity with start, end and label, found {row!r:.60}"
        )
    surface = row.get("text")
    label = str(row.get("label") or options.label)
    placed = placer.place([(row["start"], row["end"])], surface if surface else None)
    detail = f"{label} {row['start']}-{row['end']}"
    if not placed.fragments:
        tally.reject(placed.rule, where, detail)
        return []
    if placed.rule:
        tally.repair(placed.rule, where, detail)
    tally.place(label)
    identifier = str(row.get("kb_id") or "")
    attributes = ((IDENTIFIER, identifier),) if identifier else ()
    return [Mention(placed.fragments, label, attributes=attributes, id=str(row.get("id") or ""))]


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a document a line. Tokens are cut at every boundary of a mention, so none is lost.

    A discontinuous mention goes out as its whole extent, whitespace at its edges, which spaCy
    refuses, is trimmed; scores, statuses and relations do not go out.
    """
    for document in documents:
        losses.document(document)
        losses.drop("relations_dropped", len(document.relations))
        losses.drop("sentences_dropped", len(document.sentence_ranges))
        kept = (SOURCE_ID, COVERS, SENTENCE_COVERS)
        losses.drop("attributes_dropped", len(without(document.attributes, *kept)))
        losses.drop("covers_dropped", sentences_with_covers(document))
        entities = list(_entities(document, losses))
        flat, overlapping = _layers(entities)
        row: dict[str, Any] = {"id": source_id(document), "text": document.text, "ents": flat}
        if overlapping:
            row["spans"] = {OVERLAPPING: overlapping}
        edges = {one[key] for one in entities for key in ("start", "end")}
        row["tokens"] = [
            {"id": i, "start": start, "end": end}
            for i, (start, end) in enumerate(_tokens(document.text, edges))
        ]
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _entities(document: Document, losses: Losses) -> Iterator[dict[str, Any]]:
    """Yield the mentions' extents as spaCy's objects."""
    for one in document.mentions:
        surface = document.text[one.start : one.end]
        start = one.start + len(surface) - len(surface.lstrip())
        end = one.end - len(surface) + len(surface.rstrip())
        if start >= end:
            losses.drop("whitespace_mention_dropped")
            continue
        losses.written += 1
        losses.drop("whitespace_trimmed", (start, end) != (one.start, one.end))
        losses.drop("discontinuous_joined", one.is_discontinuous)
        losses.drop_details(one, kept=frozenset({IDENTIFIER}))
        row: dict[str, Any] = {"start": start, "end": end, "label": one.label}
        row["kb_id"] = value_of(one.attributes, IDENTIFIER)
        yield row | ({"id": one.id} if one.id else {})


def _layers(
    entities: Iterable[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Split entities into flat ones (longest first, then leftmost) and those that overlap them."""
    flat: list[dict[str, Any]] = []
    overlapping: list[dict[str, Any]] = []
    covered: set[int] = set()
    for one in sorted(entities, key=lambda e: (e["start"] - e["end"], e["start"], e["label"])):
        extent = range(one["start"], one["end"])
        if covered.isdisjoint(extent):
            covered.update(extent)
            flat.append(one)
        else:
            overlapping.append(one)
    return (
        sorted(flat, key=lambda e: e["start"]),
        sorted(overlapping, key=lambda e: (e["start"], e["end"])),
    )


def _tokens(text: str, edges: set[int]) -> Iterator[Range]:
    """Yield tokens as spaCy's ``get_words_and_spaces`` lays them out.

    Words end at whitespace, at our tokens' boundaries and at ``edges``. One space after a word
    belongs to it; all other whitespace is a token of its own.
    """
    cuts = edges | {edge for token in tokenize(text) for edge in token}
    position = 0
    for found in re.finditer(r"\S+", text):
        start, end = found.span()
        if position < start:
            yield position, start
        inside = [cut for cut in range(start + 1, end) if cut in cuts]
        yield from pairwise([start, *inside, end])
        position = end + text.startswith(" ", end)
    if position < len(text):
        yield position, len(text)
