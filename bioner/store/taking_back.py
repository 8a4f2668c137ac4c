"""Taking a decision back: sentence by sentence, but where others went on since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from bioner.access import Action
from bioner.errors import StoreError
from bioner.spans import Mention
from bioner.store import projects
from bioner.store.decisions import flip
from bioner.store.layers import shown_mentions
from bioner.store.log import Author, by_op, record
from bioner.store.revisions import place_of
from bioner.store.states import Place, State, read_state, state_after, state_before
from bioner.store.tables import decisions, layers, revisions


def settled_by(connection: Connection, number: int, reviewer: str, op: str) -> list[int] | None:
    """Return the revisions of a decision, newest first; None if ``op`` has taken it back already.

    Raises StoreError where this reviewer cannot take it back.
    """
    row = _taken(connection, number, reviewer, op)
    if row is None:
        return None
    query = (
        select(revisions.c.seq)
        .where(revisions.c.batch == row.batch, revisions.c.track == row.track)
        .order_by(revisions.c.seq.desc())
    )
    return list(connection.execute(query).scalars())


def _taken(connection: Connection, number: int, reviewer: str, op: str) -> Row[Any] | None:
    row = connection.execute(
        select(decisions).where(decisions.c.id == number).with_for_update()
    ).first()
    if row is None:
        raise StoreError(f"there is no decision {number}; `review decisions list` prints them")
    stored = projects.by_id(connection, row.project)
    projects.require(stored.project, reviewer, Action.ANNOTATE)
    if not row.stands:
        if row.batch == op:  # it was saved, and the answer was lost
            return None
        raise StoreError(f"decision {number} was taken back already")
    if stored.project.track(reviewer) != row.track:
        raise StoreError(f"decision {number} is about the copy of {row.reviewer!r}")
    return row


def take_back(
    connection: Connection, number: int, seqs: Sequence[int], reviewer: str, op: str
) -> int:
    """Take a decision back in some sentences, whatever was decided there since; return in how many.

    A sentence that has its verdict since, or whose marks of this decision were changed, stays.
    """
    if _taken(connection, number, reviewer, op) is None:
        return 0
    lock = select(revisions).where(revisions.c.seq.in_(seqs)).order_by(revisions.c.seq.desc())
    rows = connection.execute(lock).all()
    return sum(
        by_op(connection, f"{op}/{one.seq}") is not None
        or _revert(connection, one, reviewer, f"{op}/{one.seq}", op)
        for one in rows
    )


def end(connection: Connection, number: int, reviewer: str, op: str) -> int:
    """Say of a decision that it was taken back; return in how many sentences it had been made."""
    row = _taken(connection, number, reviewer, op)
    if row is None:
        row = connection.execute(select(decisions).where(decisions.c.id == number)).one()
    else:
        flip(connection, row.batch, op, stands=False)
    return int(row.sentences)


def _revert(connection: Connection, row: Row[Any], reviewer: str, op: str, batch: str) -> bool:
    """Take back in one sentence what a revision did to its marks; False where it must stay."""
    try:
        place = place_of(connection, row)
    except StoreError:  # its sentence was split or joined since
        return False
    state = read_state(connection, place, row.track)
    is_newest = state.head == row.seq
    after = state_before(row) if is_newest else _without(connection, place, state, row)
    if after is None:
        return False
    author = Author(
        reviewer=reviewer,
        op=op,
        kind="undo" if is_newest else "edit",
        model=row.model,
        schema=row.schema,
        batch=batch,
        target=row.seq if is_newest else 0,
    )
    record(connection, place, row.track, state, after, author)
    return True


def _without(connection: Connection, place: Place, state: State, row: Row[Any]) -> State | None:
    """Return the present state less what a revision did to the marks; None where it must stay."""
    did, was = state_after(row).mentions, state_before(row).mentions
    came = _came(connection, place)
    did, was = came if did is None else did, came if was is None else was
    added = [one for one in did if one not in was]
    removed = [one for one in was if one not in did]
    present = list(came if state.mentions is None else state.mentions)
    if state.verdict is not None or any(one not in present for one in added):
        return None
    kept = [one for one in present if one not in added]
    mentions = tuple(
        sorted([*kept, *(one for one in removed if one not in kept)], key=_place_of_mention)
    )
    if mentions == tuple(sorted(came, key=_place_of_mention)):
        # Nothing is left of what anybody did here: the sentence waits again.
        return replace(state, mentions=None, note="")
    return replace(state, mentions=mentions)


def _place_of_mention(one: Mention) -> tuple[int, int, str]:
    return one.start, -one.end, one.label


def _came(connection: Connection, place: Place) -> tuple[Mention, ...]:
    rows = connection.execute(select(layers).where(layers.c.item == place.item)).all()
    return shown_mentions(rows, None)[1]
