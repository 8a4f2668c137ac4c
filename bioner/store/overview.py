"""A project's documents at a glance: how far each is, whose it is, where one stopped."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from bioner.identifiers import clashes, marks_with_ids
from bioner.spans import Document, Mention
from bioner.store import codec, projects
from bioner.store.queue import status_column
from bioner.store.queue_items import ItemStatus
from bioner.store.tables import assignments, corrections, documents, items, layers, revisions

PIECE = 400
"""Rows are looked up by their numbers so many at a time."""


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


def overview(
    connection: Connection, stored: projects.StoredProject, reviewer: str
) -> list[DocumentRow]:
    """Return a project's documents in the order in which they came, erased ones left out."""
    track = stored.project.track(reviewer)
    shown, differing, heads = _contents(connection, stored.id, track)
    recorded = _recorded(connection, heads.values())
    assigned: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(
        select(assignments).where(assignments.c.project == stored.id).order_by(assignments.c.who)
    ):
        assigned[row.document].append(row.who)
    by_document: dict[int, list[Row[Any]]] = defaultdict(list)
    status, source = status_column(track)
    query: Select[Any] = (
        select(
            *(items.c.id, items.c.document, items.c.is_test, status.label("status")),
            documents.c.name,
        )
        .select_from(source)
        .where(items.c.project == stored.id)
        .order_by(items.c.document, items.c.start)
    )
    for row in connection.execute(query):
        by_document[row.document].append(row)
    clashing = _clashing(connection, by_document, shown)
    found = []
    for document, rows in by_document.items():
        ids = [row.id for row in rows]
        head = max((heads[one] for one in ids if one in heads), default=0)
        open_ = [row.id for row in rows if row.status not in ("done", "rejected")]
        found.append(
            DocumentRow(
                name=rows[0].name,
                sentences=len(rows),
                states=dict(Counter(row.status for row in rows)),
                marks=sum(shown[one].marks for one in ids if one in shown),
                differing=sum(one in differing for one in ids),
                clashes=clashing.get(document, 0),
                assignees=tuple(assigned[document]),
                changed=recorded.get(head, ""),
                next_item=(open_ or ids)[0],
                is_test=rows[0].is_test,
            )
        )
    return found


class _Shown(NamedTuple):
    """The marks shown of a sentence: their number, and their JSON where one has attributes."""

    marks: int
    mentions: str


def _shown(places: frozenset[str], mentions: str) -> _Shown:
    return _Shown(len(places), mentions if '"attributes"' in mentions else "")


def _contents(
    connection: Connection, project: int, track: str
) -> tuple[dict[int, _Shown], set[int], dict[int, int]]:
    """Return by sentence: the marks shown, whether anybody differs, and its newest revision."""
    seen: dict[int, set[frozenset[str]]] = defaultdict(set)
    best: dict[int, tuple[tuple[bool, int], _Shown]] = {}
    query: Select[Any] = (
        select(layers.c.item, layers.c.layer, layers.c.added, layers.c.mentions)
        .join(items, layers.c.item == items.c.id)
        .where(items.c.project == project)
    )
    for row in connection.execute(query):
        places = _places(row.mentions)
        if row.layer == "prediction":
            seen[row.item].add(places)
        rank = row.layer == "gold", row.added
        if row.item not in best or rank > best[row.item][0]:
            best[row.item] = rank, _shown(places, row.mentions)
    shown = {item: one for item, (_, one) in best.items()}
    differing = {item for item, kinds in seen.items() if len(kinds) > 1}
    copies: dict[int, set[frozenset[str]]] = defaultdict(set)
    heads: dict[int, int] = {}
    for row in connection.execute(select(corrections).where(corrections.c.project == project)):
        heads[row.item] = max(heads.get(row.item, 0), row.head)
        if row.mentions is None:
            continue
        places = _places(row.mentions)
        if row.track == track:
            shown[row.item] = _shown(places, row.mentions)
        if row.track and row.verdict is not None:
            copies[row.item].add(places)
    return shown, differing | {item for item, kinds in copies.items() if len(kinds) > 1}, heads


def _clashing(
    connection: Connection, by_document: Mapping[int, Sequence[Row[Any]]], shown: dict[int, _Shown]
) -> dict[int, int]:
    """Count the names that stand for several concepts, by document, where there are some."""
    told: dict[int, list[Mention]] = {}
    for document, rows in by_document.items():
        entries = [shown[row.id].mentions for row in rows if row.id in shown]
        marks = [one for some in entries if some for one in codec.read_mentions(some)]
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
