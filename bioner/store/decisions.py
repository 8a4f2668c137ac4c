"""Decisions: one choice about many alike marks, on record as one, taken back as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from bioner.access import Action
from bioner.store import projects
from bioner.store.failures import StaleEditError
from bioner.store.log import by_op
from bioner.store.logical_clock import LogicalClock
from bioner.store.revisions import save
from bioner.store.states import lock_all
from bioner.store.tables import decisions, documents, items, revisions
from bioner.store.values import Edit

Boundary = Literal["", "without", "with"]
"""Where marks end: as each is marked, without a flanking word such as "gene", or with it."""
DecisionKind = Literal["marks", "everywhere", "sentences", "suggestions"]
"""What was decided about: waiting marks, every place of a surface, whole sentences, or all that a
suggester, which is the surface then, proposes of a type."""


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
    """Save some edits of a decision, in its batch; skip what others hold or have changed since.

    What was saved under this ``op`` before is not saved again. Of a decision that was taken back
    meanwhile nothing more is saved.
    """
    stored = projects.find(connection, project)
    projects.require(stored.project, reviewer, Action.ANNOTATE)
    known = connection.execute(
        select(decisions).where(decisions.c.op == op).with_for_update()
    ).first()
    counts: Counter[str] = Counter()
    lock_all(connection, [one.edit.item for one in settlings])
    held = _held(connection, clock, stored, [one.edit.item for one in settlings], reviewer)
    for one in settlings:
        edit = replace(one.edit, reviewer=reviewer, batch=op, op=f"{op}/{one.edit.item}")
        if known is not None and by_op(connection, edit.op):
            continue
        if one.edit.item in held:
            counts["held"] += one.marks
            continue
        if known is not None and not known.stands:
            counts["changed"] += one.marks
            continue
        try:
            save(connection, [edit])
        except StaleEditError:
            counts["changed"] += one.marks
            continue
        counts["marks"] += one.marks
        counts["sentences"] += 1
    if known is not None:
        connection.execute(
            update(decisions)
            .where(decisions.c.id == known.id)
            .values(
                marks=decisions.c.marks + counts["marks"],
                sentences=decisions.c.sentences + counts["sentences"],
            )
        )
        number = known.id
    else:
        is_any = counts["sentences"]
        number = _append(connection, stored, choice, counts, reviewer, op) if is_any else 0
    return Settled(
        number=number,
        marks=counts["marks"] + (known.marks if known else 0),
        sentences=counts["sentences"] + (known.sentences if known else 0),
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
