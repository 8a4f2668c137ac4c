"""Backups made by themselves: at most one an hour, rotated, one process at a time."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import logging
import os
import re
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bioner.errors import StoreError
from bioner.files import make_private
from bioner.store.copies import backup
from bioner.store.engine import Database
from bioner.store.values import Backup

RECENT = 24
"""So many of the newest automatic backups are kept; of the older ones the last of each day."""

DAYS = 30
PATIENCE_S = 60.0
"""So long one waits for another process that is at work on the backups."""

EVERY = timedelta(hours=1)
SCRATCH = ".scratch-"
_UNFINISHED = re.compile(r"\..+-[0-9a-f]{8}(\.[^.]*)?(-wal|-shm|-journal)?")
_NAME = re.compile(
    r"bioner-(?P<stamp>\d{8}T\d{6}Z)(?:-(?P<number>\d+))?-(?P<reason>[a-z]+)"
    r"(?:-(?P<owner>[0-9a-f]{8}))?\.sqlite3"
)


def owner_of(database: Database, folder: Path) -> str:
    """Return what the names of a database's backups end with: folders may be shared.

    It says where the database's file lies beside the folder, so that both may be moved together, or
    which database of which server it is.
    """
    url, file = database.url, database.file
    place = f"{url.host}:{url.port}/{url.database}"
    if file is not None:
        file, folder = file.resolve(), folder.resolve()
        place = file.as_posix()
        if folder == file.parent.with_name(f"{file.parent.name}-backups"):
            place = file.name  # the folder that a home has by itself, whatever both are called
        else:
            with contextlib.suppress(ValueError):  # another drive of Windows
                place = Path(os.path.relpath(file, folder)).as_posix()
    return hashlib.sha256(place.encode()).hexdigest()[:8]


def owner_in(name: str) -> str:
    """Return whose backup a file is by its name; empty where the name does not say."""
    match = _NAME.fullmatch(name)
    return (match and match["owner"]) or ""


def backups_of(database: Database, folder: Path) -> list[Backup]:
    """Return the automatic backups of a database, newest first, and those that are nobody's."""
    own = owner_of(database, folder)
    return [one for one in list_backups(folder) if owner_in(Path(one.path).name) in ("", own)]


def list_backups(folder: Path) -> list[Backup]:
    """Return the automatic backups of all databases that share the folder, newest first."""
    found: list[tuple[str, int, Backup]] = []
    for path in folder.glob("bioner-*.sqlite3"):
        match = _NAME.fullmatch(path.name)
        if match:
            made = datetime.strptime(match["stamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            with contextlib.suppress(FileNotFoundError):  # another process has just rotated it away
                one = Backup(str(path), match["reason"], path.stat().st_size, made.isoformat())
                found.append((match["stamp"], int(match["number"] or 1), one))
    return [one for *_, one in sorted(found, key=lambda it: it[:2], reverse=True)]


def backup_automatically(database: Database, folder: Path, reason: str) -> Path:
    """Make a backup in the folder and delete those that the rotation no longer keeps."""
    with locked(folder):
        return backup_rotated(database, folder, reason)


def backup_rotated(database: Database, folder: Path, reason: str) -> Path:
    """Do so for a caller that has locked the folder."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    end = f"{reason}-{owner_of(database, folder)}.sqlite3"
    path = folder / f"bioner-{stamp}-{end}"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"bioner-{stamp}-{number}-{end}"
    backup(database, path)
    for old in superseded(backups_of(database, folder)):
        Path(old.path).unlink(missing_ok=True)
    return path


def is_due(database: Database, folder: Path) -> bool:
    """Tell whether the newest backup is an hour old, or seems to come from the future."""
    newest = next(iter(backups_of(database, folder)), None)
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
            if is_due(self._database, self._folder):
                with locked(self._folder):
                    if is_due(self._database, self._folder):  # nobody made it while this one waited
                        backup_rotated(self._database, self._folder, "hourly")
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


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Yield a folder for copies among the backups, where an erasure finds what is left behind.

    For a caller that has locked the folder. Raises StoreError where none can be made.
    """
    try:
        make_private(folder)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as name:
            yield Path(name)
    except OSError as error:
        raise StoreError(f"{folder}: cannot make a copy here: {error}") from error


def sweep(folder: Path, file: Path | None) -> None:
    """Delete the unfinished copies that dead processes have left, here and beside a file.

    For a caller that has locked the folder: nobody else is making a copy.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.startswith(SCRATCH):
            shutil.rmtree(path, ignore_errors=True)
        elif _UNFINISHED.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)
    beside = () if file is None else file.parent.glob(f".{glob.escape(file.stem[:40])}-????????*")
    for path in beside:
        if _UNFINISHED.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


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
