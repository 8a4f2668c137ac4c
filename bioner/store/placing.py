"""Placing documents in a project, in pieces: what is placed, what is rejected and why."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from bioner.formats.attributes import NOTHING, covers_within
from bioner.spans import Document, Mention, Range, Status
from bioner.store import codec, my_test, projects
from bioner.store.documents import Incoming, Origin, item_ranges
from bioner.store.engine import Database
from bioner.store.facets import refresh_shown, write_shown
from bioner.store.naming import name_apart, with_repeats_joined
from bioner.store.placement import UNSTORABLE, Placement, Reject, placed_at, problem_of
from bioner.store.projects import StoredProject
from bioner.store.tables import clock, corrections, documents, items, layers
from bioner.store.turns import rested
from bioner.store.values import Layer, within

CHUNK = 20
"""Documents are placed so many at a time, in a transaction of some twenty milliseconds."""

SENTENCES = 100
"""Fewer where they are long: a piece ends with the document that brings it to so many sentences."""

_STATUS: dict[Layer, Status] = {
    "gold": "gold",
    "prediction": "predicted",
    "suggestion": "predicted",
}


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
    for piece in rested(_pieces(given)):
        with database.write(since=since) as connection:
            importer.place(connection, piece)
    return importer.placement()


def _pieces(given: Iterable[Incoming]) -> Iterator[list[Incoming]]:
    """Cut into pieces that take about as long each to place, however long the documents are."""
    piece: list[Incoming] = []
    sentences = 0
    for one in given:
        piece.append(one)
        sentences += len(one.document.sentence_ranges)
        if len(piece) >= CHUNK or sentences >= SENTENCES:
            yield piece
            piece, sentences = [], 0
    if piece:
        yield piece


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
        names = [one.document.id for one in chunk if not UNSTORABLE.search(one.document.id)]
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
            problem = problem_of(one.document, present.get(one.document.id), self.seen)
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

    def _reject(self, document: Document, rule: str, reason: str) -> None:
        self.rejects.append(Reject(document.id, "document", rule, reason))
        for one in document.mentions:
            self.rejects.append(Reject(document.id, placed_at(document, one), rule, reason))

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
            self.rejects.append(Reject(document.id, placed_at(document, one), rule, reason))
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
                        "relations": codec.write_relations(with_repeats_joined(one.document)),
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
        is_read: list[bool] = []
        for one, id_ in zip(fresh, ids, strict=True):
            placed = self._placeable(one.document)
            ranges, joined = item_ranges(one.document)
            self.counts["joined"] += joined
            homes = _by_extent(placed, ranges)
            for extent in ranges:
                inside = homes.get(extent, [])
                rows.append(self._item(one, id_, extent, self._covers(one, extent, inside)))
                contents.append(inside)
                is_read.append(bool(inside) or not self._is_unread(one, extent))
        item_ids = list(
            self.connection.execute(
                insert(items).returning(items.c.id, sort_by_parameter_order=True), rows
            ).scalars()
        )
        self.counts["documents_placed"] += len(fresh)
        self.counts["items"] += len(item_ids)
        told = zip(item_ids, contents, is_read, strict=True)
        self._fill([(item, inside) for item, inside, is_gold in told if is_gold])
        write_shown(self.connection, self.stored.id, zip(item_ids, contents, strict=True))

    def _item(
        self, one: Incoming, document: int, extent: Range, covers: frozenset[str] | None
    ) -> dict[str, Any]:
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

    def _covers(
        self, one: Incoming, extent: Range, mentions: Sequence[Mention]
    ) -> frozenset[str] | None:
        """Return what was looked for in an item; None: what the project looks for.

        Of gold no more than its file says. A sentence that its file says nobody read, and that has
        no marks, is as any that waits here.
        """
        told, origin = one.covers.get(extent), self.origin.covers
        if self.origin.layer != "gold":
            return told or origin
        if self._is_unread(one, extent):
            return frozenset() if mentions else None
        said = covers_within(one.document, extent) if told is None else None
        ours = (said or frozenset()) & set(self.stored.project.types)
        if told is not None or origin is None:
            return told or ours or origin
        return ours & origin or origin

    def _is_unread(self, one: Incoming, extent: Range) -> bool:
        """Tell whether gold's file says that nobody looked for anything in an item."""
        if self.origin.layer != "gold":
            return False
        told = one.covers.get(extent)
        return not told if told is not None else covers_within(one.document, extent) == NOTHING

    def _onto_present(self, one: Incoming, row: Row[Any]) -> None:
        rows = self.connection.execute(
            select(items.c.id, items.c.start, items.c.end).where(items.c.document == row.id)
        ).all()
        document = name_apart(self.connection, row, one.document)
        found = _by_extent(self._placeable(document), [(r.start, r.end) for r in rows])
        contents: dict[int, list[Mention]] = {r.id: found.get((r.start, r.end), []) for r in rows}
        for mention in found.get(None, ()):
            reason = "it crosses the edge of a sentence under review; mend the split first"
            said = placed_at(one.document, mention)
            self.rejects.append(Reject(one.document.id, said, "crosses_sentences", reason))
        self.counts["documents_placed"] += 1
        self.counts["test"] += row.is_test
        self.connection.execute(
            delete(layers).where(
                layers.c.item.in_(contents),
                layers.c.layer == self.origin.layer,
                layers.c.model == self.origin.model,
            )
        )
        extents = {r.id: (r.start, r.end) for r in rows}
        self._fill(
            [
                (item, inside)
                for item, inside in contents.items()
                if inside or not self._is_unread(one, extents[item])
            ]
        )
        self._cover_gold(one, extents, contents)
        refresh_shown(self.connection, self.stored.id, list(contents))

    def _cover_gold(
        self,
        one: Incoming,
        extents: Mapping[int, Range],
        contents: Mapping[int, Sequence[Mention]],
    ) -> None:
        """Say of sentences that were there already what their new gold looked for."""
        if self.origin.layer != "gold" or self.origin.covers is None:
            return
        found: dict[frozenset[str], list[int]] = {}
        for item, extent in extents.items():
            covers = self._covers(one, extent, contents[item])
            if covers is not None:
                found.setdefault(covers, []).append(item)
        for covers, ids in found.items():
            seen = select(corrections.c.item).where(corrections.c.item.in_(ids))
            self.connection.execute(
                update(items)
                .where(items.c.id.in_(ids), items.c.covers.is_(None), items.c.id.not_in(seen))
                .values(covers=codec.write_names(covers))
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


def _by_extent(
    mentions: Iterable[Mention], extents: Iterable[Range]
) -> dict[Range | None, list[Mention]]:
    """Group mentions by the extent, of those that never overlap, in which they lie; None: none."""
    ordered = sorted(extents)
    found: dict[Range | None, list[Mention]] = {}
    for one in mentions:
        at = bisect_right(ordered, one.start, key=itemgetter(0)) - 1
        home = ordered[at] if at >= 0 and within(one, ordered[at]) else None
        found.setdefault(home, []).append(one)
    return found


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
