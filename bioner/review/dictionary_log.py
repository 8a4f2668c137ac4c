"""What people decided about a dictionary's terms: an append-only log, and what it comes to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bioner.errors import BionerError
from bioner.review.dictionary import LOG, change_of
from bioner.review.dictionary_terms import write_terms
from bioner.review.terms import Change, DictionaryError

SPLIT = " / "
"""Between a term's key and the spelling for which a part of it was taken out."""
_FIELDS = {"keep": "status", "drop": "status", "retype": "label", "prefer": "preferred"}
_STATUS = {"keep": "kept", "drop": "dropped"}


@contextmanager
def keep_log(former: Path, database: sqlite3.Connection) -> Iterator[None]:
    """Take the log of the dictionary that stood there over; nobody adds to it meanwhile."""
    if not former.is_file():
        yield
        return
    with closing(sqlite3.connect(former, isolation_level=None)) as old:
        try:
            old.execute("BEGIN IMMEDIATE")
            rows = old.execute("SELECT * FROM log ORDER BY seq").fetchall()
        except sqlite3.DatabaseError as error:
            raise DictionaryError(
                f"{former}: cannot be read ({error}), and what was decided in it would be lost; "
                "move it away, or give the new dictionary another name"
            ) from error
        database.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        yield


def replay(database: sqlite3.Connection) -> int:
    """Apply the whole log to the spellings as they were built; return how many no longer apply."""
    touched: set[str] = set()
    stale = 0
    rows = database.execute(f"{LOG} ORDER BY seq").fetchall()
    for change in map(change_of, rows):
        if change.undone or change.action == "undo":
            continue
        try:
            touched |= apply(database, change)
        except BionerError:
            stale += 1
    write_terms(database, sorted(touched))
    return stale


def apply(database: sqlite3.Connection, change: Change) -> set[str]:
    """Apply one change and return the keys of the terms that it touches, or made.

    Raises DictionaryError where one of its terms, or a spelling of it, is not there.
    """
    for key in change.keys:
        _check(database, key)
    if change.action == "merge":
        _check(database, change.value)
        for key in change.keys:
            database.execute("UPDATE forms SET term = ? WHERE term = ?", (change.value, key))
        return {*change.keys, change.value}
    if change.action == "split":
        return _split(database, change)
    for key in change.keys:
        if change.action == "prefer":
            _check_spelling(database, key, change.value)
        value = _STATUS.get(change.action, change.value)
        what = _FIELDS.get(change.action, "identifier")
        database.execute("INSERT OR REPLACE INTO chosen VALUES (?, ?, ?)", (key, what, value))
        if change.action == "retype":
            database.execute("INSERT OR IGNORE INTO chosen VALUES (?, 'status', 'kept')", (key,))
    return set(change.keys)


def _split(database: sqlite3.Connection, change: Change) -> set[str]:
    [key] = change.keys
    for surface in change.surfaces:
        _check_spelling(database, key, surface)
    new = f"{key}{SPLIT}{change.surfaces[0]}"
    places = ",".join("?" * len(change.surfaces))
    left = database.execute(
        f"SELECT COUNT(*) FROM forms WHERE term = ? AND surface NOT IN ({places})",
        (key, *change.surfaces),
    ).fetchone()[0]
    if not left:
        raise DictionaryError(f"{key!r}: all its spellings would leave it; name some of them")
    database.execute(
        f"UPDATE forms SET term = ? WHERE term = ? AND surface IN ({places})",
        (new, key, *change.surfaces),
    )
    return {key, new}


def _check(database: sqlite3.Connection, key: str) -> None:
    if database.execute("SELECT 1 FROM forms WHERE term = ? LIMIT 1", (key,)).fetchone() is None:
        raise DictionaryError(f"{key!r}: no such term in this dictionary")


def _check_spelling(database: sqlite3.Connection, key: str, surface: str) -> None:
    query = "SELECT 1 FROM forms WHERE term = ? AND surface = ?"
    if database.execute(query, (key, surface)).fetchone() is None:
        raise DictionaryError(f"{surface!r} is no spelling of the term {key!r}")
