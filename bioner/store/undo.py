"""Undo and redo, from the log alone: without limit, across reloads, a batch as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select

from bioner.access import Action
from bioner.store import projects
from bioner.store.decisions import flip
from bioner.store.log import Author, by_op, record, revision_of, revisions_at
from bioner.store.revisions import place_of, stale
from bioner.store.states import Place, find_place, read_state, state_before
from bioner.store.tables import revisions
from bioner.store.values import Revision, RevisionKind

Entry = TypeVar("Entry")


def undo(
    connection: Connection,
    item: int,
    reviewer: str,
    op: str,
    *,
    session: str = "",
    redo: bool,
    track: str | None = None,
) -> list[Revision]:
    """Append the revisions that take back the last change of an item (or, for redo, the last undo).

    A change that was made in a batch is taken back with its whole batch. ``session`` names the
    browser tab, whose own later edits this never makes stale. ``track``: of this copy, else of the
    reviewer's. Raises StaleEditError, and does nothing, if one of the batch has been changed since.
    """
    known = by_op(connection, f"{op}:0")
    if known is not None:
        return _by_ops(connection, op)
    place = find_place(connection, item, lock=True)
    projects.require(place.stored.project, reviewer, Action.ANNOTATE)
    track = place.stored.project.track(reviewer) if track is None else track
    target = _top(connection, place, track, redo=redo)
    if target is None:
        return []
    saved: list[Revision] = []
    for row in _batch(connection, target, track):
        here = place_of(connection, row)
        top = _top(connection, here, track, redo=redo)
        if top is None or top.seq != row.seq:
            newest = connection.execute(
                revisions_at(here, track).order_by(revisions.c.seq.desc()).limit(1)
            ).one()
            raise stale(revision_of(newest, place.stored.project.name, here.name), row.seq)
        state = read_state(connection, here, track)
        author = Author(
            reviewer=reviewer,
            op=f"{op}:{len(saved)}",
            kind="redo" if redo else "undo",
            model=row.model,
            schema=row.schema,
            batch=op if row.batch else "",
            session=session,
            target=row.seq,
        )
        saved.append(record(connection, here, track, state, state_before(row), author))
    if target.batch:
        flip(connection, target.batch, op, stands=redo)
    return saved


def can_undo(connection: Connection, item: int, reviewer: str) -> tuple[bool, bool]:
    """Tell whether there is something to undo, and something to redo."""
    place = find_place(connection, item)
    track = place.stored.project.track(reviewer)
    done, undone = _stacks(connection, place, track)
    return bool(done), bool(undone)


def replay(log: Iterable[tuple[RevisionKind, Entry]]) -> tuple[list[Entry], list[Entry]]:
    """Replay one item's log, oldest first, into the changes that stand and the undos to redo.

    Each entry is what kind of revision it was, and whatever stands for it. The last of each list is
    the one that undo, or redo, would take.
    """
    done: list[Entry] = []
    undone: list[Entry] = []
    for kind, one in log:
        if kind == "undo" and done:
            done.pop()
            undone.append(one)
        elif kind == "redo" and undone:
            undone.pop()
            done.append(one)
        elif kind in ("resplit", "erase"):
            done, undone = [], []
        else:
            done.append(one)
            undone = []
    return done, undone


def _stacks(
    connection: Connection, place: Place, track: str
) -> tuple[list[Row[Any]], list[Row[Any]]]:
    rows = connection.execute(revisions_at(place, track).order_by(revisions.c.seq))
    return replay((row.kind, row) for row in rows)


def _top(connection: Connection, place: Place, track: str, *, redo: bool) -> Row[Any] | None:
    done, undone = _stacks(connection, place, track)
    stack = undone if redo else done
    return stack[-1] if stack else None


def _batch(connection: Connection, target: Row[Any], track: str) -> list[Row[Any]]:
    if not target.batch:
        return [target]
    found = connection.execute(
        select(revisions)
        .where(
            revisions.c.batch == target.batch,
            revisions.c.kind == target.kind,
            revisions.c.track == track,
            revisions.c.reviewer == target.reviewer,
        )
        .order_by(revisions.c.seq.desc())
    ).all()
    return list(found)


def _by_ops(connection: Connection, op: str) -> list[Revision]:
    found: list[Revision] = []
    while (one := by_op(connection, f"{op}:{len(found)}")) is not None:
        found.append(one)
    return found
