"""Copies of the database as files: whole or not there, made while others work."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, insert, inspect, select

from bioner.errors import StoreError
from bioner.files import make_private, staged_file
from bioner.store.engine import Database, read_version, upgrade
from bioner.store.soundness import check, unsound
from bioner.store.tables import clock, metadata


def backup(database: Database, path: Path, *, is_checked: bool = True) -> None:
    """Write a sound copy of the database to ``path``, while others go on working.

    The copy is a SQLite file whatever the database is, so it can be put back into either.
    ``is_checked`` False: whoever wants the copy looks for themselves whether it is sound.
    """
    with replacing(path) as temporary:
        if database.file is not None:
            copy_sqlite(database.file, temporary)
        else:
            copy_rows(database, temporary)
        problem = is_checked and (check(temporary, quickly=True) or unsound(temporary))
        if problem:
            raise StoreError(f"{path}: the backup is not sound ({problem}); it was not kept")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a file beside, which takes the place of ``path`` once it is whole."""
    try:
        make_private(path.parent)
        with staged_file(path) as work:
            work.chmod(0o600)
            try:
                yield work
            finally:
                for suffix in ("-wal", "-shm", "-journal"):
                    work.with_name(work.name + suffix).unlink(missing_ok=True)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: cannot write the copy: {error}; nothing was changed") from error


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database, log and all, while others go on writing."""
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as a,
        contextlib.closing(sqlite3.connect(target)) as b,
    ):
        a.backup(b)
        b.execute("PRAGMA journal_mode = DELETE")


def copy_rows(database: Database, target: Path) -> None:
    """Copy another database's rows into a new SQLite file of the same schema, old or new."""
    copy = create_engine(f"sqlite:///{target}")
    try:
        with database.read() as source, copy.begin() as into:
            version = read_version(source)
            upgrade(into, version)
            into.execute(clock.delete())
            there = inspect(source)
            for table in metadata.sorted_tables:
                if not there.has_table(table.name):
                    continue
                names = {column["name"] for column in there.get_columns(table.name)}
                columns = [column for column in table.c if column.name in names]
                query = select(*columns).execution_options(yield_per=1000)
                place = insert(table)
                for part in source.execute(query).mappings().partitions():
                    into.execute(place, [dict(row) for row in part])
    finally:
        copy.dispose()
