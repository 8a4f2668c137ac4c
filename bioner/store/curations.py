"""Curations: what was taken of several reviewers' versions, written to the shared copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select

from bioner.access import Action
from bioner.errors import StoreError
from bioner.store import projects
from bioner.store.failures import StaleEditError
from bioner.store.log import Author, by_op, record
from bioner.store.revisions import check_edit, refuse_stale, stale_version
from bioner.store.states import Place, State, find_place, lock_all, read_state
from bioner.store.tables import corrections, documents, revisions
from bioner.store.undo import replay
from bioner.store.values import Edit, Revision

SHARED = ""
"""The track of the copy that all share; a curator alone writes to it."""


@dataclass(frozen=True, kw_only=True)
class Curating:
    """What a curator makes of one sentence: its marks, and the versions that they were taken from.

    ``edit.base`` is the shared copy's revision that they saw, ``seen`` the newest one of each
    reviewer's version as they saw it.
    """

    edit: Edit
    seen: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Curated:
    """What came of curating: the revisions, and the sentences left since somebody changed them."""

    revisions: tuple[Revision, ...] = ()
    overtaken: tuple[StaleEditError, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Curation:
    """A curation that stands: one sentence of it, how many it is of, by whom and when."""

    item: int
    document: str
    sentences: int
    reviewer: str
    recorded: str
    seq: int


def curate(
    connection: Connection, chosen: Sequence[Curating], reviewer: str, op: str, *, batch: str
) -> Curated:
    """Write sentences to the shared copy, one revision each, in a batch (empty: in none).

    What somebody has changed since it was read stays as it is and comes back among ``overtaken``.
    """
    lock_all(connection, [one.edit.item for one in chosen])
    saved: list[Revision] = []
    overtaken: list[StaleEditError] = []
    for one in chosen:
        edit = replace(one.edit, reviewer=reviewer)
        known = by_op(connection, f"{op}/{edit.item}")
        if known is not None:
            saved.append(known)
            continue
        place = find_place(connection, edit.item, lock=True)
        _check(place, edit)
        before = read_state(connection, place, SHARED)
        try:
            refuse_stale(connection, place, before, edit.base, edit.session, SHARED)
            for name, seq in one.seen.items():
                if read_state(connection, place, name).head != seq:
                    raise stale_version(connection, place, name, seq)
        except StaleEditError as error:
            overtaken.append(error)
            continue
        author = Author(
            reviewer=reviewer,
            op=f"{op}/{edit.item}",
            kind="adjudicate",
            schema=edit.schema,
            batch=batch,
            session=edit.session,
        )
        saved.append(record(connection, place, SHARED, before, _after(before, edit), author))
    return Curated(revisions=tuple(saved), overtaken=tuple(overtaken))


def _check(place: Place, edit: Edit) -> None:
    project = place.stored.project
    if not project.independent:
        raise StoreError(f"project {project.name!r}: its reviewers share one copy already")
    projects.require(project, edit.reviewer, Action.ADJUDICATE)
    check_edit(place, edit)


def _after(before: State, edit: Edit) -> State:
    return State(
        mentions=edit.mentions,
        covers=before.covers if edit.covers is None else edit.covers,
        verdict=edit.verdict,
        note=edit.note,
        reviewer=edit.reviewer,
        head=0,
    )


def curations(
    connection: Connection, stored: projects.StoredProject, *, limit: int
) -> list[Curation]:
    """Return the curations that stand, newest first; those made in one batch are one."""
    query: Select[Any] = (
        select(
            *(corrections.c.item, revisions.c.seq, revisions.c.batch, revisions.c.kind),
            *(revisions.c.reviewer, revisions.c.recorded, documents.c.name),
        )
        .join(revisions, corrections.c.head == revisions.c.seq)
        .join(documents, revisions.c.document == documents.c.id)
        .where(corrections.c.project == stored.id, corrections.c.track == SHARED)
        .order_by(revisions.c.seq.desc())
    )
    found: dict[str, Curation] = {}
    again = _again(connection, stored.id)
    for row in connection.execute(query):
        one = again.get(row.item, row)
        if one.kind != "adjudicate":
            continue
        key = one.batch or str(one.seq)
        if key not in found and len(found) == limit:
            continue
        known = found.get(key)
        found[key] = Curation(
            item=known.item if known else row.item,
            document=known.document if known else row.name,
            sentences=known.sentences + 1 if known else 1,
            reviewer=one.reviewer,
            recorded=one.recorded,
            seq=known.seq if known else one.seq,
        )
    return list(found.values())


def _again(connection: Connection, project: int) -> dict[int, Row[Any]]:
    """Return by sentence the changes that stand again, as what came after was taken back."""
    head = revisions.alias()
    query: Select[Any] = (
        select(
            *(corrections.c.item, revisions.c.seq, revisions.c.batch, revisions.c.kind),
            *(revisions.c.reviewer, revisions.c.recorded),
        )
        .join(head, corrections.c.head == head.c.seq)
        .join(
            revisions,
            and_(
                *(
                    revisions.c[name] == head.c[name]
                    for name in ("document", "start", "end", "track")
                )
            ),
        )
        .where(
            corrections.c.project == project, corrections.c.track == SHARED, head.c.kind == "undo"
        )
        .order_by(corrections.c.item, revisions.c.seq)
    )
    found: dict[int, Row[Any]] = {}
    for item, rows in groupby(connection.execute(query), key=lambda row: row.item):
        done, _ = replay((row.kind, row) for row in rows)
        if done:
            found[item] = done[-1]
    return found


def allow_undo(connection: Connection, item: int, reviewer: str) -> None:
    """Raise StoreError unless this person may take a sentence's curation back."""
    place = find_place(connection, item)
    projects.require(place.stored.project, reviewer, Action.ADJUDICATE)
