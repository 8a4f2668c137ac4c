"""Changes by revision: save, restore, adjudicate; history. No row of the log ever changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from bioner.access import Action
from bioner.errors import StoreError
from bioner.store import projects
from bioner.store.failures import StaleEditError
from bioner.store.log import Author, by_op, record, revision_of, revisions_at
from bioner.store.states import Place, State, find_place, lock_all, read_state, state_after
from bioner.store.tables import items, revisions
from bioner.store.values import VERDICTS, Edit, Revision, surfaces_of, within


def save(connection: Connection, edits: Sequence[Edit]) -> list[Revision]:
    """Save edits, all or none; edits of one item in one call build upon each other."""
    saved: list[Revision] = []
    for done in save_each(connection, edits, {}):
        if isinstance(done, StaleEditError):
            raise done
        saved.append(done)
    return saved


def save_each(
    connection: Connection, edits: Sequence[Edit], own: Mapping[tuple[int, str], int]
) -> list[Revision | StaleEditError]:
    """Save edits but where somebody else saved since; return for each what became of it.

    ``own``: by item and copy the newest revision that this call has made before; an edit builds
    upon it, whatever its base.
    """
    found: list[Revision | StaleEditError] = []
    made = dict(own)
    lock_all(connection, [edit.item for edit in edits])
    for edit in edits:
        try:
            done = _save(connection, edit, made)
        except StaleEditError as error:
            found.append(error)
            continue
        made[edit.item, done.track] = done.seq
        found.append(done)
    return found


def refuse(connection: Connection, edits: Sequence[Edit]) -> None:
    """Raise what saving edits would raise; nothing where saving them was begun before.

    Saves nothing, and keeps nobody from saving.
    """
    if _is_begun(connection, edits):
        return
    seen: set[int] = set()
    for edit in edits:
        place = find_place(connection, edit.item)
        check_edit(place, edit)
        track = place.stored.project.track(edit.reviewer)
        if edit.item not in seen:
            state = read_state(connection, place, track)
            refuse_stale(connection, place, state, edit.base, edit.session, track)
        seen.add(edit.item)


def _is_begun(connection: Connection, edits: Sequence[Edit]) -> bool:
    ops = [edit.op for edit in edits]
    return any(
        connection.execute(
            select(revisions.c.seq).where(revisions.c.op.in_(ops[at : at + 400])).limit(1)
        ).first()
        for at in range(0, len(ops), 400)
    )


def _save(connection: Connection, edit: Edit, own: Mapping[tuple[int, str], int]) -> Revision:
    place = _lock(connection, edit)
    if isinstance(place, Revision):
        return _resent(place, edit)
    check_edit(place, edit)
    track = place.stored.project.track(edit.reviewer)
    state = read_state(connection, place, track)
    if own.get((edit.item, track)) != state.head:
        refuse_stale(connection, place, state, edit.base, edit.session, track)
    after = State(
        mentions=edit.mentions,
        covers=state.covers if edit.covers is None else edit.covers,
        verdict=edit.verdict,
        note=edit.note,
        reviewer=edit.reviewer,
        head=0,
    )
    author = Author(
        reviewer=edit.reviewer,
        op=edit.op,
        kind="edit",
        model=edit.model,
        schema=edit.schema,
        batch=edit.batch,
        session=edit.session,
    )
    return record(connection, place, track, state, after, author)


def _lock(connection: Connection, edit: Edit) -> Place | Revision:
    """Lock the edit's item; return the revision instead if the edit was saved before."""
    try:
        place = find_place(connection, edit.item, lock=True)
    except StoreError:
        known = by_op(connection, edit.op)
        if known is None:
            raise
        return known  # its item is gone since
    return by_op(connection, edit.op) or place


def _resent(known: Revision, edit: Edit) -> Revision:
    if (known.reviewer, known.surface) != (edit.reviewer, edit.surface) and not known.is_erased:
        raise StoreError(
            f"operation {edit.op!r} was used before, for revision {known.seq}; "
            "each edit needs an id of its own"
        )
    return known


def check_edit(place: Place, edit: Edit) -> None:
    """Raise StoreError unless the edit was made on this text, by somebody who may."""
    project = place.stored.project
    where = f"document {place.name!r}, {place.start}-{place.end}"
    projects.require(project, edit.reviewer, Action.ANNOTATE)
    if project.independent and not edit.reviewer:
        raise StoreError(f"{where}: an independent project needs the reviewer's name")
    if any("\0" in said for said in (edit.note, edit.reviewer, edit.session, edit.batch, edit.op)):
        raise StoreError(f"{where}: a note or a name holds a NUL character; take it out")
    if edit.verdict is not None and edit.verdict not in VERDICTS:
        raise StoreError(
            f"{where}: expected a verdict of {', '.join(VERDICTS)}, got {edit.verdict!r}"
        )
    if place.surface != edit.surface:
        raise StoreError(
            f"{where}: the text is {place.surface[:40]!r}, the edit was made on "
            f"{edit.surface[:40]!r}; reload the sentence"
        )
    if len(edit.surfaces) != len(edit.mentions):
        raise StoreError(
            f"{where}: {len(edit.mentions)} mentions but {len(edit.surfaces)} surfaces; "
            "send each mention's text as seen"
        )
    for one in edit.mentions:
        if not within(one, place.extent):
            raise StoreError(
                f"{where}: {one.label} at {one.start}-{one.end} leaves the sentence; "
                "join the sentences first"
            )
        if not one.label:
            raise StoreError(f"{where}: the mention at {one.start}-{one.end} has no type")
    for one, seen, real in zip(
        edit.mentions, edit.surfaces, surfaces_of(place.text, edit.mentions), strict=True
    ):
        if seen != real:
            raise StoreError(
                f"{where}: the {one.label} at {one.start}-{one.end} is {real!r}, "
                f"the reviewer saw {seen!r}"
            )


def refuse_stale(
    connection: Connection, place: Place, state: State, base: int, session: str, track: str
) -> None:
    """Raise StaleEditError where somebody else has saved a revision after ``base``."""
    if base == state.head:
        return
    newer = [
        revision_of(row, place.stored.project.name, place.name)
        for row in connection.execute(
            revisions_at(place, track).where(revisions.c.seq > base).order_by(revisions.c.seq)
        )
    ]
    if base > state.head or not newer:
        raise StoreError(
            f"document {place.name!r}, {place.start}-{place.end}: revision {base} is unknown here; "
            "reload the sentence"
        )
    foreign = [r for r in newer if not session or r.session != session]
    if foreign:
        raise stale(foreign[-1], base)


def stale_version(connection: Connection, place: Place, track: str, base: int) -> StaleEditError:
    """Make the refusal of a choice among versions one of which has changed since."""
    newest = connection.execute(
        revisions_at(place, track).order_by(revisions.c.seq.desc()).limit(1)
    ).one()
    return stale(revision_of(newest, place.stored.project.name, place.name), base)


def stale(revision: Revision, base: int) -> StaleEditError:
    """Make the refusal of a change that was made on an older revision."""
    return StaleEditError(
        f"document {revision.document!r}, {revision.start}-{revision.end}: "
        f"{revision.reviewer or 'somebody'} saved revision {revision.seq} after revision {base}, "
        "on which this change was made; compare the two",
        revision,
    )


def place_of(connection: Connection, row: Row[Any], *, lock: bool = True) -> Place:
    """Return where a revision was made; raise StoreError where its sentence is another now."""
    item = connection.execute(
        select(items.c.id).where(
            items.c.document == row.document, items.c.start == row.start, items.c.end == row.end
        )
    ).scalar()
    if item is None:
        raise StoreError(
            f"revision {row.seq}: its sentence ({row.start}-{row.end}) was split or joined anew; "
            "mend the split first"
        )
    return find_place(connection, item, lock=lock)


def restore(
    connection: Connection, seq: int, reviewer: str, op: str, *, session: str = ""
) -> Revision:
    """Append the revision that brings an item back to what it was just after revision ``seq``."""
    known = by_op(connection, op)
    if known is not None:
        return known
    row = connection.execute(select(revisions).where(revisions.c.seq == seq)).first()
    if row is None:
        raise StoreError(f"there is no revision {seq}")
    if row.after is None:
        raise StoreError(f"the content of revision {seq} was erased")
    place = place_of(connection, row)
    projects.require(place.stored.project, reviewer, Action.ANNOTATE)
    track = place.stored.project.track(reviewer)
    before = read_state(connection, place, track)
    author = Author(
        reviewer=reviewer,
        op=op,
        kind="restore",
        model=row.model,
        schema=row.schema,
        session=session,
        target=seq,
    )
    return record(connection, place, track, before, state_after(row), author)


def adjudicate(connection: Connection, item: int, reviewer: str, chosen: str, op: str) -> Revision:
    """Append the revision that makes one reviewer's copy the shared one."""
    known = by_op(connection, op)
    if known is not None:
        return known
    place = find_place(connection, item, lock=True)
    project = place.stored.project
    projects.require(project, reviewer, Action.ADJUDICATE)
    if not project.independent:
        raise StoreError(f"project {project.name!r}: its reviewers share one copy already")
    copy = read_state(connection, place, chosen)
    if copy.mentions is None:
        raise StoreError(
            f"document {place.name!r}, {place.start}-{place.end}: {chosen!r} has not reviewed it"
        )
    before = read_state(connection, place, "")
    author = Author(reviewer=reviewer, op=op, kind="adjudicate", target=copy.head)
    return record(connection, place, "", before, copy, author)


def history(connection: Connection, item: int) -> list[Revision]:
    """Return all revisions of an item's range, of every track, newest first."""
    place = find_place(connection, item)
    rows = connection.execute(
        select(revisions)
        .where(
            revisions.c.document == place.document,
            revisions.c.start < place.end,
            revisions.c.end > place.start,
        )
        .order_by(revisions.c.seq.desc())
    )
    return [revision_of(row, place.stored.project.name, place.name) for row in rows]
