"""Putting a backup's content in the place of what a database holds."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, text, update

from bioner.errors import StoreError
from bioner.store.backups import backup_rotated, backups_of, locked, scratch
from bioner.store.copies import copy_sqlite
from bioner.store.engine import Database
from bioner.store.erasing import erase_again
from bioner.store.events import record_event
from bioner.store.failures import DatabaseLostError
from bioner.store.soundness import check, unsound
from bioner.store.tables import clock, events, items, metadata, revisions

_SEQUENCES = (revisions.c.seq, items.c.id, events.c.seq)


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore did. ``before`` holds what was there: a backup, or the damaged file itself.

    ``readable`` counts the rows that can still be read of a damaged one, by table.
    ``knows_erased``: what had been erased since the backup is known, and was erased again.
    """

    before: Path | None
    was_damaged: bool = False
    readable: Mapping[str, int] = field(default_factory=dict)
    knows_erased: bool = True

    def said(self) -> tuple[str, ...]:
        """Say in sentences what was there before, and what is not known of it."""
        found = []
        if self.before is not None:
            found.append(f"what was there before is kept as {self.before}")
        if self.was_damaged:
            told = ", ".join(f"{count:,} {name}" for name, count in self.readable.items() if count)
            found.append(f"it is damaged; of it can be read: {told or 'nothing'}")
        if not self.knows_erased:
            found.append(
                "which texts were erased since this backup was made can no longer be read: the "
                "backups kept in their folder were erased from too, a copy kept elsewhere was not, "
                "and may have brought such a text back; erase it once more"
            )
        return tuple(found)


def restore(database: Database, path: Path, folder: Path, who: str = "") -> Restored:
    """Put a backup in the place of the present content, of which a backup is made first.

    All or nothing. Revision and item numbers go on from the highest ever given, so that a browser
    that still shows the old content can never save on top of the restored by a number reused.
    """
    problem = check(path)
    if problem:
        raise StoreError(f"{path}: cannot restore: {problem}; nothing was changed")
    # The folder is held from the first copy on: what is erased meanwhile would come back.
    with locked(folder), scratch(folder) as work:
        copy = work / "restore.sqlite3"
        bring_up_to_date(path, copy)
        incoming = Database(f"sqlite:///{copy}")
        try:
            # Alone from the copy of the present on: what is saved meanwhile would be in neither.
            with incoming.read() as source, database.write(alone=True) as into:
                safety = backup_rotated(database, folder, "restore")
                _replace_rows(source, into, database)
                knows_erased = erase_again(into)
                begin_generation(into, path, safety, who)
        finally:
            incoming.close()
    return Restored(before=safety, knows_erased=knows_erased)


def begin_generation(connection: Connection, path: Path, kept: Path | None, who: str = "") -> None:
    """Tell a restored database from the one before, and record what was done."""
    connection.execute(update(clock).values(generation=uuid.uuid4().hex))
    facts = {"restored": path.name, "kept": kept.name if kept else ""}
    record_event(connection, "restore", who=who, after=facts)


def bring_up_to_date(path: Path, copy: Path) -> None:
    """Copy a backup and migrate the copy; raise StoreError if it would not restore."""
    copy_sqlite(path, copy)
    incoming = Database(f"sqlite:///{copy}")
    try:
        incoming.migrate(lambda: None)
    finally:
        incoming.close()
    problem = unsound(copy)
    if problem:
        raise StoreError(f"{path}: cannot restore: {problem}; nothing was changed")


def number_on(path: Path, highest: Sequence[int] | None, *, jump: int) -> None:
    """Let revisions, items and events go on after the highest, or far beyond what is unknown."""
    copy = Database(f"sqlite:///{path}")
    try:
        with copy.write() as connection:
            given = highest or [one + jump for one in _given(connection)]
            for column, seen in zip(_SEQUENCES, given, strict=True):
                _go_on_after(connection, copy, column.table.name, column.name, seen)
    finally:
        copy.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def refuse_if_gone(database: Database, folder: Path) -> None:
    """Raise DatabaseLostError where a database is gone or empty and its backups are there."""
    file = database.file
    if file is None or (file.is_file() and file.stat().st_size):
        return
    found = backups_of(database, folder)
    if found:
        raise DatabaseLostError(
            f"{file}: the database is gone, but {len(found)} backups lie in {folder}: put the "
            f"newest back with `python -m bioner review restore {found[0].path}`, or begin anew "
            "by moving them elsewhere"
        )


def _replace_rows(source: Connection, into: Connection, database: Database) -> None:
    highest = _given(into)
    kept = set(into.execute(select(events.c.seq)).scalars())
    for table in reversed(metadata.sorted_tables):
        if table is not events:  # what was done stays known, whatever is restored
            into.execute(table.delete())
    for table in metadata.sorted_tables:
        rows = source.execution_options(yield_per=1000).execute(select(table))
        for part in rows.mappings().partitions():
            fresh = [dict(r) for r in part if table is not events or r["seq"] not in kept]
            if fresh:
                into.execute(insert(table), fresh)
    for column, seen in zip(_SEQUENCES, highest, strict=True):
        _go_on_after(into, database, column.table.name, column.name, seen)
    if not database.is_sqlite:
        for name in ("projects", "documents", "decisions"):
            _go_on_after(into, database, name, "id", 0)


def _given(connection: Connection) -> list[int]:
    """Return the highest number of a revision, of an item, and of an event."""
    return [
        connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one()
        for column in _SEQUENCES
    ]


def _go_on_after(
    connection: Connection, database: Database, table: str, column: str, seen: int
) -> None:
    if database.is_sqlite:
        connection.execute(
            text("UPDATE sqlite_sequence SET seq = max(seq, :seen) WHERE name = :table"),
            {"seen": seen, "table": table},
        )
        return
    connection.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "
            f"greatest((SELECT coalesce(max({column}), 0) FROM {table}), :seen) + 1)"
        ),
        {"seen": seen},
    )
