"""Whose documents are whose: said by a curator, asked by the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from bioner.access import Action
from bioner.errors import StoreError
from bioner.store import projects
from bioner.store.events import record_event
from bioner.store.tables import assignments, documents

PIECE = 400
"""Rows are looked up by their numbers so many at a time."""


def documents_of(project: int, who: str) -> Select[Any]:
    """Return the query for the documents that are somebody's."""
    return select(assignments.c.document).where(
        assignments.c.project == project, assignments.c.who == who
    )


def assign(
    connection: Connection, project: str, shares: Mapping[str, Sequence[str]], who: str
) -> int:
    """Say of each document whose it is, in place of what was said before; return how many.

    Nobody named: it is everybody's. Put on record as one event, with how many each got.
    """
    stored = projects.find(connection, project)
    projects.require(stored.project, who, Action.CHANGE)
    people = {name for share in shares.values() for name in share}
    unknown = people - {name for name, _ in stored.project.reviewers}
    if stored.project.reviewers and unknown:
        raise StoreError(
            f"project {project!r}: {sorted(unknown)[0]!r} is not among its people; add them first"
        )
    names = list(shares)
    ids: dict[int, str] = {}
    for begin in range(0, len(names), PIECE):
        query = select(documents.c.id, documents.c.name).where(
            documents.c.project == stored.id,
            documents.c.name.in_(names[begin : begin + PIECE]),
            documents.c.erased.is_(None),
        )
        ids |= {row.id: row.name for row in connection.execute(query)}
    numbers = list(ids)
    for begin in range(0, len(numbers), PIECE):
        part = numbers[begin : begin + PIECE]
        connection.execute(delete(assignments).where(assignments.c.document.in_(part)))
        rows = [
            {"project": stored.id, "document": number, "who": name}
            for number in part
            for name in dict.fromkeys(shares[ids[number]])
        ]
        if rows:
            connection.execute(insert(assignments), rows)
    facts = {"assigned": _told(shares[name] for name in ids.values()), "documents": len(ids)}
    record_event(connection, "settings", project=project, who=who, after=facts)
    return len(ids)


def _told(shares: Any) -> str:
    """Return who got how many, as the event says it: the names alone where all got the same."""
    kept = [tuple(dict.fromkeys(one)) for one in shares]
    if len(set(kept)) <= 1:
        return ", ".join(kept[0]) if kept else ""
    counts = Counter(name for one in kept for name in one)
    return ", ".join(f"{name} {counts[name]}" for name in sorted(counts))
