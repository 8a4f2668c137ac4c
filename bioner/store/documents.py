"""Documents on their way in, and as they lie in the database: their sentences, their texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from bioner.errors import StoreError
from bioner.flattening import unflatten
from bioner.formats.attributes import NOTHING
from bioner.spans import Document, Range, Sentence
from bioner.store import my_test
from bioner.store.placement import UNSTORABLE
from bioner.store.tables import documents
from bioner.store.values import Layer

NAMES = 400
"""Texts are looked up by so many names at a time."""


@dataclass(frozen=True)
class Incoming:
    """A document on its way in; per item its tokens and covers, where they are known."""

    document: Document
    tokens: dict[Range, tuple[Range, ...]] = field(default_factory=dict)
    covers: dict[Range, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """Which layer an import fills, and who made it."""

    layer: Layer
    model: str = ""
    schema: str = ""
    source: str = ""
    covers: frozenset[str] | None = None
    trained: my_test.TrainedOn = my_test.nothing


def incoming(given: Iterable[Document] | Iterable[Sentence]) -> Iterator[Incoming]:
    """Wrap documents, splitting into sentences those that are not split; and corpus sentences."""
    for one in given:
        if isinstance(one, Sentence):
            yield incoming_sentence(one)
        elif one.sentence_ranges or not one.text.strip():
            yield Incoming(one)
        else:
            from bioner.text import split_document

            yield Incoming(_with_ranges(one, split_document(one.text).sentence_ranges))


def incoming_sentence(sentence: Sentence) -> Incoming:
    """Turn a corpus sentence into a one-sentence document, its tokens kept.

    The id is the sentence's own, so that the sentences of one document stay apart; the text is the
    tokens joined by spaces, as the offsets of a corpus sentence say.
    """
    text = sentence.text
    offsets: list[Range] = []
    position = 0
    for token in sentence.tokens:
        offsets.append((position, position + len(token)))
        position += len(token) + 1
    own = Sentence(sentence.document, sentence.tokens, tuple(offsets), sentence.spans)
    extent = (0, len(text))
    attributes = (("corpus", sentence.corpus), ("split", sentence.split))
    return Incoming(
        Document(sentence.id, text, unflatten(own), (extent,) if text else (), (), attributes),
        {extent: tuple(offsets)},
        {extent: sentence.covers - NOTHING} if sentence.covers else {},
    )


def read_texts(connection: Connection, project: int, names: Sequence[str]) -> dict[str, str | None]:
    """Return the texts of the project's documents of these names; None for an erased one."""
    found: dict[str, str | None] = {}
    names = [name for name in names if not UNSTORABLE.search(name)]
    for begin in range(0, len(names), NAMES):
        query = select(documents.c.name, documents.c.text).where(
            documents.c.project == project, documents.c.name.in_(names[begin : begin + NAMES])
        )
        found |= {row.name: row.text for row in connection.execute(query)}
    return found


def _with_ranges(document: Document, ranges: tuple[Range, ...]) -> Document:
    return Document(
        document.id,
        document.text,
        document.mentions,
        ranges,
        document.relations,
        document.attributes,
    )


def item_ranges(document: Document) -> tuple[tuple[Range, ...], int]:
    """Return the document's item ranges, and how many sentences were joined.

    Sentences are joined where a mention crosses their edge, so that every mention lies wholly in
    one item and nothing is cut; a mention outside all sentences makes an item of its own.
    """
    sentences = document.sentence_ranges or ((0, len(document.text)),)
    extents = sorted({*sentences, *((m.start, m.end) for m in document.mentions)})
    joined: list[Range] = []
    for start, end in extents:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    # Each sentence lies in one of the joined; those that none lies in are a mention's alone.
    return tuple(joined), max(len(sentences) - len(joined), 0)


def within_range(inner: Range, outer: Range) -> bool:
    """Tell whether one range lies in another."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def find_document(connection: Connection, project: int, name: str) -> Row[Any]:
    """Return a document's row, or raise StoreError."""
    row = connection.execute(
        select(documents).where(documents.c.project == project, documents.c.name == name)
    ).first()
    if row is None:
        raise StoreError(f"no document {name!r} in this project")
    return row
