"""spaCy: a document a line, as ``Doc.to_json()`` writes it, without needing spaCy.

Written: ``{"id","text","ents","spans":{"sc"},"tokens"}``; ``ents`` are flat (longest first, then
leftmost), what overlaps them is in the span group ``sc``, and ``Doc(vocab).from_json(line)`` takes
the line. An ``identifier`` is the ``kb_id``. ``json_documents`` reads them, and training data such
as ``[text, {"entities": [[0, 4, "Gene"]]}]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, TextIO

from bioner.formats.attributes import (
    COVERS,
    SENTENCE_COVERS,
    SOURCE_ID,
    sentences_with_covers,
    source_id,
    without,
)
from bioner.formats.tally import Losses
from bioner.identifiers import IDENTIFIER, identifier_of
from bioner.spans import Document, Range
from bioner.tokens import tokenize

OVERLAPPING = "sc"
"""The span group that spaCy's span categoriser reads."""


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
            for i, (start, end) in enumerate(tokens_of(document.text, edges))
        ]
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _entities(document: Document, losses: Losses) -> Iterator[dict[str, Any]]:
    """Yield the mentions' extents as spaCy's objects, each extent with one label once."""
    seen: set[tuple[int, int, str]] = set()
    for one in document.mentions:
        surface = document.text[one.start : one.end]
        start = one.start + len(surface) - len(surface.lstrip())
        end = one.end - len(surface) + len(surface.rstrip())
        if start >= end:
            losses.drop("whitespace_mention_dropped")
            continue
        if (start, end, one.label) in seen:
            losses.drop("same_extent_dropped")
            continue
        seen.add((start, end, one.label))
        losses.written += 1
        losses.drop("whitespace_trimmed", (start, end) != (one.start, one.end))
        losses.drop("discontinuous_joined", one.is_discontinuous)
        losses.drop_details(one, kept=frozenset({IDENTIFIER}))
        row: dict[str, Any] = {"start": start, "end": end, "label": one.label}
        row["kb_id"] = identifier_of(one.attributes)
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


def tokens_of(text: str, edges: set[int]) -> Iterator[Range]:
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
