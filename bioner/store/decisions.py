"""Decisions: one choice about many alike marks, on record as one, taken back as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from bioner.access import Action
from bioner.errors import StoreError
from bioner.spans import Mention
from bioner.store import projects
from bioner.store.failures import StaleEditError
from bioner.store.layers import shown_mentions
from bioner.store.log import Author, record
from bioner.store.logical_clock import LogicalClock
from bioner.store.revisions import place_of, save
from bioner.store.states import Place, State, lock_all, read_state, state_after, state_before
from bioner.store.tables import decisions, documents, items, layers, revisions
from bioner.store.values import Edit

Boundary = Literal["", "without", "with"]
"""Where marks end: as each is marked, without a flanking word such as "gene", or with it."""
DecisionKind = Literal["marks", "everywhere", "sentences"]
"""What was decided about: waiting marks, every place of a surface, or whole sentences."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What is chosen about alike marks.

    ``surface`` is how they are mostly written, ``key`` what alike ones share; ``label`` is the
    chosen type (empty: no entity); ``follows`` the decision that is repeated on later texts.
    """

    surface: str
    key: str = ""
    label: str = ""
    boundary: Boundary = ""
    kind: DecisionKind = "marks"
    follows: int = 0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A decision on record: the choice, how much it settled, by whom, and whether it stands."""

    number: int
    choice: Ruling
    marks: int
    sentences: int
    reviewer: str
    recorded: str
    stands: bool


@dataclass(frozen=True, kw_only=True)
class Settling:
    """One sentence's part of a decision: the edit, and how many marks it settles."""

    edit: Edit
    marks: int


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What came of a decision: ``number`` 0 where nothing was left to settle.

    ``held``: marks in sentences that somebody else has open; ``changed``: marks in sentences that
    somebody changed since they were read.
    """

    number: int = 0
    marks: int = 0
    sentences: int = 0
    held: int = 0
    changed: int = 0


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """What came of taking a decision back: ``kept`` sentences were changed or settled since."""

    number: int
    sentences: int
    kept: int


def decide(
    connection: Connection,
    clock: LogicalClock,
    project: str,
    choice: Ruling,
    settlings: Sequence[Settling],
    reviewer: str,
    op: str,
) -> Settled:
    """Save the edits of a decision as one batch; skip what others hold or have changed since."""
    stored = projects.find(connection, project)
    projects.require(stored.project, reviewer, Action.ANNOTATE)
    known = connection.execute(select(decisions).where(decisions.c.op == op)).first()
    if known is not None:
        return Settled(number=known.id, marks=known.marks, sentences=known.sentences)
    lock_all(connection, [one.edit.item for one in settlings])
    held = _held(connection, clock, stored, [one.edit.item for one in settlings], reviewer)
    counts: Counter[str] = Counter()
    for one in settlings:
        if one.edit.item in held:
            counts["held"] += one.marks
            continue
        edit = replace(one.edit, reviewer=reviewer, batch=op, op=f"{op}/{one.edit.item}")
        try:
            save(connection, [edit])
        except StaleEditError:
            counts["changed"] += one.marks
            continue
        counts["marks"] += one.marks
        counts["sentences"] += 1
    number = 0
    if counts["sentences"]:
        number = _append(connection, stored, choice, counts, reviewer, op)
    return Settled(
        number=number,
        marks=counts["marks"],
        sentences=counts["sentences"],
        held=counts["held"],
        changed=counts["changed"],
    )


def _held(
    connection: Connection,
    clock: LogicalClock,
    stored: projects.StoredProject,
    ids: Sequence[int],
    reviewer: str,
) -> set[int]:
    """Return those of the sentences that somebody else has open now."""
    if stored.project.track(reviewer):
        return set()
    now = clock.read(connection)
    found: set[int] = set()
    for begin in range(0, len(ids), 400):
        query = select(items.c.id).where(
            items.c.id.in_(ids[begin : begin + 400]),
            items.c.claimed_by.not_in(("", reviewer)),
            items.c.claimed_until > now,
        )
        found |= set(connection.execute(query).scalars())
    return found


def _append(
    connection: Connection,
    stored: projects.StoredProject,
    choice: Ruling,
    counts: Counter[str],
    reviewer: str,
    op: str,
) -> int:
    query = insert(decisions).values(
        project=stored.id,
        track=stored.project.track(reviewer),
        op=op,
        batch=op,
        kind=choice.kind,
        surface=choice.surface,
        key=choice.key,
        label=choice.label,
        boundary=choice.boundary,
        follows=choice.follows,
        marks=counts["marks"],
        sentences=counts["sentences"],
        reviewer=reviewer,
        stands=True,
        recorded=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return int(connection.execute(query.returning(decisions.c.id)).scalar_one())


def read_decisions(
    connection: Connection,
    stored: projects.StoredProject,
    reviewer: str,
    *,
    limit: int | None = None,
) -> list[Decision]:
    """Return a project's decisions on what this reviewer corrects, newest first."""
    query = (
        select(decisions)
        .where(
            decisions.c.project == stored.id,
            decisions.c.track == stored.project.track(reviewer),
        )
        .order_by(decisions.c.id.desc())
        .limit(limit)
    )
    return [_decision(row) for row in connection.execute(query)]


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        number=row.id,
        choice=Ruling(
            surface=row.surface or "",
            key=row.key or "",
            label=row.label,
            boundary=row.boundary,
            kind=row.kind,
            follows=row.follows,
        ),
        marks=row.marks,
        sentences=row.sentences,
        reviewer=row.reviewer,
        recorded=row.recorded,
        stands=row.stands,
    )


def take_back(connection: Connection, number: int, reviewer: str, op: str) -> TakenBack:
    """Take a decision back, in every sentence at once, whatever was decided there since.

    A sentence that has its verdict since, or whose marks of this decision were changed, stays.
    """
    row = connection.execute(
        select(decisions).where(decisions.c.id == number).with_for_update()
    ).first()
    if row is None:
        raise StoreError(f"there is no decision {number}; `review decisions list` prints them")
    stored = projects.by_id(connection, row.project)
    projects.require(stored.project, reviewer, Action.ANNOTATE)
    if not row.stands:
        if row.batch == op:  # it was saved, and the answer was lost
            return TakenBack(number=number, sentences=row.sentences, kept=0)
        raise StoreError(f"decision {number} was taken back already")
    if stored.project.track(reviewer) != row.track:
        raise StoreError(f"decision {number} is about the copy of {row.reviewer!r}")
    rows = connection.execute(
        select(revisions)
        .where(revisions.c.batch == row.batch, revisions.c.track == row.track)
        .order_by(revisions.c.seq.desc())
    ).all()
    done = sum(_revert(connection, one, reviewer, f"{op}/{one.seq}", op) for one in rows)
    flip(connection, row.batch, op, stands=False)
    return TakenBack(number=number, sentences=done, kept=len(rows) - done)


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


def flip(connection: Connection, batch: str, now: str, *, stands: bool) -> None:
    """Say of the decision whose batch was undone or redone whether it stands; ``now`` did that."""
    connection.execute(
        update(decisions).where(decisions.c.batch == batch).values(stands=stands, batch=now)
    )


def forget(connection: Connection, document: int) -> None:
    """Forget the words of decisions that were about an erased document alone."""
    mine = set(
        connection.execute(
            select(revisions.c.batch).where(
                revisions.c.document == document, revisions.c.batch != ""
            )
        ).scalars()
    )
    for batch in mine:
        elsewhere = connection.execute(
            select(revisions.c.seq)
            .join(documents, revisions.c.document == documents.c.id)
            .where(
                revisions.c.batch == batch,
                revisions.c.document != document,
                documents.c.erased.is_(None),
            )
            .limit(1)
        ).first()
        if elsewhere is None:
            connection.execute(
                update(decisions).where(decisions.c.batch == batch).values(surface=None, key=None)
            )
