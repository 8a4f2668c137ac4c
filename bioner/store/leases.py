"""Leases: an item stays reserved for the reviewer who has it open."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, or_, select, true, update

from bioner.access import LISTED, NEEDS, Action, Role
from bioner.store import projects
from bioner.store.logical_clock import LogicalClock
from bioner.store.queue import query_of, turns_after
from bioner.store.queue_items import QueueFilter
from bioner.store.states import gone
from bioner.store.tables import items
from bioner.store.values import Project

LEASE_S = 600.0
"""How long an item stays reserved for the reviewer who has it open, unless renewed."""


def claim_next(
    connection: Connection,
    clock: LogicalClock,
    stored: projects.StoredProject,
    reviewer: str,
    filters: QueueFilter,
    after: int | None,
) -> int | None:
    """Reserve the best item that nobody else has open, and return its id."""
    now = clock.tick(connection)
    track = stored.project.track(reviewer)
    row = None
    for turn, start in turns_after(connection, stored.id, filters, after):
        query = (
            query_of(connection, stored.id, track, turn, start)
            .where(_is_free(track, reviewer, now))
            .limit(1)
            .with_for_update(of=items, skip_locked=True)
        )
        row = connection.execute(query).first()
        if row is not None:
            break
    if row is None:
        return None
    if _reserves(stored.project, reviewer):
        _reserve(connection, row.id, reviewer, now)
    return int(row.id)


def _reserves(project: Project, reviewer: str) -> bool:
    """Whether this reviewer's reading keeps others away: not from a copy of one's own, and not if
    they may only read."""
    role = LISTED.get(project.role(reviewer), Role.READER)
    return not project.track(reviewer) and role >= NEEDS[Action.ANNOTATE]


def _is_free(track: str, reviewer: str, now: float) -> ColumnElement[bool]:
    if track:  # a copy of one's own: nobody else can have it open
        return true()
    return or_(items.c.claimed_by.in_(("", reviewer)), items.c.claimed_until <= now)


def claim(connection: Connection, clock: LogicalClock, item: int, reviewer: str) -> bool:
    """Reserve this item, or renew its lease; False if somebody else has it open."""
    now = clock.tick(connection)
    row = connection.execute(
        select(items.c.project, items.c.claimed_by, items.c.claimed_until)
        .where(items.c.id == item)
        .with_for_update()
    ).first()
    if row is None:
        raise gone(connection, item)
    if not _reserves(projects.by_id(connection, row.project).project, reviewer):
        return True
    if row.claimed_by not in ("", reviewer) and row.claimed_until > now:
        return False
    _reserve(connection, item, reviewer, now)
    return True


def release(connection: Connection, item: int, reviewer: str) -> None:
    """Give back an item that this reviewer has reserved."""
    connection.execute(
        update(items)
        .where(items.c.id == item, items.c.claimed_by == reviewer)
        .values(claimed_by="", claimed_until=0.0)
    )


def _reserve(connection: Connection, item: int, reviewer: str, now: float) -> None:
    connection.execute(
        update(items)
        .where(items.c.id == item)
        .values(claimed_by=reviewer, claimed_until=now + LEASE_S)
    )
