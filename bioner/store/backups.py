"""Copies of the database: made by themselves, rotated, checked, and put back."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, insert, select, text

from bioner.errors import StoreError
from bioner.files import staged_file
from bioner.store import erasing
from bioner.store.engine import HEAD, Database
from bioner.store.tables import items, metadata, revisions
from bioner.store.values import Backup, DatabaseLostError

RECENT = 24
"""So many of the newest automatic backups are kept; of the older ones the last of each day."""

DAYS = 30
PATIENCE_S = 60.0
"""So long one waits for another process that is at work on the backups."""

EVERY = timedelta(hours=1)
_NAME = re.compile(r"bioner-(\d{8}T\d{6}Z)(?:-\d+)?-([a-z]+)\.sqlite3")
_MAGIC = b"SQLite format 3\0"
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
    with locked(folder):
        return backup_rotated(database, folder, reason)


def backup_rotated(database: Database, folder: Path, reason: str) -> Path:
    """Do so for a caller that has locked the folder."""
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


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder of backups alone: no copy is begun, rotated or erased from meanwhile.

    A folder that cannot be written to holds nobody up. Raises StoreError where another process has
    it for longer than ``PATIENCE_S``.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(
            folder.with_name(f".{folder.name}.lock"), timeout=PATIENCE_S, isolation_level=None
        )
    except (OSError, sqlite3.Error):
        yield
        return
    with contextlib.closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreError(
                    f"{folder}: another process is at work on the backups; try again"
                ) from error
        yield


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
    with replacing(path) as temporary:
        if database.file is not None:
            _copy_sqlite(database.file, temporary)
        else:
            _copy_rows(database, temporary)
        problem = check(temporary, quickly=True) or unsound(temporary)
        if problem:
            raise StoreError(f"{path}: the backup is not sound ({problem}); it was not kept")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a file beside, which takes the place of ``path`` once it is whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with staged_file(path) as work:
            work.chmod(0o600)
            try:
                yield work
            finally:
                for suffix in ("-wal", "-shm", "-journal"):
                    work.with_name(work.name + suffix).unlink(missing_ok=True)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: cannot write the copy: {error}; nothing was changed") from error


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
    with tempfile.TemporaryDirectory(prefix="bioner-restore-") as scratch:
        copy = Path(scratch) / "restore.sqlite3"
        bring_up_to_date(path, copy)
        incoming = Database(f"sqlite:///{copy}")
        try:
            # Alone from the copy of the present on: what is saved meanwhile would be in neither.
            with locked(folder), incoming.read() as source, database.write(alone=True) as into:
                safety = backup_rotated(database, folder, "restore")
                _replace_rows(source, into, database)
        finally:
            incoming.close()
    return safety


def bring_up_to_date(path: Path, copy: Path) -> None:
    """Copy a backup and migrate the copy; raise StoreError if it would not restore."""
    _copy_sqlite(path, copy)
    incoming = Database(f"sqlite:///{copy}")
    try:
        incoming.migrate(lambda: None)
    finally:
        incoming.close()
    problem = unsound(copy)
    if problem:
        raise StoreError(f"{path}: cannot restore: {problem}; nothing was changed")


def number_on(path: Path, highest: tuple[int, int] | None, *, jump: int) -> None:
    """Let revisions and items go on after the highest numbers given, or far beyond if unknown."""
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
    found = list_backups(folder)
    if found:
        raise DatabaseLostError(
            f"{file}: the database is gone, but {len(found)} backups lie in {folder}: put the "
            f"newest back with `python -m bioner review restore {found[0].path}`, or begin anew "
            "by moving them elsewhere"
        )


_HEADS = """
    SELECT corrections.item FROM corrections
    JOIN items ON items.id = corrections.item
    LEFT JOIN revisions ON revisions.seq = corrections.head
    WHERE revisions.seq IS NULL
       OR (revisions.document, revisions.start, revisions."end", revisions.track)
          != (items.document, items.start, items."end", corrections.track)
       OR corrections.mentions IS NOT CASE WHEN revisions.is_correction THEN revisions.after END
       OR corrections.verdict IS NOT revisions.verdict
       OR corrections.covers != revisions.covers
       OR corrections.note IS NOT coalesce(revisions.note, '')
       OR EXISTS (
            SELECT 1 FROM revisions AS later
            WHERE later.document = items.document AND later.start = items.start
              AND later."end" = items."end" AND later.track = corrections.track
              AND later.seq > corrections.head AND later.after IS NOT NULL
       )
    LIMIT 1
"""
"""An item whose state is not what its newest revision says."""

_ERASED = """
    SELECT documents.name FROM documents
    LEFT JOIN revisions ON revisions.seq = documents.erased
    WHERE documents.erased IS NOT NULL AND (revisions.seq IS NULL OR documents.text IS NOT NULL)
    LIMIT 1
"""


def unsound(path: Path) -> str:
    """Return why a copy of the newest schema would not restore to one moment's state, or ''.

    Every link leads somewhere, and every item is what its newest revision made of it.
    """
    with contextlib.closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    ) as connection:
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            return f"damaged: row {broken[1]} of {broken[0]} belongs to no row of {broken[2]}"
        torn = connection.execute(_HEADS).fetchone()
        if torn is not None:
            return f"damaged: item {torn[0]} is not what its newest revision says"
        left = connection.execute(_ERASED).fetchone()
        return "" if left is None else f"damaged: {left[0]!r} is only half erased"


def erase_in_backups(folder: Path, project: str, document: str, aside: Iterable[Path] = ()) -> int:
    """Erase a document from all files of the folder that hold it, and from those put aside.

    Returns how many did.

    Raises StoreError naming the backups that could not be read or written, once all others are
    done: they may still hold the text.
    """
    changed = 0
    left: list[str] = []
    for path in (*_databases(folder), *aside):
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


def _databases(folder: Path) -> list[Path]:
    """Return the folder's files that are databases, whatever their names, or are named like one."""
    found = [Path(one.path) for one in list_backups(folder)]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and path not in found:
            with path.open("rb") as file:
                if file.read(len(_MAGIC)) == _MAGIC:
                    found.append(path)
    return found


def _erase_in_backup(path: Path, project: str, document: str) -> bool:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT 1 FROM documents JOIN projects ON documents.project = projects.id "
            "WHERE projects.name = ? AND documents.name = ? AND documents.erased IS NULL",
            (project, document),
        ).fetchone()
    if found is None:
        return False
    with replacing(path) as temporary:
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


def _replace_rows(source: Connection, into: Connection, database: Database) -> None:
    highest = _given(into)
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


def _given(connection: Connection) -> list[int]:
    """Return the highest number of a revision, and of an item."""
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
