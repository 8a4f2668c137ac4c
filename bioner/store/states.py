"""What an item is now: where it stands, and what each copy of it says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from bioner.errors import StoreError
from bioner.spans import Mention, Range
from bioner.store import codec, projects
from bioner.store.queue_items import ItemStatus
from bioner.store.tables import corrections, documents, items
from bioner.store.values import Verdict


@dataclass(frozen=True, kw_only=True)
class State:
    """What is known of one item on one track; ``mentions`` None: it is not corrected."""

    mentions: tuple[Mention, ...] | None
    covers: frozenset[str]
    verdict: Verdict | None
    note: str
    reviewer: str
    head: int


@dataclass(frozen=True, kw_only=True)
class Place:
    """An item with its document and project, inside a write transaction."""

    item: int
    start: int
    end: int
    document: int
    name: str
    text: str
    stored: projects.StoredProject
    covers: frozenset[str]

    @property
    def extent(self) -> Range:
        return self.start, self.end

    @property
    def surface(self) -> str:
        return self.text[self.start : self.end]


def status_of(verdict: Verdict | None, is_corrected: bool) -> ItemStatus:
    """Name the item's state in the queue."""
    if verdict is None:
        return "open" if is_corrected else "waiting"
    done: dict[Verdict, ItemStatus] = {
        "accept": "done",
        "correct": "done",
        "unsure": "unsure",
        "reject": "rejected",
    }
    return done[verdict]


def find_place(connection: Connection, item: int, *, lock: bool = False) -> Place:
    """Return an item with its document, or raise StoreError if it is gone or erased."""
    query = (
        select(items, documents.c.name, documents.c.text, documents.c.erased)
        .join(documents, items.c.document == documents.c.id)
        .where(items.c.id == item)
    )
    row = connection.execute(query.with_for_update(of=items) if lock else query).first()
    if row is None:
        raise gone(connection, item)
    if row.text is None:
        raise StoreError(f"document {row.name!r} was erased (revision {row.erased})")
    stored = projects.by_id(connection, row.project)
    covers = stored.project.covers if row.covers is None else codec.read_names(row.covers)
    return Place(
        item=item,
        start=row.start,
        end=row.end,
        document=row.document,
        name=row.name,
        text=row.text,
        stored=stored,
        covers=frozenset(covers),
    )


def lock_all(connection: Connection, chosen: Iterable[int]) -> None:
    """Lock several items, then their documents, always in one order: nobody waits in a circle."""
    some = sorted(set(chosen))
    if len(some) < 2:
        return
    for begin in range(0, len(some), 400):
        part = some[begin : begin + 400]
        held = connection.execute(
            select(items.c.document)
            .where(items.c.id.in_(part))
            .order_by(items.c.id)
            .with_for_update()
        ).scalars()
        within = sorted(set(held))
        connection.execute(
            select(documents.c.id)
            .where(documents.c.id.in_(within))
            .order_by(documents.c.id)
            .with_for_update(key_share=True)
        ).all()


def gone(connection: Connection, item: int) -> StoreError:
    """Make the refusal of an item that there is no more, or never was."""
    last = connection.execute(select(func.max(items.c.id))).scalar() or 0
    if item > last:
        return StoreError(
            f"there is no item {item}; `review queue` prints the numbers of those that wait"
        )
    return StoreError(f"item {item} is gone: its sentence was split or joined anew; open it again")


def read_state(connection: Connection, place: Place, track: str) -> State:
    """Return the present state of an item on a track."""
    row = connection.execute(
        select(corrections).where(corrections.c.item == place.item, corrections.c.track == track)
    ).first()
    if row is None:
        return State(mentions=None, covers=place.covers, verdict=None, note="", reviewer="", head=0)
    return State(
        mentions=None if row.mentions is None else codec.read_mentions(row.mentions),
        covers=frozenset(codec.read_names(row.covers)),
        verdict=row.verdict,
        note=row.note,
        reviewer=row.reviewer,
        head=row.head,
    )


def write_previous(state: State) -> str:
    return json.dumps(
        {
            "corrected": state.mentions is not None,
            "covers": sorted(state.covers),
            "verdict": state.verdict,
            "note": state.note,
            "reviewer": state.reviewer,
        },
        ensure_ascii=False,
    )


def state_before(row: Row[Any]) -> State:
    """Return the state that a revision replaced."""
    previous = json.loads(row.previous)
    return State(
        mentions=codec.read_mentions(row.before) if previous["corrected"] else None,
        covers=frozenset(previous["covers"]),
        verdict=previous["verdict"],
        note=previous["note"],
        reviewer=previous["reviewer"],
        head=0,
    )


def state_after(row: Row[Any]) -> State:
    """Return the state that a revision made."""
    return State(
        mentions=codec.read_mentions(row.after) if row.is_correction else None,
        covers=frozenset(codec.read_names(row.covers)),
        verdict=row.verdict,
        note=row.note or "",
        reviewer=row.reviewer,
        head=row.seq,
    )
