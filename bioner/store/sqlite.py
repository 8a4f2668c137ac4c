"""SQLite as the store needs it: what is on disk when a call returns, and waiting for one's turn."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import (
    Connection,
)
from sqlalchemy.exc import OperationalError

BUSY_MS = 30_000


LOOK_AGAIN_S = 0.003
"""So often a writer looks whether another process has finished writing to the SQLite file."""


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Set a new connection up: WAL, full synchronisation, erased content overwritten."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute("PRAGMA cache_size = -16000")
    cursor.close()


def begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; one that writes waits for its turn first, looking often."""
    # A deferred transaction that turns to writing can fail as busy at once, whatever the timeout.
    if not connection.get_execution_options().get("bioner_write", False):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite's own waiting looks ever more seldom, and starves beside an import's many short turns.
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    until = time.monotonic() + BUSY_MS / 1000
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as error:
                if not _is_busy(error) or time.monotonic() > until:
                    raise
            time.sleep(LOOK_AGAIN_S)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MS}")


def _is_busy(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY
