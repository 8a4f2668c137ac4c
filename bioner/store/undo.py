"""Undo and redo, from the log alone: without limit, across reloads, a batch as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select

from bioner.access import Action
from bioner.store import projects
from bioner.store.decisions import flip
from bioner.store.log import Author, record, revision_of, revisions_at
from bioner.store.revisions import place_of, stale, stale_version
from bioner.store.states import Place, find_place, lock_all, read_state, state_before
from bioner.store.tables import revisions
from bioner.store.values import Revision, RevisionKind

Entry = TypeVar("Entry")


@dataclass(frozen=True, kw_only=True)
class Travel:
    """An undo, or a redo, of an item's last change, with the whole batch that it was made in.

    ``seqs`` are the revisions that it takes back, the item's own first; ``batch`` is the name of
    the batch that taking them back makes (empty: of one alone), ``was`` that of the batch itself.
    """

    item: int
    reviewer: str
    op: str
    session: str
    redo: bool
    track: str
    seqs: tuple[int, ...]
    batch: str
    was: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for: the undo (or redo) of an item's last change, under an operation id.

    ``session`` names the browser tab, whose own later edits this never makes stale. ``track``: of
    this copy, else of the reviewer's. ``seen``: the revision that is to be taken back, as the
    person sees it (0: the last change, whichever it is).
    """

    item: int
    reviewer: str
    op: str
    session: str = ""
    redo: bool = False
    track: str | None = None
    seen: int = 0


def size(connection: Connection, wish: Wish) -> int:
    """Return how many revisions an undo takes back; nothing of it is looked at but that."""
    target = _target(connection, wish, lock=False)[0]
    return 0 if target is None else len(_batch(connection, target))


def undo(connection: Connection, wish: Wish) -> list[Revision]:
    """Append the revisions that take back the last change of an item (or, for redo, the last undo).

    A change that was made in a batch is taken back with its whole batch. Raises StaleEditError, and
    does nothing, if one of the batch has been changed since.
    """
    travel = plan(connection, wish, lock=True)
    return [] if travel is None else go(connection, travel, travel.seqs)


def plan(connection: Connection, wish: Wish, *, lock: bool = False) -> Travel | None:
    """Return what an undo takes back; None where there is nothing.

    What an undo of the same batch that was cut off has taken back is done, and this goes on with
    it. Raises StaleEditError if one of the batch has been changed since, but for one that was begun
    under the same ``op``.
    """
    target, track, known = _target(connection, wish, lock=lock)
    if target is None:
        return None
    rows = _batch(connection, target)
    name = wish.op if target.batch else ""
    if known is not None:
        name = known.batch
    else:
        for row in rows:
            here = place_of(connection, row, lock=lock)
            top, done = _standing(connection, here, row, redo=wish.redo)
            if done is not None:
                name = done.batch
            elif top is None:
                newest = connection.execute(
                    revisions_at(here, track).order_by(revisions.c.seq.desc()).limit(1)
                ).one()
                raise stale(revision_of(newest, here.stored.project.name, here.name), row.seq)
    rest = [row.seq for row in rows if row.seq != target.seq]
    return Travel(
        item=wish.item,
        reviewer=wish.reviewer,
        op=wish.op,
        session=wish.session,
        redo=wish.redo,
        track=track,
        seqs=(target.seq, *rest),
        batch=name,
        was=target.batch,
    )


def go(connection: Connection, travel: Travel, seqs: Sequence[int]) -> list[Revision]:
    """Take some of a batch back; return the revisions, those that were made before among them.

    A sentence that somebody has changed since the plan was made stays as it is. With the last of
    them the decision that made the batch, if one did, stands no longer, or again.
    """
    rows = {
        row.seq: row
        for row in connection.execute(select(revisions).where(revisions.c.seq.in_(seqs)))
    }
    if len(seqs) > 1:
        places = [place_of(connection, rows[seq], lock=False) for seq in seqs]
        lock_all(connection, [one.item for one in places])
    saved: list[Revision] = []
    for seq in seqs:
        here = place_of(connection, rows[seq])
        top, done = _standing(connection, here, rows[seq], redo=travel.redo)
        if done is not None:
            saved.append(revision_of(done, here.stored.project.name, here.name))
        elif top is not None:
            op = f"{travel.op}:{0 if seq == travel.seqs[0] else seq}"
            saved.append(_take_back(connection, travel, here, top, op))
    if travel.was and travel.seqs[-1] in seqs:
        flip(connection, travel.was, travel.batch, stands=travel.redo)
    return saved


def _take_back(
    connection: Connection, travel: Travel, here: Place, row: Row[Any], op: str
) -> Revision:
    state = read_state(connection, here, travel.track)
    author = Author(
        reviewer=travel.reviewer,
        op=op,
        kind="redo" if travel.redo else "undo",
        model=row.model,
        schema=row.schema,
        batch=travel.batch,
        session=travel.session,
        target=row.seq,
    )
    return record(connection, here, travel.track, state, state_before(row), author)


def _target(
    connection: Connection, wish: Wish, *, lock: bool
) -> tuple[Row[Any] | None, str, Row[Any] | None]:
    """Return the revision that is to be taken back, whose copy it is of, and by what it was."""
    known = connection.execute(select(revisions).where(revisions.c.op == f"{wish.op}:0")).first()
    if known is not None:
        target = connection.execute(
            select(revisions).where(revisions.c.seq == known.target)
        ).first()
        return target, known.track, known
    place = find_place(connection, wish.item, lock=lock)
    projects.require(place.stored.project, wish.reviewer, Action.ANNOTATE)
    track = place.stored.project.track(wish.reviewer) if wish.track is None else wish.track
    top = _top(connection, place, track, redo=wish.redo)
    if wish.seen and (top is None or top.seq != wish.seen):
        raise stale_version(connection, place, track, wish.seen)
    return top, track, None


def _standing(
    connection: Connection, place: Place, row: Row[Any], *, redo: bool
) -> tuple[Row[Any] | None, Row[Any] | None]:
    """Return what stands for a revision now and would be taken back next, and what has done so.

    A change that was undone and made again is the same change.
    """
    rows = connection.execute(revisions_at(place, row.track).order_by(revisions.c.seq)).all()
    log = {one.seq: one for one in rows}
    done, undone = replay((one.kind, one) for one in rows)

    def stands_for(stack: list[Row[Any]]) -> Row[Any] | None:
        is_it = bool(stack) and _first(log, stack[-1]).seq == _first(log, row).seq
        return stack[-1] if is_it else None

    here, there = (undone, done) if redo else (done, undone)
    return stands_for(here), stands_for(there)


def _first(log: Mapping[int, Row[Any]], row: Row[Any]) -> Row[Any]:
    """Return the change that an undo or redo is about, whatever lies between."""
    while row.kind in ("undo", "redo") and row.target in log:
        row = log[row.target]
    return row


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


def _batch(connection: Connection, target: Row[Any]) -> list[Row[Any]]:
    """Return the revisions that were made in one batch with this one, newest first."""
    if not target.batch:
        return [target]
    found = connection.execute(
        select(revisions)
        .where(
            revisions.c.batch == target.batch,
            revisions.c.kind == target.kind,
            revisions.c.track == target.track,
            revisions.c.reviewer == target.reviewer,
        )
        .order_by(revisions.c.seq.desc())
    ).all()
    return list(found)
