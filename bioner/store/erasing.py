"""Erasing a document: its text and the content of its revisions go, the record of it stays."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from bioner.store import projects
from bioner.store.documents import find_document
from bioner.store.log import Author, append, revision_of
from bioner.store.tables import documents, items, revisions
from bioner.store.values import Revision, new_op


def erase(connection: Connection, project: str, document: str, reviewer: str, op: str) -> Revision:
    """Empty a document and its revisions, delete its items, and append that this was done.

    Of a document that was erased already, what is left is emptied and its record returned.
    """
    projects.require(projects.find(connection, project).project, reviewer, "curator")
    return erase_rows(connection, project, document, reviewer, op)


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
    connection.execute(
        update(revisions)
        .where(revisions.c.document == row.id)
        .values(surface=None, before=None, after=None, note=None, previous="{}")
    )
    connection.execute(delete(items).where(items.c.document == row.id))
    connection.execute(
        update(documents)
        .where(documents.c.id == row.id)
        .values(text=None, attributes=None, relations=None, erased=revision.seq)
    )
    return revision
