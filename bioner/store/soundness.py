"""Whether a copy of the database would restore to one moment's state."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from bioner.store.engine import HEAD


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
