"""Whether anything that was saved has been changed or lost since: the chains, walked."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bioner.errors import StoreError
from bioner.store.backups import backups_of, locked, scratch
from bioner.store.chains import digest_of, link_of
from bioner.store.copies import backup
from bioner.store.engine import HEAD, Database
from bioner.store.soundness import check, unsound

FEW = 3
"""So many of the newest backups are compared where not all is looked at."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What there is, and each thing found changed or missing, in a sentence.

    ``share``: of so many documents one was looked at; ``backups``: so many were compared.
    """

    documents: int
    revisions: int
    backups: int
    problems: tuple[str, ...]
    share: int = 1


def verify(database: Database, folder: Path, *, most: int | None = None) -> Verified:
    """Walk every chain of one moment's copy, and compare it with the tips in the backups.

    ``most``: in a database of more revisions, some of the documents, chosen anew each time, so that
    about so many revisions are walked, and the newest backups alone. Raises StoreError if the copy
    cannot be made or the database is no database any more.
    """
    with locked(folder), scratch(folder) as work:
        copy = work / "copy.sqlite3"
        backup(database, copy, is_checked=False)
        problem = check(copy, quickly=True)
        if problem:
            raise StoreError(f"{database.place}: {problem}; restore a backup")
        documents, revisions = _read(copy, _counts)
        share = 1 if most is None else -(-revisions // most) or 1
        chosen = (share, random.randrange(share))
        found = [*filter(None, [unsound(copy)]), *_read(copy, lambda it: _walk(it, *chosen))]
        compared = 0
        for one in backups_of(database, folder)[: None if share == 1 else FEW]:
            with contextlib.suppress(sqlite3.Error):
                lost = _compare(copy, Path(one.path))
                if lost is not None:
                    compared += 1
                    found += lost
    return Verified(
        documents=documents,
        revisions=revisions,
        backups=compared,
        problems=tuple(dict.fromkeys(found)),
        share=share,
    )


def _read(path: Path, work: Any) -> list[Any]:
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as it:
        it.row_factory = sqlite3.Row
        return list(work(it))


def _counts(connection: sqlite3.Connection) -> Iterator[int]:
    for table in ("documents", "revisions"):
        yield connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def _walk(connection: sqlite3.Connection, share: int, rest: int) -> Iterator[str]:
    """Walk the chains, document by document; yield what is wrong with each.

    Of the documents those whose number leaves this rest when divided by ``share``.
    """
    log = connection.execute(
        "SELECT * FROM revisions WHERE document % ? = ? ORDER BY document, seq", (share, rest)
    )
    chains = groupby(log, key=lambda row: row["document"])
    current = next(chains, None)
    query = (
        "SELECT documents.*, projects.name AS project_name FROM documents "
        "JOIN projects ON projects.id = documents.project WHERE documents.id % ? = ? "
        "ORDER BY documents.id"
    )
    for document in connection.execute(query, (share, rest)):
        rows: list[Any] = []
        if current is not None and current[0] == document["id"]:
            rows = list(current[1])
            current = next(chains, None)
        where = f"{document['project_name']}, document {document['name']!r}"
        for said in _walk_one(document, rows):
            yield f"{where}: {said}"


def _walk_one(document: Any, rows: list[Any]) -> Iterator[str]:
    known = {row["seq"] for row in rows}
    tip = ""
    for row in rows:
        seq = row["seq"]
        if link_of(tip, row, row["digest"]) != row["chain"]:
            gone = row["base"] if row["base"] and row["base"] not in known else 0
            if gone:
                yield f"revision {gone} is missing"
            else:
                yield f"revision {seq} was changed, or one before it is missing"
        tip = row["chain"]
        if document["erased"] is not None:
            if any(row[name] is not None for name in ("surface", "before", "after", "note")):
                yield f"revision {seq} holds a text although the document is erased"
            continue
        if document["salt"] is None or digest_of(document["salt"], row) != row["digest"]:
            yield f"the content of revision {seq} was changed"
        elif row["surface"] and row["surface"] != document["text"][row["start"] : row["end"]]:
            yield f"the text differs from the one that revision {seq} was made on"
    if tip != document["tip"]:
        yield "its newest revision is missing" if rows else "all its revisions are missing"


def _compare(copy: Path, older: Path) -> list[str] | None:
    """Return what a backup of the same generation has and the copy lacks; None: not comparable."""
    with contextlib.closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as it:
        it.execute("ATTACH ? AS older", (f"{older.absolute().as_uri()}?mode=ro",))
        version = it.execute("SELECT version_num FROM older.alembic_version").fetchone()
        if version is None or version[0] != HEAD:
            return None
        if it.execute(
            "SELECT 1 FROM main.clock JOIN older.clock ON main.clock.generation != "
            "older.clock.generation"
        ).fetchone():
            return None
        lost = it.execute(
            "SELECT projects.name, documents.name FROM older.documents AS documents "
            "JOIN older.projects AS projects ON projects.id = documents.project "
            "WHERE NOT EXISTS (SELECT 1 FROM main.documents AS d WHERE d.id = documents.id) "
            # An erasure is a revision of its own in each copy: the one before it is the same.
            "OR EXISTS (SELECT 1 FROM older.revisions AS last WHERE last.seq = (SELECT max(seq) "
            "FROM older.revisions AS r WHERE r.document = documents.id AND r.kind != 'erase') "
            "AND NOT EXISTS (SELECT 1 FROM main.revisions AS r "
            "WHERE r.document = documents.id AND r.chain = last.chain))"
        ).fetchall()
    return [
        f"{project}, document {name!r}: what the backup {older.name} holds of it is missing or "
        "was changed"
        for project, name in lost
    ]
