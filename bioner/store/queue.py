"""The queue: which items wait, in which order and why, how far the review is."""

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
    not_,
    or_,
    select,
    true,
    update,
)

from bioner.identifiers import search_key
from bioner.store import codec, projects
from bioner.store.assigning import documents_of
from bioner.store.queue_items import Priority, QueueFilter, QueueRow, ReviewProgress
from bioner.store.tables import corrections, documents, facets, items, revisions

PIECE = 1000
"""Priorities are written so many at a time."""


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
    found: list[Row[Any]] = []
    for turn, start in turns_after(connection, stored.id, filters, after):
        query = query_of(connection, stored.id, track, turn, start).limit(limit - len(found))
        found += connection.execute(query).all()
        if len(found) == limit:
            break
    return [_queue_row(row, labels) for row, labels in _with_labels(connection, found)]


def turns_after(
    connection: Connection, project: int, filters: QueueFilter, after: int | None
) -> list[tuple[QueueFilter, int | None]]:
    """Return the filters that follow one another from an item on, each with where it begins."""
    turns = filters.turns()
    if len(turns) == 1 or after is None:
        return [(one, after) for one in turns]
    mine = documents_of(project, filters.whose)
    query = select(items.c.id).where(items.c.id == after, items.c.document.in_(mine))
    if connection.execute(query).first() is None:
        return [(turns[1], after)]
    return [(turns[0], after), (turns[1], None)]


def query_of(
    connection: Connection, project: int, track: str, filters: QueueFilter, after: int | None
) -> Select[Any]:
    status, source = status_column(track)
    where: list[ColumnElement[bool]] = []
    if filters.status != "all":
        where.append(status == filters.status)
    asked = (
        ("label", filters.label),
        ("reason", filters.reason),
        ("concept", search_key(filters.concept)),
    )
    for facet, value in asked:
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
        where.append(surface_column().icontains(filters.text, autoescape=True))
    if filters.assigned in ("only", "rest"):
        mine = items.c.document.in_(documents_of(project, filters.whose))
        where.append(mine if filters.assigned == "only" else not_(mine))
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
            surface_column().label("surface"),
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


def status_column(track: str) -> tuple[ColumnElement[str], Any]:
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


def surface_column() -> ColumnElement[str]:
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
        item=row.id,
        document=row.name,
        surface=row.surface,
        status=row.status,
        priority=row.priority,
        reasons=codec.read_reasons(row.reasons),
        labels=labels,
        claimed_by=row.claimed_by,
        is_test=row.is_test,
    )


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


def progress(
    connection: Connection, stored: projects.StoredProject, reviewer: str = ""
) -> ReviewProgress:
    """Count a project's items by state: of the shared copy, or of this reviewer's own."""
    track = stored.project.track(reviewer)
    status, source = status_column(track) if track else (items.c.status, items)
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
    return ReviewProgress(
        items=counts.total(),
        waiting=counts["waiting"],
        open=counts["open"],
        done=counts["done"],
        unsure=counts["unsure"],
        rejected=counts["rejected"],
        test_items=test_items,
        documents=connection.execute(
            select(func.count()).where(documents.c.project == stored.id)
        ).scalar_one(),
        by_reviewer=by_reviewer,
        last_hour=_verdicts_of_last_hour(connection, stored.id),
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
