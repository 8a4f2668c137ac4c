"""The queue: which items wait, the next for a reviewer, leases, one item with its layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from bioner.store import codec, projects
from bioner.store.documents import find_document, shown_mentions
from bioner.store.engine import LogicalClock
from bioner.store.states import find_place, gone, read_state, status_of
from bioner.store.tables import corrections, documents, facets, items, layers, revisions
from bioner.store.values import (
    Occurrence,
    Other,
    Prediction,
    Priority,
    Progress,
    Project,
    QueueFilter,
    QueueRow,
    ReviewItem,
    ShownLayer,
)

PIECE = 1000
"""Priorities are written so many at a time."""

LEASE_S = 600.0
"""How long an item stays reserved for the reviewer who has it open, unless renewed."""


def rows(
    connection: Connection,
    stored: projects.StoredProject,
    reviewer: str,
    filters: QueueFilter,
    limit: int,
    after: int | None,
) -> list[QueueRow]:
    """Return a page of the queue, best first, after the item ``after``."""
    track = stored.project.track(reviewer)
    query = _query(connection, stored.id, track, filters, after).limit(limit)
    found = connection.execute(query).all()
    return [_queue_row(row, labels) for row, labels in _with_labels(connection, found)]


def _query(
    connection: Connection, project: int, track: str, filters: QueueFilter, after: int | None
) -> Select[Any]:
    status, source = _status(track)
    where: list[ColumnElement[bool]] = []
    if filters.status != "all":
        where.append(status == filters.status)
    for facet, value in (("label", filters.label), ("reason", filters.reason)):
        if value:
            where.append(_has(project, facet, value))
    if filters.document:
        chosen = select(documents.c.id).where(
            documents.c.project == project, documents.c.name == filters.document
        )
        where.append(items.c.document == chosen.scalar_subquery())
    else:
        where.append(items.c.project == project)
    if filters.text:
        # Few documents hold a rare word: they are found first, their sentences looked at then.
        holding = select(documents.c.id).where(
            documents.c.project == project,
            documents.c.text.icontains(filters.text, autoescape=True),
        )
        where.append(items.c.document.in_(holding))
        where.append(_surface().icontains(filters.text, autoescape=True))
    if filters.test is not None:
        where.append(items.c.is_test.is_(filters.test))
    if after is not None:
        last = connection.execute(select(items.c.priority).where(items.c.id == after)).scalar()
        if last is not None:
            where.append(_follows(last, after))
    return (
        select(
            items.c.id,
            documents.c.name,
            _surface().label("surface"),
            status.label("status"),
            items.c.priority,
            items.c.reasons,
            items.c.claimed_by,
            items.c.is_test,
        )
        .select_from(source)
        .where(*where)
        .order_by(items.c.priority.desc(), items.c.id)
    )


def _follows(priority: float, item: int) -> ColumnElement[bool]:
    same = and_(items.c.priority == priority, items.c.id > item)
    return and_(items.c.priority <= priority, or_(items.c.priority < priority, same))


def _status(track: str) -> tuple[ColumnElement[str], Any]:
    joined = items.join(documents, items.c.document == documents.c.id)
    if track == "":
        return items.c.status, joined
    own = and_(corrections.c.item == items.c.id, corrections.c.track == track)
    status: ColumnElement[str] = case(
        (corrections.c.verdict.in_(("accept", "correct")), "done"),
        (corrections.c.verdict == "unsure", "unsure"),
        (corrections.c.verdict == "reject", "rejected"),
        (corrections.c.mentions.is_not(None), "open"),
        else_="waiting",
    )
    return status, joined.outerjoin(corrections, own)


def _surface() -> ColumnElement[str]:
    return func.substr(documents.c.text, items.c.start + 1, items.c.end - items.c.start)


def _has(project: int, facet: str, value: str) -> ColumnElement[bool]:
    return exists().where(
        facets.c.project == project,
        facets.c.facet == facet,
        facets.c.value == value,
        facets.c.item == items.c.id,
    )


def _with_labels(
    connection: Connection, found: Iterable[Row[Any]]
) -> list[tuple[Row[Any], tuple[str, ...]]]:
    found = list(found)
    labels: dict[int, list[str]] = {row.id: [] for row in found}
    for row in connection.execute(
        select(facets.c.item, facets.c.value).where(
            facets.c.item.in_(labels), facets.c.facet == "label"
        )
    ):
        labels[row.item].append(row.value)
    return [(row, tuple(sorted(labels[row.id]))) for row in found]


def _queue_row(row: Row[Any], labels: tuple[str, ...]) -> QueueRow:
    return QueueRow(
        row.id,
        row.name,
        row.surface,
        row.status,
        row.priority,
        codec.read_reasons(row.reasons),
        labels,
        row.claimed_by,
        row.is_test,
    )


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
    query = (
        _query(connection, stored.id, track, filters, after)
        .where(_is_free(track, reviewer, now))
        .limit(1)
        .with_for_update(of=items, skip_locked=True)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    if _reserves(stored.project, reviewer):
        _reserve(connection, row.id, reviewer, now)
    return int(row.id)


def _reserves(project: Project, reviewer: str) -> bool:
    """Whether this reviewer's reading keeps others away: not from a copy of one's own, and not if
    they may only read."""
    return not project.track(reviewer) and project.role(reviewer) in ("reviewer", "curator")


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
        raise gone(item)
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


def read_item(connection: Connection, clock: LogicalClock, item: int, reviewer: str) -> ReviewItem:
    """Return one item with all its layers, as this reviewer sees it."""
    place = find_place(connection, item)
    row = connection.execute(select(items).where(items.c.id == item)).one()
    track = place.stored.project.track(reviewer)
    state = read_state(connection, place, track)
    found = connection.execute(
        select(layers).where(layers.c.item == item).order_by(layers.c.added.desc())
    ).all()
    gold = next((codec.read_mentions(r.mentions) for r in found if r.layer == "gold"), None)
    corrected = None if state.mentions is None else codec.write_mentions(state.mentions)
    layer, mentions = shown_mentions(found, corrected)
    is_held = not track and row.claimed_until > clock.read(connection)
    return ReviewItem(
        item,
        place.stored.project.name,
        place.name,
        place.text,
        place.start,
        place.end,
        mentions,
        _shown(layer),
        gold,
        tuple(
            Prediction(r.model, r.schema, codec.read_mentions(r.mentions))
            for r in found
            if r.layer == "prediction"
        ),
        _others(connection, item, track),
        state.covers,
        state.head,
        state.verdict,
        status_of(state.verdict, state.mentions is not None),
        state.note,
        row.is_test,
        row.priority,
        codec.read_reasons(row.reasons),
        row.claimed_by if is_held else "",
        _neighbour(connection, row, following=False),
        _neighbour(connection, row, following=True),
    )


def _shown(layer: str) -> ShownLayer:
    names: dict[str, ShownLayer] = {
        "correction": "correction",
        "gold": "gold",
        "prediction": "prediction",
    }
    return names.get(layer, "none")


def _others(connection: Connection, item: int, track: str) -> tuple[Other, ...]:
    found = connection.execute(
        select(corrections)
        .where(
            corrections.c.item == item,
            corrections.c.track != track,
            corrections.c.mentions.is_not(None),
        )
        .order_by(corrections.c.track)
    )
    return tuple(Other(r.track, codec.read_mentions(r.mentions), r.verdict, r.head) for r in found)


def _neighbour(connection: Connection, row: Row[Any], *, following: bool) -> int | None:
    query = select(items.c.id).where(items.c.document == row.document)
    if following:
        query = query.where(items.c.start > row.start).order_by(items.c.start)
    else:
        query = query.where(items.c.start < row.start).order_by(items.c.start.desc())
    return connection.execute(query.limit(1)).scalar()


def items_of(connection: Connection, project: int, document: str) -> list[int]:
    """Return the ids of a document's items, in the order of the text."""
    row = find_document(connection, project, document)
    query = select(items.c.id).where(items.c.document == row.id).order_by(items.c.start)
    return list(connection.execute(query).scalars())


def set_priorities(connection: Connection, project: int, given: Sequence[Priority]) -> int:
    """Give these items their place in the queue and its reasons; return how many."""
    place = (
        update(items)
        .where(items.c.id == bindparam("of"), items.c.project == project)
        .values(priority=bindparam("at"), reasons=bindparam("why"))
    )
    connection.execute(
        place,
        [
            {"of": one.item, "at": one.priority, "why": codec.write_reasons(one.reasons)}
            for one in given
        ],
    )
    ids = [one.item for one in given]
    connection.execute(delete(facets).where(facets.c.item.in_(ids), facets.c.facet == "reason"))
    found = [
        {"project": project, "facet": "reason", "value": name, "item": one.item}
        for one in given
        for name in {reason.name for reason in one.reasons}
    ]
    if found:
        connection.execute(insert(facets), found)
    return len(given)


def occurrences(
    connection: Connection,
    stored: projects.StoredProject,
    surface: str,
    document: str,
    limit: int,
) -> list[Occurrence]:
    """Return where a surface occurs as whole words, case kept, in item order."""
    query = (
        select(items.c.id, items.c.start, documents.c.name, _surface().label("surface"))
        .join(documents, items.c.document == documents.c.id)
        .where(
            items.c.project == stored.id,
            documents.c.text.contains(surface, autoescape=True),
        )
        .order_by(items.c.document, items.c.start)
    )
    if document:
        query = query.where(documents.c.name == document)
    found: list[Occurrence] = []
    for row in connection.execute(query):
        for at in _words(row.surface, surface):
            start = row.start + at
            found.append(Occurrence(row.id, row.name, start, start + len(surface)))
            if len(found) == limit:
                return found
    return found


def _words(text: str, surface: str) -> Iterable[int]:
    at = text.find(surface) if surface else -1
    while at >= 0:
        end = at + len(surface)
        before = at > 0 and text[at - 1].isalnum() and surface[0].isalnum()
        behind = end < len(text) and text[end].isalnum() and surface[-1].isalnum()
        if not before and not behind:
            yield at
        at = text.find(surface, at + 1)


def progress(
    connection: Connection, stored: projects.StoredProject, reviewer: str = ""
) -> Progress:
    """Count a project's items by state: of the shared copy, or of this reviewer's own."""
    track = stored.project.track(reviewer)
    status, source = _status(track) if track else (items.c.status, items)
    counts: Counter[str] = Counter()
    test_items = 0
    for row in connection.execute(
        select(status.label("status"), items.c.is_test, func.count().label("n"))
        .select_from(source)
        .where(items.c.is_test.in_((False, True)), items.c.project == stored.id)
        .group_by(items.c.is_test, status)
    ):
        counts[row.status] += row.n
        test_items += row.n * row.is_test
    by_reviewer = {
        row.reviewer: row.n
        for row in connection.execute(
            select(corrections.c.reviewer, func.count().label("n"))
            .where(
                corrections.c.project == stored.id,
                corrections.c.verdict.is_not(None),
                # What a curator chose is in the reviewer's own copy already.
                corrections.c.track != "" if stored.project.independent else true(),
            )
            .group_by(corrections.c.reviewer)
        )
    }
    return Progress(
        counts.total(),
        counts["waiting"],
        counts["open"],
        counts["done"],
        counts["unsure"],
        counts["rejected"],
        test_items,
        connection.execute(
            select(func.count()).where(documents.c.project == stored.id)
        ).scalar_one(),
        by_reviewer,
        _verdicts_of_last_hour(connection, stored.id),
    )


def _verdicts_of_last_hour(connection: Connection, project: int) -> int:
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    recent = connection.execute(
        select(revisions.c.document).where(
            revisions.c.recorded >= since, revisions.c.verdict.is_not(None)
        )
    ).scalars()
    counts = Counter(recent)
    # Two queries, not a join: SQLite without statistics would walk the whole log by document.
    mine = connection.execute(
        select(documents.c.id).where(documents.c.project == project, documents.c.id.in_(counts))
    ).scalars()
    return sum(counts[document] for document in mine)
