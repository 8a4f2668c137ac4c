"""What a database refuses, in a person's words."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bioner.errors import StoreError
from bioner.store.failures import DatabaseLostError

ABOUT_DATABASE = (OverflowError, UnicodeEncodeError, PoolTimeoutError, DBAPIError)
"""What a database and its driver raise; all of it passes through ``refusal_of``."""


def refusal_of(error: Exception, place: str) -> StoreError | None:
    """Return the refusal that a person can read; None for a fault of ours."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.ProgrammingError):
        return None
    if isinstance(error, DBAPIError) and _is_damaged(error):
        return lost(place, f"not a sound database ({error.orig})")
    return StoreError(f"{place}: nothing was saved: {_reason(error)}")


def lost(place: str, reason: str) -> DatabaseLostError:
    """Make the refusal of a database that a backup has to take the place of."""
    return DatabaseLostError(
        f"{place}: {reason}; restore a backup with `python -m bioner review restore`"
    )


def _is_damaged(error: DBAPIError) -> bool:
    known = (DataError, IntegrityError, OperationalError)
    return isinstance(error.orig, sqlite3.DatabaseError) and not isinstance(error, known)


def _reason(error: Exception) -> str:
    if isinstance(error, OverflowError):
        return "a number is beyond 64 bit"
    if isinstance(error, UnicodeEncodeError):
        return "a text holds half a character (a lone surrogate); read the file as UTF-8"
    if isinstance(error, PoolTimeoutError):
        return "too many people act at once; try again"
    if isinstance(error, IntegrityError):
        return (
            f"what it belongs to was changed meanwhile ({_first_line(error)}); reload and try again"
        )
    assert isinstance(error, DBAPIError)
    mend = _MENDS.get(_code_of(error), "")
    return f"{_first_line(error)}; {mend}" if mend else _first_line(error)


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or [""])[0]


def _code_of(error: DBAPIError) -> int | str:
    """Return the database's own code: SQLite's primary one, or the class of a SQLSTATE."""
    number = getattr(error.orig, "sqlite_errorcode", None)
    if number is not None:
        return int(number) & 0xFF
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        is_server = isinstance(error, OperationalError) and not isinstance(
            error.orig, sqlite3.Error
        )
        return "08" if is_server else ""
    return str(state)[:2]


_ROOM = "make room on the disk and save again"
_PLACE = "check that the place exists and may be written"
_MENDS: dict[int | str, str] = {
    sqlite3.SQLITE_FULL: _ROOM,
    sqlite3.SQLITE_IOERR: _ROOM,
    "53": _ROOM,
    sqlite3.SQLITE_BUSY: "another process is writing, save again",
    sqlite3.SQLITE_LOCKED: "another process is writing, save again",
    "40": "others changed the same at once, save again",
    sqlite3.SQLITE_CANTOPEN: _PLACE,
    sqlite3.SQLITE_READONLY: _PLACE,
    "08": "check that the server runs and can be reached",
    "57": "the server is starting or stopping, try again",
    "42": "check that the database's user may read and write all its tables",
}
"""How to mend what the database says, by its code."""
