"""What restoring a backup would change, counted before anybody decides."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from bioner.errors import StoreError
from bioner.store.soundness import check
from bioner.store.tables import documents, projects, revisions


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """How many there are now, and would be after the restore.

    ``undone`` counts the changes saved since the backup; ``gone`` are the projects that it lacks.
    """

    documents: tuple[int, int]
    revisions: tuple[int, int]
    undone: int
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a backup holds."""

    documents: int
    revisions: int
    newest: int
    projects: tuple[str, ...]


def look_at(path: Path) -> Content:
    """Count what a backup holds. Raises StoreError for one that would not restore."""
    problem = check(path, quickly=True)
    if problem:
        raise StoreError(f"{path}: cannot restore: {problem}")
    with contextlib.closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    ) as copy:
        count = "SELECT count(*) FROM"
        return Content(
            documents=int(copy.execute(f"{count} documents").fetchone()[0]),
            revisions=int(copy.execute(f"{count} revisions").fetchone()[0]),
            newest=int(copy.execute("SELECT coalesce(max(seq), 0) FROM revisions").fetchone()[0]),
            projects=tuple(
                name for (name,) in copy.execute("SELECT name FROM projects ORDER BY name")
            ),
        )


def look_ahead(connection: Connection, path: Path) -> Outlook:
    """Compare a backup with the database. Raises StoreError for one that would not restore."""
    then = look_at(path)
    count = select(func.count())
    present = set(connection.execute(select(projects.c.name)).scalars())
    return Outlook(
        documents=(
            connection.execute(count.select_from(documents)).scalar_one(),
            then.documents,
        ),
        revisions=(
            connection.execute(count.select_from(revisions)).scalar_one(),
            then.revisions,
        ),
        undone=connection.execute(
            count.select_from(revisions).where(revisions.c.seq > then.newest)
        ).scalar_one(),
        gone=tuple(sorted(present.difference(then.projects))),
    )
