"""Putting a backup in the place of a database in whatever state: sound, damaged, empty or gone."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bioner.access import Action, Actor, operator
from bioner.errors import StoreError
from bioner.store import backups, copies, restoring, soundness
from bioner.store.engine import Database
from bioner.store.erasing import erase_again
from bioner.store.failures import DatabaseLostError
from bioner.store.restoring import Restored
from bioner.store.store import Store
from bioner.store.tables import events, metadata
from bioner.store.values import Backup

JUMP = 1_000_000
"""Numbers go on so far beyond the backup's where nobody can read what was given since."""


def restore_database(url: str, folder: Path, path: Path, actor: Actor | None = None) -> Restored:
    """Put a backup in the place of the database at ``url``, all or nothing.

    A sound one is backed up first; a damaged one is kept beside as it is. Whoever has the old file
    open goes on in the new one. Raises StoreError, and changes nothing, if the backup is no good.
    """
    actor = actor or operator()
    actor.require(Action.RESTORE)
    try:
        store = Store(url, folder, actor=actor)
    except DatabaseLostError:
        return _replace_file(Database(url), folder, path, actor.name)
    try:
        file = store.database.file
        if file is None or not soundness.check(file, quickly=True):
            # Where nothing was ever recorded, nobody knows what was erased.
            has_record = bool(store.events(limit=1))
            done = store.restore(path)
            return replace(done, knows_erased=done.knows_erased and has_record)
    finally:
        store.close()
    return _replace_file(store.database, folder, path, actor.name)


def place_of(url: str) -> str:
    """Return where a database in whatever state is, for a message, without a password."""
    database = Database(url)
    try:
        return database.place
    finally:
        database.close()


def backups_beside(url: str, folder: Path) -> list[Backup]:
    """Return the backups of a database in whatever state, newest first."""
    database = Database(url)
    try:
        return backups.backups_of(database, folder)
    finally:
        database.close()


def _replace_file(database: Database, folder: Path, path: Path, who: str) -> Restored:
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
        knows_erased = is_there and _keep_events(file, temporary)
        _begin_generation(temporary, path, aside if is_there else None, who)
        for suffix in ("-shm", "-wal", ""):
            part = file.with_name(file.name + suffix)
            if part.exists():
                part.replace(aside.with_name(aside.name + suffix))
    return Restored(
        before=aside if is_there else None,
        was_damaged=is_there,
        readable=readable,
        knows_erased=knows_erased,
    )


def _keep_events(damaged: Path, file: Path) -> bool:
    """Keep the events that can be read, and erase again what they say was erased since.

    Returns whether all of them could be read.
    """
    rows, is_whole = _readable_events(damaged)
    copy = Database(f"sqlite:///{file}")
    try:
        with copy.write() as into:
            known = {seq for (seq,) in into.execute(select(events.c.seq))}
            fresh = [row for seq, row in sorted(rows.items()) if seq not in known]
            if fresh:
                into.execute(events.insert(), fresh)
            return erase_again(into) and is_whole
    finally:
        copy.close()


def _readable_events(damaged: Path) -> tuple[dict[int, dict[str, Any]], bool]:
    """Return the events by number that can be read from either end, and whether these are all."""
    names = [column.name for column in events.columns]
    found: dict[int, dict[str, Any]] = {}
    is_whole = True
    for order in ("seq", "seq DESC"):
        try:
            with contextlib.closing(_open(damaged)) as connection:
                query = f"SELECT {', '.join(names)} FROM events ORDER BY {order}"
                for row in connection.execute(query):
                    one = dict(zip(names, row, strict=True))
                    seq = one.pop("seq")
                    if isinstance(seq, int) and all(isinstance(it, str) for it in one.values()):
                        found[seq] = {"seq": seq, **one}
                    else:
                        is_whole = False
        except (sqlite3.Error, UnicodeDecodeError):
            is_whole = False
    return found, is_whole


def _begin_generation(file: Path, path: Path, kept: Path | None, who: str) -> None:
    copy = Database(f"sqlite:///{file}")
    try:
        with copy.write() as connection:
            restoring.begin_generation(connection, path, kept, who)
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
