"""A project's documents, a page at a time: found, filtered and ordered by the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, select

from bioner.errors import StoreError
from bioner.store import projects
from bioner.store.assigning import documents_of
from bioner.store.marks_in_sql import count_of_marks, shown_mentions_column
from bioner.store.overview import DocumentRow, clashes_by_document, differing_items, read_rows
from bioner.store.queue import status_column
from bioner.store.tables import assignments, corrections, documents, items

PAGE = 100
"""Documents on a page."""
Order = Literal["came", "name", "settled", "sentences", "marks", "differing", "clashes", "changed"]
"""What documents are ordered by: as they came, by name, the least settled first; else most first.

``changed``: the newest change first.
"""
MOST_FIRST = frozenset({"sentences", "marks", "changed"})
DocumentState = Literal["", "waiting", "open", "done"]
"""A document's state; empty: any."""


@dataclass(frozen=True, kw_only=True)
class DocumentFilter:
    """Which documents: with this in their name (case aside), in this state, this person's."""

    named: str = ""
    state: DocumentState = ""
    whose: str = ""


@dataclass(frozen=True, kw_only=True)
class DocumentPage:
    """Some documents of a list, from the ``offset``-th on, and how many the whole list has."""

    rows: tuple[DocumentRow, ...]
    offset: int
    found: int


class DocumentSize(NamedTuple):
    """A document, how many sentences it has, and whether it is somebody's."""

    name: str
    sentences: int
    is_assigned: bool


_ANY = DocumentFilter()


def page(
    connection: Connection,
    stored: projects.StoredProject,
    reviewer: str,
    *,
    filters: DocumentFilter = _ANY,
    order: Order = "came",
    is_reversed: bool = False,
    offset: int = 0,
    limit: int = PAGE,
) -> DocumentPage:
    """Return a page of the documents that a filter lets through, erased ones left out.

    Those that are equal are in the order in which they came. Behind the last page is the last page.
    """
    if order not in get_args(Order):
        raise StoreError(f"order {order!r}: expected one of {', '.join(get_args(Order))}")
    listing = _Listing(connection, stored, reviewer, filters)
    found = listing.count()
    offset = min(offset, max(0, found - 1) // limit * limit)
    if order in ("differing", "clashes"):
        counts = listing.counts(order)
        ids = sorted(listing.ids(), key=lambda one: -counts.get(one, 0), reverse=is_reversed)
        chosen = ids[offset : offset + limit]
    else:
        chosen = listing.ordered(order, is_reversed, offset, limit)
    rows = read_rows(connection, stored, listing.track, chosen)
    return DocumentPage(rows=tuple(rows), offset=offset, found=found)


def sizes(
    connection: Connection,
    stored: projects.StoredProject,
    reviewer: str,
    filters: DocumentFilter = _ANY,
) -> list[DocumentSize]:
    """Return the documents that a filter lets through in the order in which they came."""
    listing = _Listing(connection, stored, reviewer, filters)
    assigned = exists().where(assignments.c.document == documents.c.id)
    query = listing.query(documents.c.name, listing.sizes.c.sentences, assigned, is_sized=True)
    return [DocumentSize(*row) for row in connection.execute(query.order_by(documents.c.id))]


def assignees(connection: Connection, stored: projects.StoredProject) -> list[str]:
    """Return whose documents there are, by name."""
    query = select(assignments.c.who).where(assignments.c.project == stored.id).distinct()
    return list(connection.execute(query.order_by(assignments.c.who)).scalars())


class _Listing:
    """The documents of a project that a filter lets through, as queries."""

    def __init__(
        self,
        connection: Connection,
        stored: projects.StoredProject,
        reviewer: str,
        filters: DocumentFilter,
    ) -> None:
        self.connection, self.project = connection, stored.id
        self.track, self.filters = stored.project.track(reviewer), filters
        status, source = status_column(self.track)
        self.sizes = (
            select(
                items.c.document.label("document"),
                func.count().label("sentences"),
                _many(status.in_(("done", "rejected"))).label("settled"),
                _many(status == "waiting").label("waiting"),
            )
            .select_from(source if self.track else items)
            .where(items.c.project == self.project)
            .group_by(items.c.document)
            .subquery("sizes")
        )

    def query(self, *columns: Any, is_sized: bool = False) -> Select[Any]:
        """Return the query for these columns; ``is_sized``: with the documents' sizes."""
        where: list[ColumnElement[bool]] = [
            documents.c.project == self.project,
            documents.c.erased.is_(None),
        ]
        named = self.filters.named.strip()
        if named:
            where.append(documents.c.name.icontains(named, autoescape=True))
        if self.filters.whose:
            where.append(documents.c.id.in_(documents_of(self.project, self.filters.whose)))
        query = select(*columns).select_from(documents)
        if not is_sized and not self.filters.state:
            return query.where(*where, exists().where(items.c.document == documents.c.id))
        where += self._in_state()
        return query.join(self.sizes, self.sizes.c.document == documents.c.id).where(*where)

    def _in_state(self) -> list[ColumnElement[bool]]:
        sizes, state = self.sizes.c, self.filters.state
        if not state:
            return []
        if state == "waiting":
            return [sizes.waiting == sizes.sentences]
        if state == "done":
            return [sizes.settled == sizes.sentences]
        return [sizes.waiting < sizes.sentences, sizes.settled < sizes.sentences]

    def count(self) -> int:
        return int(self.connection.execute(self.query(func.count())).scalar_one())

    def ids(self) -> list[int]:
        """Return the documents' numbers in the order in which they came."""
        query = self.query(documents.c.id).order_by(documents.c.id)
        return list(self.connection.execute(query).scalars())

    def ordered(self, order: Order, is_reversed: bool, offset: int, limit: int) -> list[int]:
        """Return the numbers of a page in an order that the database knows."""
        is_sized = order in ("settled", "sentences")
        query = self.query(documents.c.id, is_sized=is_sized)
        key: ColumnElement[Any]
        if order in ("marks", "changed"):
            beside = self._marks() if order == "marks" else self._changed()
            query = query.outerjoin(beside, beside.c.document == documents.c.id)
            key = func.coalesce(beside.c.key, 0)
        elif is_sized:
            sizes = self.sizes.c
            key = 1.0 * sizes.settled / sizes.sentences if order == "settled" else sizes.sentences
        else:
            key = documents.c.name if order == "name" else documents.c.id
        by = key.desc() if (order in MOST_FIRST) != is_reversed else key
        query = query.order_by(by, documents.c.id).offset(offset).limit(limit)
        return list(self.connection.execute(query).scalars())

    def _marks(self) -> Any:
        dialect = self.connection.dialect.name
        own = and_(corrections.c.item == items.c.id, corrections.c.track == self.track)
        marks = count_of_marks(shown_mentions_column(corrections.c.mentions), dialect)
        return (
            select(items.c.document.label("document"), func.sum(marks).label("key"))
            .select_from(items.outerjoin(corrections, own))
            .where(items.c.project == self.project)
            .group_by(items.c.document)
            .subquery("marked")
        )

    def _changed(self) -> Any:
        return (
            select(items.c.document.label("document"), func.max(corrections.c.head).label("key"))
            .select_from(corrections.join(items, corrections.c.item == items.c.id))
            .where(corrections.c.project == self.project)
            .group_by(items.c.document)
            .subquery("changed")
        )

    def counts(self, order: Order) -> Mapping[int, int]:
        """Return by document how many sentences differ in it, or how many names clash."""
        if order == "differing":
            return Counter(differing_items(self.connection, self.project).values())
        return clashes_by_document(self.connection, self.project, self.track)


def _many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
