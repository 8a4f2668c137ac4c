"""Documents coming in: what is placed, into which items, what is rejected and why."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from bioner.errors import StoreError
from bioner.flattening import unflatten
from bioner.spans import Document, Mention, Range, Sentence, Status
from bioner.store import codec, my_test, projects
from bioner.store.engine import Database
from bioner.store.facets import refresh_labels, write_labels
from bioner.store.projects import StoredProject
from bioner.store.tables import clock, corrections, documents, items, layers
from bioner.store.values import Layer, Placement, Reject, within

CHUNK = 20
"""Documents are placed so many at a time, in a transaction of some twenty milliseconds."""

NAMES = 400
"""Texts are looked up by so many names at a time."""

PAUSE_S = 0.02
"""After each the import waits half as long, at most this, for the writers of other processes."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_STATUS: dict[Layer, Status] = {"gold": "gold", "prediction": "predicted"}


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


def incoming_documents(given: Iterable[Document]) -> Iterator[Incoming]:
    """Wrap documents, splitting into sentences those that are not split yet."""
    for document in given:
        if document.sentence_ranges or not document.text.strip():
            yield Incoming(document)
        else:
            from bioner.text import split_document

            ranges = split_document(document.text).sentence_ranges
            yield Incoming(_with_ranges(document, ranges))


def incoming_sentences(given: Iterable[Sentence]) -> Iterator[Incoming]:
    """Turn corpus sentences into one-sentence documents, their tokens kept.

    The id is the sentence's own, so that the sentences of one document stay apart; the text is the
    tokens joined by spaces, as the offsets of a corpus sentence say.
    """
    for sentence in given:
        text = sentence.text
        offsets: list[Range] = []
        position = 0
        for token in sentence.tokens:
            offsets.append((position, position + len(token)))
            position += len(token) + 1
        own = Sentence(sentence.document, sentence.tokens, tuple(offsets), sentence.spans)
        extent = (0, len(text))
        attributes = (("corpus", sentence.corpus), ("split", sentence.split))
        yield Incoming(
            Document(sentence.id, text, unflatten(own), (extent,) if text else (), (), attributes),
            {extent: tuple(offsets)},
            {extent: sentence.covers} if sentence.covers else {},
        )


def read_texts(connection: Connection, project: int, names: Sequence[str]) -> dict[str, str | None]:
    """Return the texts of the project's documents of these names; None for an erased one."""
    found: dict[str, str | None] = {}
    names = [name for name in names if not _UNSTORABLE.search(name)]
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
    lost = sum(sum(within_range(s, one) for s in sentences) - 1 for one in joined)
    return tuple(joined), max(lost, 0)


def within_range(inner: Range, outer: Range) -> bool:
    """Tell whether one range lies in another."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def import_in_pieces(
    database: Database, project: str, origin: Origin, given: Iterable[Incoming]
) -> Placement:
    """Place all documents, a piece a transaction, and report; others write in between."""
    with database.write() as connection:
        stored = projects.find(connection, project)
        connection.execute(update(clock).values(imports=clock.c.imports + 1))
        number = int(connection.execute(select(clock.c.imports)).scalar_one())
        since = database.generation
    importer = Importer(stored, origin, number)
    stream = iter(given)
    while piece := list(islice(stream, CHUNK)):
        began = time.monotonic()
        with database.write(since=since) as connection:
            importer.place(connection, piece)
        if len(piece) == CHUNK:
            time.sleep(min(PAUSE_S, (time.monotonic() - began) / 2))
    return importer.placement()


class Importer:
    """One import into one project, counting as it goes."""

    connection: Connection

    def __init__(self, stored: StoredProject, origin: Origin, number: int) -> None:
        self.stored = stored
        self.origin = origin
        self.counts: Counter[str] = Counter()
        self.rejects: list[Reject] = []
        self.seen: set[str] = set()
        self.fresh: list[int] = []
        self.added = number
        self.began = False
        self.trained = cache(origin.trained)

    def place(self, connection: Connection, piece: Sequence[Incoming]) -> None:
        """Place a piece in a transaction, whole or not at all."""
        self.connection, self.fresh = connection, []
        self.began = self.began or my_test.has_begun(connection, self.stored.id)
        self._chunk(piece)
        joined = my_test.join(
            connection, self.stored.id, self.fresh, began=self.began, trained=self.trained
        )
        self.counts["test"] += joined.documents
        self.counts["known"] += joined.known

    def placement(self) -> Placement:
        """Return what came of all pieces."""
        return Placement(
            documents_in=self.counts["documents_in"],
            documents_placed=self.counts["documents_placed"],
            mentions_in=self.counts["mentions_in"],
            mentions_placed=self.counts["mentions_placed"],
            items=self.counts["items"],
            joined=self.counts["joined"],
            test_documents=self.counts["test"],
            known_documents=self.counts["known"],
            rejects=tuple(self.rejects),
        )

    def _chunk(self, chunk: Sequence[Incoming]) -> None:
        names = [one.document.id for one in chunk if not _UNSTORABLE.search(one.document.id)]
        present = {
            row.name: row
            for row in self.connection.execute(
                select(documents).where(
                    documents.c.project == self.stored.id, documents.c.name.in_(names)
                )
            )
        }
        fresh: list[Incoming] = []
        for one in chunk:
            self.counts["documents_in"] += 1
            self.counts["mentions_in"] += len(one.document.mentions)
            problem = self._problem(one.document, present.get(one.document.id))
            if problem:
                self._reject(one.document, *problem)
            elif one.document.id in present:
                self.seen.add(one.document.id)
                self._onto_present(one, present[one.document.id])
            else:
                self.seen.add(one.document.id)
                fresh.append(one)
        if fresh:
            self._insert(fresh)

    def _problem(self, document: Document, row: Row[Any] | None) -> tuple[str, str] | None:
        """Return the rule that keeps a document out and why, or None."""
        if not document.id:
            return "no_id", "the document has no id"
        if _UNSTORABLE.search(document.id):
            return "unusable_id", "the id contains a NUL character or half a surrogate pair"
        if document.id in self.seen:
            return "repeated_id", "another document of this import has the same id"
        if not document.text.strip():
            return "no_text", "the document has no text"
        if "\0" in document.text:
            return "nul_character", "the text contains a NUL character"
        if _UNSTORABLE.search(document.text):
            said = "the text contains half a surrogate pair; read the file as UTF-8"
            return "half_a_surrogate", said
        if row is not None and row.erased is not None:
            return "erased", f"the document was erased (revision {row.erased})"
        if row is not None and row.text != document.text:
            return "another_text", "the project has another text under this id"
        return None

    def _reject(self, document: Document, rule: str, reason: str) -> None:
        self.rejects.append(Reject(document.id, "document", rule, reason))
        for one in document.mentions:
            self.rejects.append(Reject(document.id, _say(document, one), rule, reason))

    def _placeable(self, document: Document) -> list[Mention]:
        types, placed = set(self.stored.project.types), []
        seen: set[tuple[tuple[Range, ...], str, tuple[tuple[str, str], ...]]] = set()
        for one in document.mentions:
            key = (one.fragments, one.label, one.attributes)
            if one.label not in types:
                rule = "unknown_type"
                reason = f"type {one.label!r} is not among the project's types"
            elif key in seen:
                rule, reason = "repeated_mention", "the same mention is listed twice"
            else:
                seen.add(key)
                placed.append(one)
                continue
            self.rejects.append(Reject(document.id, _say(document, one), rule, reason))
        return placed

    def _insert(self, fresh: Sequence[Incoming]) -> None:
        ids = list(
            self.connection.execute(
                insert(documents).returning(documents.c.id, sort_by_parameter_order=True),
                [
                    {
                        "project": self.stored.id,
                        "name": one.document.id,
                        "text": one.document.text,
                        "attributes": codec.write_pairs(one.document.attributes),
                        "relations": codec.write_relations(one.document.relations),
                        "source": self.origin.source,
                        "is_test": False,
                    }
                    for one in fresh
                ],
            ).scalars()
        )
        self.fresh += ids
        rows: list[dict[str, Any]] = []
        contents: list[list[Mention]] = []
        for one, id_ in zip(fresh, ids, strict=True):
            placed = self._placeable(one.document)
            ranges, joined = item_ranges(one.document)
            self.counts["joined"] += joined
            for extent in ranges:
                rows.append(self._item(one, id_, extent))
                contents.append([m for m in placed if within(m, extent)])
        item_ids = list(
            self.connection.execute(
                insert(items).returning(items.c.id, sort_by_parameter_order=True), rows
            ).scalars()
        )
        self.counts["documents_placed"] += len(fresh)
        self.counts["items"] += len(item_ids)
        self._fill(list(zip(item_ids, contents, strict=True)))
        write_labels(self.connection, self.stored.id, zip(item_ids, contents, strict=True))

    def _item(self, one: Incoming, document: int, extent: Range) -> dict[str, Any]:
        covers = one.covers.get(extent, self.origin.covers)
        tokens = one.tokens.get(extent)
        return {
            "project": self.stored.id,
            "document": document,
            "start": extent[0],
            "end": extent[1],
            "tokens": None if tokens is None else codec.write_ranges(tokens),
            "covers": None if covers is None else codec.write_names(covers),
            "status": "waiting",
            "is_test": False,
            "priority": 0.0,
            "reasons": "[]",
            "claimed_by": "",
            "claimed_until": 0.0,
        }

    def _onto_present(self, one: Incoming, row: Row[Any]) -> None:
        rows = self.connection.execute(
            select(items.c.id, items.c.start, items.c.end).where(items.c.document == row.id)
        ).all()
        contents: dict[int, list[Mention]] = {r.id: [] for r in rows}
        for mention in self._placeable(one.document):
            home = next((r.id for r in rows if within(mention, (r.start, r.end))), None)
            if home is None:
                reason = "it crosses the edge of a sentence under review; mend the split first"
                said = _say(one.document, mention)
                self.rejects.append(Reject(one.document.id, said, "crosses_sentences", reason))
            else:
                contents[home].append(mention)
        self.counts["documents_placed"] += 1
        self.counts["test"] += row.is_test
        self.connection.execute(
            delete(layers).where(
                layers.c.item.in_(contents),
                layers.c.layer == self.origin.layer,
                layers.c.model == self.origin.model,
            )
        )
        self._fill(list(contents.items()))
        self._cover_gold(list(contents))
        refresh_labels(self.connection, self.stored.id, list(contents))

    def _cover_gold(self, ids: Sequence[int]) -> None:
        """Say of sentences that were there already what their new gold looked for."""
        if self.origin.layer != "gold" or self.origin.covers is None:
            return
        seen = select(corrections.c.item).where(corrections.c.item.in_(ids))
        self.connection.execute(
            update(items)
            .where(items.c.id.in_(ids), items.c.covers.is_(None), items.c.id.not_in(seen))
            .values(covers=codec.write_names(self.origin.covers))
        )

    def _fill(self, contents: Sequence[tuple[int, Sequence[Mention]]]) -> None:
        if not contents:
            return
        self.counts["mentions_placed"] += sum(len(mentions) for _, mentions in contents)
        if self.origin.layer == "prediction" and not self.origin.model:
            # A text without marks that names no model is nobody's prediction.
            contents = [(item, mentions) for item, mentions in contents if mentions]
            if not contents:
                return
        status = _STATUS[self.origin.layer]
        self.connection.execute(
            insert(layers),
            [
                {
                    "item": item,
                    "layer": self.origin.layer,
                    "model": self.origin.model,
                    "schema": self.origin.schema,
                    "mentions": codec.write_mentions(_as(m, status) for m in mentions),
                    "added": self.added,
                }
                for item, mentions in contents
            ],
        )


def _as(one: Mention, status: Status) -> Mention:
    return Mention(
        fragments=one.fragments,
        label=one.label,
        source_label=one.source_label,
        status=status,
        score=one.score,
        alternatives=one.alternatives,
        attributes=one.attributes,
        id=one.id,
    )


def _say(document: Document, one: Mention) -> str:
    return f"{one.label} {document.surface(one)!r} at {one.start}-{one.end}"


def find_document(connection: Connection, project: int, name: str) -> Row[Any]:
    """Return a document's row, or raise StoreError."""
    row = connection.execute(
        select(documents).where(documents.c.project == project, documents.c.name == name)
    ).first()
    if row is None:
        raise StoreError(f"no document {name!r} in this project")
    return row
