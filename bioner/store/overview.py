"""A project's documents at a glance: how far each is, whose it is, where one stopped."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from bioner.identifiers import clashes, marks_with_ids
from bioner.spans import Document, Mention
from bioner.store import codec, projects
from bioner.store.marks_in_sql import shown_mentions_column
from bioner.store.queue import status_column
from bioner.store.queue_items import ItemStatus
from bioner.store.tables import assignments, corrections, documents, items, layers, revisions

PIECE = 400
"""Rows are looked up by their numbers so many at a time."""
ATTRIBUTES = '"attributes"'
"""What stands in the JSON of marks of which one has attributes."""


@dataclass(frozen=True, kw_only=True)
class DocumentRow:
    """One document of the list.

    ``states``: its sentences by state; ``marks``: those shown; ``differing``: sentences where
    models or reviewers mark different things; ``clashes``: names that stand for several concepts in
    it; ``next_item``: the first sentence that is not settled, else the first; ``changed``: when its
    newest change was saved (ISO, UTC; empty: never).
    """

    name: str
    sentences: int
    states: dict[ItemStatus, int]
    marks: int
    differing: int
    clashes: int
    assignees: tuple[str, ...]
    changed: str
    next_item: int
    is_test: bool

    @property
    def settled(self) -> int:
        return self.states.get("done", 0) + self.states.get("rejected", 0)

    @property
    def state(self) -> ItemStatus:
        """The document's state: waiting untouched, begun in part, done once all is settled."""
        if self.settled == self.sentences:
            return "done"
        return "waiting" if self.states.get("waiting", 0) == self.sentences else "open"


def read_rows(
    connection: Connection, stored: projects.StoredProject, track: str, ids: Sequence[int]
) -> list[DocumentRow]:
    """Return what is told of these documents, in their order; those without a sentence left out."""
    found: dict[int, DocumentRow] = {}
    for begin in range(0, len(ids), PIECE):
        found |= _read_rows(connection, stored.id, track, ids[begin : begin + PIECE])
    return [found[one] for one in ids if one in found]


def _read_rows(
    connection: Connection, project: int, track: str, ids: Sequence[int]
) -> dict[int, DocumentRow]:
    by_document: dict[int, list[Row[Any]]] = defaultdict(list)
    status, source = status_column(track)
    query: Select[Any] = (
        select(
            *(items.c.id, items.c.document, items.c.is_test, status.label("status")),
            documents.c.name,
        )
        .select_from(source)
        .where(items.c.document.in_(ids))
        .order_by(items.c.document, items.c.start)
    )
    for row in connection.execute(query):
        by_document[row.document].append(row)
    shown, heads = _shown_of(connection, ids, track)
    differing = differing_items(connection, project, ids)
    recorded = _recorded(connection, heads.values())
    assigned: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(
        select(assignments).where(assignments.c.document.in_(ids)).order_by(assignments.c.who)
    ):
        assigned[row.document].append(row.who)
    entries = {one: [shown.get(row.id, "") for row in rows] for one, rows in by_document.items()}
    clashing = _clashing(connection, entries)
    found = {}
    for document, rows in by_document.items():
        head = max((heads[row.id] for row in rows if row.id in heads), default=0)
        open_ = [row.id for row in rows if row.status not in ("done", "rejected")]
        found[document] = DocumentRow(
            name=rows[0].name,
            sentences=len(rows),
            states=dict(Counter(row.status for row in rows)),
            marks=sum(len(json.loads(one)) for one in entries[document] if one),
            differing=sum(row.id in differing for row in rows),
            clashes=clashing.get(document, 0),
            assignees=tuple(assigned[document]),
            changed=recorded.get(head, ""),
            next_item=(open_ or [rows[0].id])[0],
            is_test=rows[0].is_test,
        )
    return found


def _shown_of(
    connection: Connection, ids: Sequence[int], track: str
) -> tuple[dict[int, str], dict[int, int]]:
    """Return by sentence: the marks shown as they are stored, and its newest revision."""
    own = and_(corrections.c.item == items.c.id, corrections.c.track == track)
    query = (
        select(items.c.id, shown_mentions_column(corrections.c.mentions).label("mentions"))
        .select_from(items.outerjoin(corrections, own))
        .where(items.c.document.in_(ids))
    )
    shown = {row.id: row.mentions for row in connection.execute(query) if row.mentions}
    newest = (
        select(corrections.c.item, func.max(corrections.c.head).label("head"))
        .join(items, corrections.c.item == items.c.id)
        .where(items.c.document.in_(ids))
        .group_by(corrections.c.item)
    )
    return shown, {row.item: row.head for row in connection.execute(newest)}


def differing_items(
    connection: Connection, project: int, ids: Sequence[int] | None = None
) -> dict[int, int]:
    """Return the sentences in which models or reviewers mark different things, with their document.

    Of these documents alone, if they are named. Only sentences with several models' marks, or
    several reviewers' verdicts, are looked into.
    """
    here = items.c.project == project if ids is None else items.c.document.in_(ids)
    seen: dict[int, set[frozenset[str]]] = defaultdict(set)
    of: dict[int, int] = {}
    predicted = layers.c.layer == "prediction"
    settled = and_(corrections.c.track != "", corrections.c.verdict.is_not(None))
    for table, counts in ((layers, predicted), (corrections, settled)):
        several = (
            select(table.c.item)
            .join(items, table.c.item == items.c.id)
            .where(here, counts)
            .group_by(table.c.item)
            .having(func.count() > 1)
        )
        query = (
            select(table.c.item, items.c.document, table.c.mentions)
            .join(items, table.c.item == items.c.id)
            .where(table.c.item.in_(several), counts, table.c.mentions.is_not(None))
        )
        seen.clear()
        for row in connection.execute(query):
            seen[row.item].add(_places(row.mentions))
            if len(seen[row.item]) > 1:
                of[row.item] = row.document
    return of


def clashes_by_document(connection: Connection, project: int, track: str) -> dict[int, int]:
    """Count the names that stand for several concepts, by document, where there are some.

    Only documents with concepts are looked into.
    """
    own = and_(corrections.c.item == items.c.id, corrections.c.track == track)
    shown = shown_mentions_column(corrections.c.mentions)
    query = (
        select(items.c.document, shown.label("mentions"))
        .select_from(items.outerjoin(corrections, own))
        .where(items.c.project == project, shown.contains(ATTRIBUTES))
    )
    entries: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        entries[row.document].append(row.mentions)
    return _clashing(connection, entries)


def _clashing(connection: Connection, entries: Mapping[int, Sequence[str]]) -> dict[int, int]:
    """Count names of several concepts by document; ``entries``: its marks as they are stored."""
    told: dict[int, list[Mention]] = {}
    for document, some in entries.items():
        marks = [one for text in some if ATTRIBUTES in text for one in codec.read_mentions(text)]
        if marks:
            told[document] = marks
    found: dict[int, int] = {}
    numbers = sorted(told)
    for begin in range(0, len(numbers), PIECE):
        query = select(documents.c.id, documents.c.text).where(
            documents.c.id.in_(numbers[begin : begin + PIECE]), documents.c.text.is_not(None)
        )
        for row in connection.execute(query):
            whole = Document("", row.text, tuple(told[row.id]))
            count = len(clashes(marks_with_ids(whole)))
            if count:
                found[row.id] = count
    return found


def _places(mentions: str) -> frozenset[str]:
    return frozenset(f"{one['at']} {one['label']}" for one in json.loads(mentions))


def _recorded(connection: Connection, heads: Iterable[int]) -> dict[int, str]:
    wanted = sorted(set(heads))
    found: dict[int, str] = {}
    for begin in range(0, len(wanted), PIECE):
        query = select(revisions.c.seq, revisions.c.recorded).where(
            revisions.c.seq.in_(wanted[begin : begin + PIECE])
        )
        found |= {row.seq: row.recorded for row in connection.execute(query)}
    return found
