"""Erasing a document, from the copies too: its text and revisions' content go, the record stays."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bioner.access import Action
from bioner.errors import StoreError
from bioner.store import projects
from bioner.store.backups import list_backups, owner_in, owner_of
from bioner.store.copies import copy_sqlite, replacing
from bioner.store.decisions import forget
from bioner.store.documents import find_document
from bioner.store.engine import Database, read_generation
from bioner.store.events import record_event
from bioner.store.examples import forget_examples
from bioner.store.log import Author, append, revision_of
from bioner.store.tables import documents, events, items, revisions
from bioner.store.tables import projects as projects_table
from bioner.store.values import Revision, new_op


def erase(connection: Connection, project: str, document: str, reviewer: str, op: str) -> Revision:
    """Empty a document and its revisions, delete its items, and append that this was done.

    Of a document that was erased already, what is left is emptied and its record returned.
    """
    projects.require(projects.find(connection, project).project, reviewer, Action.ERASE)
    revision = erase_rows(connection, project, document, reviewer, op)
    number = find_document(connection, projects.find(connection, project).id, document).id
    facts = {"document": document, "number": number}
    record_event(connection, "erase", project=project, who=reviewer, after=facts)
    return revision


def erase_again(connection: Connection) -> bool:
    """Erase from what was restored whatever had been erased since: copies elsewhere hold it.

    Returns whether all records of erasures could be read.
    """
    is_whole = True
    for row in connection.execute(select(events).where(events.c.kind == "erase")).all():
        facts = _facts_of(row.after)
        if facts is None:
            is_whole = False
            continue
        found = connection.execute(
            select(documents.c.id)
            .join(projects_table, documents.c.project == projects_table.c.id)
            .where(
                documents.c.id == facts["number"],
                documents.c.name == facts["document"],
                documents.c.erased.is_(None),
                projects_table.c.name == row.project,
            )
        ).first()
        if found is not None:
            erase_rows(connection, row.project, facts["document"], row.who)
    return is_whole


def _facts_of(written: str) -> dict[str, Any] | None:
    """Return which document an erasure was of; None where its record is damaged."""
    try:
        facts = json.loads(written)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or not isinstance(facts.get("document"), str):
        return None
    return facts if isinstance(facts.get("number"), int) else None


def erase_rows(
    connection: Connection, project: str, document: str, reviewer: str = "", op: str = ""
) -> Revision:
    """Erase without asking who may: for a copy of a database whose own erasure was allowed."""
    stored = projects.find(connection, project)
    row = find_document(connection, stored.id, document)
    if row.erased is None:
        author = Author(reviewer=reviewer, op=op or new_op(), kind="erase")
        revision = append(connection, stored.project.name, row, author, surface=None)
    else:
        known = connection.execute(select(revisions).where(revisions.c.seq == row.erased)).one()
        revision = revision_of(known, stored.project.name, row.name)
    forget(connection, row.id)
    forget_examples(connection, stored, row.name)
    connection.execute(
        update(revisions)
        .where(revisions.c.document == row.id)
        .values(surface=None, before=None, after=None, note=None, previous="{}")
    )
    connection.execute(delete(items).where(items.c.document == row.id))
    connection.execute(
        update(documents)
        .where(documents.c.id == row.id)
        .values(text=None, attributes=None, relations=None, salt=None, erased=revision.seq)
    )
    return revision


_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A document that is erased from copies; ``text`` is None where it was erased before."""

    project: str
    document: str
    number: int
    text: str | None
    generation: str

    def is_in(self, path: Path, *, is_own: bool) -> bool:
        """Tell whether a copy holds it; another database's, only if it is the very text.

        Two databases that share a folder may have texts of one name, and one that was moved has
        copies there that look like another's.
        """
        query = (
            "SELECT documents.id, documents.text FROM documents "
            "JOIN projects ON documents.project = projects.id "
            "WHERE projects.name = ? AND documents.name = ? AND documents.erased IS NULL"
        )
        with contextlib.closing(sqlite3.connect(path)) as connection:
            found = connection.execute(query, (self.project, self.document)).fetchone()
            if found is None or is_own:
                return found is not None
            if self.text is not None and found[1] == self.text:
                return True
            return bool(found[0] == self.number and _generation(connection) == self.generation)


def _generation(connection: sqlite3.Connection) -> str | None:
    """Return a copy's generation; None for one that was made before there were any."""
    try:
        return str(connection.execute("SELECT generation FROM clock").fetchone()[0]) or None
    except (sqlite3.OperationalError, TypeError):
        return None


def wanted(connection: Connection, project: str, document: str) -> Wanted:
    """Return what is to be erased, before it is."""
    row = find_document(connection, projects.find(connection, project).id, document)
    return Wanted(
        project=project,
        document=document,
        number=row.id,
        text=row.text,
        generation=read_generation(connection),
    )


def erase_in_backups(database: Database, folder: Path, what: Wanted) -> int:
    """Erase a document from all files of the folder that hold it, and from those put aside.

    Returns how many did.

    Raises StoreError naming the backups that could not be read or written, once all others are
    done: they may still hold the text.
    """
    changed = 0
    left: list[str] = []
    own = owner_of(database, folder)
    aside = database.put_aside()
    for path in (*_databases(folder), *aside):
        try:
            if what.is_in(path, is_own=path in aside or owner_in(path.name) in ("", own)):
                with replacing(path) as temporary:
                    copy_sqlite(path, temporary)
                    _erase_in_file(temporary, what.project, what.document)
                changed += 1
        except (sqlite3.Error, OSError, StoreError):
            left.append(str(path))
    if left:
        raise StoreError(
            f"{what.document!r} is erased, but {', '.join(left)} could not be read or written and "
            "may still hold its text: delete what is damaged"
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


def _erase_in_file(path: Path, project: str, document: str) -> None:
    copy = Database(f"sqlite:///{path}")
    try:
        copy.migrate(lambda: None)
        with copy.write() as connection:
            erase_rows(connection, project, document)
    finally:
        copy.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
