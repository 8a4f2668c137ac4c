"""Copies of the database: made by themselves, rotated, checked, and put back."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, insert, select, text

from bioner.errors import StoreError
from bioner.store import erasing
from bioner.store.engine import HEAD, Database
from bioner.store.tables import items, metadata, revisions
from bioner.store.values import Backup

RECENT = 24
"""So many of the newest automatic backups are kept; of the older ones the last of each day."""

DAYS = 30
EVERY = timedelta(hours=1)
_NAME = re.compile(r"bioner-(\d{8}T\d{6}Z)(?:-\d+)?-([a-z]+)\.sqlite3")
_SEQUENCES = (revisions.c.seq, items.c.id)


def list_backups(folder: Path) -> list[Backup]:
    """Return the automatic backups, newest first."""
    found: list[Backup] = []
    for path in sorted(folder.glob("bioner-*.sqlite3"), reverse=True):
        match = _NAME.fullmatch(path.name)
        if match:
            made = datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            found.append(Backup(str(path), match[2], path.stat().st_size, made.isoformat()))
    return found


def backup_automatically(database: Database, folder: Path, reason: str) -> Path:
    """Make a backup in the folder and delete those that the rotation no longer keeps."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"bioner-{stamp}-{reason}.sqlite3"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"bioner-{stamp}-{number}-{reason}.sqlite3"
    backup(database, path)
    for old in superseded(list_backups(folder)):
        Path(old.path).unlink(missing_ok=True)
    return path


def is_due(folder: Path) -> bool:
    """Tell whether the newest backup is an hour old, or seems to come from the future."""
    newest = next(iter(list_backups(folder)), None)
    if newest is None:
        return True
    age = datetime.now(UTC) - datetime.fromisoformat(newest.created)
    return not timedelta(0) <= age < EVERY


class Hourly:
    """The backup that is made at most once an hour: at opening, and while edits are being saved."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.look_again = time.monotonic() + EVERY.total_seconds()

    def begin(self) -> None:
        """Make the backup beside other work, if an hour has passed; nobody waits for it."""
        with self._lock:
            if time.monotonic() < self.look_again:
                return
            self.look_again = time.monotonic() + EVERY.total_seconds()
            self._thread = threading.Thread(target=self.run_quietly, name="bioner-backup")
            self._thread.start()

    def wait(self) -> None:
        """Wait for a backup that is under way."""
        if self._thread is not None:
            self._thread.join()

    def run_quietly(self) -> None:
        """Make the backup if it is due; one that cannot be made is logged and stops nobody."""
        try:
            if is_due(self._folder):
                backup_automatically(self._database, self._folder, "hourly")
        except StoreError as error:
            logging.getLogger(__name__).warning("no hourly backup: %s", error)


def superseded(backups: list[Backup]) -> list[Backup]:
    """Return what the rotation drops: all but the newest, and the last of each recent day."""
    kept_days: set[str] = set()
    dropped: list[Backup] = []
    for one in backups[RECENT:]:
        day = one.created[:10]
        if day in kept_days or len(kept_days) >= DAYS:
            dropped.append(one)
        kept_days.add(day)
    return dropped


def backup(database: Database, path: Path) -> None:
    """Write a sound copy of the database to ``path``, while others go on working.

    The copy is a SQLite file whatever the database is, so it can be put back into either.
    """
    with _replacing(path) as temporary:
        if database.file is not None:
            _copy_sqlite(database.file, temporary)
        else:
            _copy_rows(database, temporary)
        problem = check(temporary, quickly=True)
        if problem:
            raise StoreError(f"{path}: the backup is not sound ({problem}); it was not kept")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot write the copy: {error}; nothing was changed") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: cannot write the copy: {error}; nothing was changed") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as a,
        contextlib.closing(sqlite3.connect(target)) as b,
    ):
        a.backup(b)
        b.execute("PRAGMA journal_mode = DELETE")


def _copy_rows(database: Database, target: Path) -> None:
    copy = create_engine(f"sqlite:///{target}")
    try:
        with database.read() as source, copy.begin() as into:
            metadata.create_all(into)
            into.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            into.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
            for table in metadata.sorted_tables:
                rows = source.execution_options(yield_per=1000).execute(select(table))
                for part in rows.mappings().partitions():
                    into.execute(insert(table), [dict(row) for row in part])
    finally:
        copy.dispose()


def check(path: Path, *, quickly: bool = False) -> str:
    """Return what is wrong with a backup file, or an empty string.

    ``quickly`` leaves out comparing the indexes with their tables.
    """
    if not path.is_file():
        return "no such file"
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            pragma = "quick_check" if quickly else "integrity_check"
            result = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
            if result != "ok":
                return f"damaged: {result}"
            names = {
                row[0]
                for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            if not {"alembic_version", "projects", "revisions"} <= names:
                return "not a backup of BioNER Studio"
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if version is None or version[0] > HEAD:
                return "made by a newer version; update BioNER Studio"
    except sqlite3.DatabaseError as error:
        return f"not a SQLite database ({error})"
    return ""


def restore(database: Database, path: Path, folder: Path) -> Path:
    """Put a backup in the place of the present content; return the backup of the present.

    All or nothing. Revision and item numbers go on from the highest ever given, so that a browser
    that still shows the old content can never save on top of the restored by a number reused.
    """
    problem = check(path)
    if problem:
        raise StoreError(f"{path}: cannot restore: {problem}; nothing was changed")
    safety = backup_automatically(database, folder, "restore")
    with tempfile.TemporaryDirectory(prefix="bioner-restore-") as scratch:
        copy = Path(scratch) / "restore.sqlite3"
        _copy_sqlite(path, copy)
        incoming = Database(f"sqlite:///{copy}")
        try:
            incoming.migrate(lambda: None)
            _replace_rows(incoming, database)
        finally:
            incoming.close()
    return safety


def erase_in_backups(folder: Path, project: str, document: str) -> int:
    """Erase a document from all automatic backups that hold it; return how many did.

    Raises StoreError naming the backups that could not be read or written, once all others are
    done: they may still hold the text.
    """
    changed = 0
    left: list[str] = []
    for one in list_backups(folder):
        path = Path(one.path)
        try:
            changed += _erase_in_backup(path, project, document)
        except (sqlite3.Error, OSError, StoreError):
            left.append(str(path))
    if left:
        raise StoreError(
            f"{document!r} is erased, but {', '.join(left)} could not be read or written and may "
            "still hold its text: delete what is damaged"
        )
    return changed


def _erase_in_backup(path: Path, project: str, document: str) -> bool:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT 1 FROM documents JOIN projects ON documents.project = projects.id "
            "WHERE projects.name = ? AND documents.name = ? AND documents.erased IS NULL",
            (project, document),
        ).fetchone()
    if found is None:
        return False
    with _replacing(path) as temporary:
        _copy_sqlite(path, temporary)
        _erase_in_file(temporary, project, document)
    return True


def _erase_in_file(path: Path, project: str, document: str) -> None:
    copy = Database(f"sqlite:///{path}")
    try:
        copy.migrate(lambda: None)
        with copy.write() as connection:
            erasing.erase_rows(connection, project, document)
    finally:
        copy.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")


def _replace_rows(incoming: Database, database: Database) -> None:
    with incoming.read() as source, database.write() as into:
        highest = [
            into.execute(select(func.coalesce(func.max(column), 0))).scalar_one()
            for column in _SEQUENCES
        ]
        for table in reversed(metadata.sorted_tables):
            into.execute(table.delete())
        for table in metadata.sorted_tables:
            rows = source.execution_options(yield_per=1000).execute(select(table))
            for part in rows.mappings().partitions():
                into.execute(insert(table), [dict(row) for row in part])
        for column, seen in zip(_SEQUENCES, highest, strict=True):
            _go_on_after(into, database, column.table.name, column.name, seen)
        if not database.is_sqlite:
            for name in ("projects", "documents"):
                _go_on_after(into, database, name, "id", 0)


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
