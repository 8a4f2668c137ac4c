"""Putting a backup in the place of a database in whatever state: sound, damaged, empty or gone."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from bioner.errors import StoreError
from bioner.store import backups, copies, restoring, soundness
from bioner.store.engine import Database
from bioner.store.erasing import erase_again
from bioner.store.failures import DatabaseLostError
from bioner.store.store import Store
from bioner.store.tables import events, metadata

JUMP = 1_000_000
"""Numbers go on so far beyond the backup's where nobody can read what was given since."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore did. ``before`` holds what was there: a backup, or the damaged file itself.

    ``readable`` counts the rows that can still be read of a damaged one, by table.
    """

    before: Path | None
    was_damaged: bool = False
    readable: Mapping[str, int] = field(default_factory=dict)


def restore_database(url: str, folder: Path, path: Path) -> Restored:
    """Put a backup in the place of the database at ``url``, all or nothing.

    A sound one is backed up first; a damaged one is kept beside as it is. Whoever has the old file
    open goes on in the new one. Raises StoreError, and changes nothing, if the backup is no good.
    """
    try:
        store = Store(url, folder)
    except DatabaseLostError:
        return _replace_file(Database(url), folder, path)
    try:
        file = store.database.file
        if file is None or not soundness.check(file, quickly=True):
            return Restored(before=store.restore(path))
    finally:
        store.close()
    return _replace_file(store.database, folder, path)


def _replace_file(database: Database, folder: Path, path: Path) -> Restored:
    database.close()
    file = database.file
    if file is None:
        raise StoreError(f"{database.place}: is no file that a backup could take the place of")
    problem = soundness.check(path)
    if problem:
        raise StoreError(f"{path}: cannot restore: {problem}; nothing was changed")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = file.with_name(f"{file.name}.damaged-{stamp}")
    is_there = file.is_file()
    readable = _count_rows(file) if is_there else {}
    with backups.locked(folder), copies.replacing(file) as temporary:
        restoring.bring_up_to_date(path, temporary)
        restoring.number_on(temporary, _highest(file) if is_there else None, jump=JUMP)
        if is_there:
            _keep_events(file, temporary)
        _begin_generation(temporary, path, aside if is_there else None)
        for suffix in ("-shm", "-wal", ""):
            part = file.with_name(file.name + suffix)
            if part.exists():
                part.replace(aside.with_name(aside.name + suffix))
    return Restored(before=aside if is_there else None, was_damaged=is_there, readable=readable)


def _keep_events(damaged: Path, file: Path) -> None:
    """Keep the events that can be read, and erase again what they say was erased since."""
    names = [column.name for column in events.columns]
    try:
        with contextlib.closing(_open(damaged)) as connection:
            rows = connection.execute(f"SELECT {', '.join(names)} FROM events").fetchall()
    except sqlite3.Error:
        return
    copy = Database(f"sqlite:///{file}")
    try:
        with copy.write() as into:
            known = {seq for (seq,) in into.execute(select(events.c.seq))}
            fresh = [dict(zip(names, row, strict=True)) for row in rows if row[0] not in known]
            if fresh:
                into.execute(events.insert(), fresh)
            erase_again(into)
    finally:
        copy.close()


def _begin_generation(file: Path, path: Path, kept: Path | None) -> None:
    copy = Database(f"sqlite:///{file}")
    try:
        with copy.write() as connection:
            restoring.begin_generation(connection, path, kept)
    finally:
        copy.close()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _count_rows(file: Path) -> dict[str, int]:
    """Count what can be read, table by table; a table that cannot be is left out."""
    found: dict[str, int] = {}
    for table in metadata.sorted_tables:
        with contextlib.suppress(sqlite3.Error):
            found[table.name] = _ask(file, f'SELECT count(*) FROM "{table.name}" NOT INDEXED')
    return found


def _highest(file: Path) -> tuple[int, ...] | None:
    try:
        given = [
            _ask(file, f"SELECT coalesce(max({column}), 0) FROM {table}")
            for column, table in (("seq", "revisions"), ("id", "items"))
        ]
    except sqlite3.Error:
        return None
    with contextlib.suppress(sqlite3.Error):
        return *given, _ask(file, "SELECT coalesce(max(seq), 0) FROM events")
    return *given, 0


def _ask(file: Path, query: str) -> int:
    with contextlib.closing(_open(file)) as connection:
        return int(connection.execute(query).fetchone()[0])


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
