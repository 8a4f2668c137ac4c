"""Which documents are "my test": from when on a project has one, and which documents join it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select, update

from bioner.spans import fingerprint, normalise
from bioner.store.layers import tokens_of
from bioner.store.queue_items import ReviewProgress
from bioner.store.tables import corrections, documents, items

SHARE = 5
"""One document in this many is set aside."""

LEAST_DOCUMENTS = 10
LEAST_SENTENCES = 100
"""A project of fewer documents or sentences has no "my test": too little to tell by."""

PIECE = 400
"""Documents are looked at so many at a time."""

TrainedOn = Callable[[], Collection[str]]
"""Returns the fingerprints of all sentences that any model was trained on."""


def nothing() -> Collection[str]:
    """Return what models were trained on where there is none."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What became of documents that the hash of their words would set aside.

    ``documents`` joined "my test"; ``known`` did not, because a model was trained on a sentence of
    theirs: it would be asked what it was told.
    """

    documents: int = 0
    known: int = 0


def is_chosen(text: str) -> bool:
    """Tell whether a document is of those that are set aside, once there is enough.

    A hash of its words decides, so that equal texts go together, in whatever project.
    """
    words = normalise(text.split())
    digest = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) % SHARE == 0


def is_enough(documents: int, sentences: int) -> bool:
    """Tell whether a project of this size has a "my test"."""
    return documents >= LEAST_DOCUMENTS and sentences >= LEAST_SENTENCES


def said(progress: ReviewProgress) -> str:
    """Say in a sentence what "my test" is in this project, or from when on there will be one."""
    if progress.test_items:
        return (
            f"“My test” holds {progress.test_items:,} of {progress.items:,} sentences: they are "
            "reviewed like the others, never trained on, and show whether a model got better."
        )
    if is_enough(progress.documents, progress.items):
        return "No text has been set aside as “my test” yet: of the next ones one in five will be."
    return (
        f"There is no “my test” yet: it begins with {LEAST_DOCUMENTS} texts and "
        f"{LEAST_SENTENCES} sentences (now {progress.documents:,} and {progress.items:,}); "
        "until then every reviewed sentence can be trained on."
    )


def has_begun(connection: Connection, project: int) -> bool:
    """Tell whether a project is large enough for a "my test"."""
    of = {"documents": documents.c.project == project, "items": items.c.project == project}
    many = connection.execute(select(func.count()).where(of["documents"])).scalar_one()
    if many < LEAST_DOCUMENTS:
        return False
    limit = select(items.c.id).where(of["items"]).limit(LEAST_SENTENCES).subquery()
    found = connection.execute(select(func.count()).select_from(limit)).scalar_one()
    return is_enough(many, found)


def join(
    connection: Connection, project: int, fresh: Sequence[int], *, began: bool, trained: TrainedOn
) -> Joined:
    """Set documents aside: of the ``fresh`` ones, and of all when there is enough for once.

    ``began`` says whether there was enough before. Documents with a settled sentence stay what they
    are, and so do those that a model was trained on.
    """
    if not (began or has_begun(connection, project)):
        return Joined()
    chosen = _chosen(connection, project, fresh if began else None)
    if not chosen:
        return Joined()
    known = _known(connection, chosen, frozenset(trained()))
    joining = [one for one in chosen if one not in known]
    for part in _pieces(joining):
        for table, column in ((documents, documents.c.id), (items, items.c.document)):
            connection.execute(update(table).where(column.in_(part)).values(is_test=True))
    return Joined(documents=len(joining), known=len(known))


def _chosen(connection: Connection, project: int, fresh: Sequence[int] | None) -> list[int]:
    """Return the documents that the hash chooses and nobody has settled a sentence of."""
    settled = exists().where(
        items.c.document == documents.c.id,
        corrections.c.item == items.c.id,
        corrections.c.verdict.is_not(None),
    )
    query = select(documents.c.id, documents.c.text).where(
        documents.c.project == project,
        documents.c.is_test.is_(False),
        documents.c.erased.is_(None),
    )
    if fresh is None:
        rows = connection.execute(query.where(~settled)).all()
        return [row.id for row in rows if is_chosen(row.text)]
    found: list[int] = []
    for part in _pieces(fresh):
        rows = connection.execute(query.where(documents.c.id.in_(part))).all()
        found += [row.id for row in rows if is_chosen(row.text)]
    return found


def _known(connection: Connection, chosen: Sequence[int], trained: frozenset[str]) -> set[int]:
    """Return the documents with a sentence that a model was trained on."""
    known: set[int] = set()
    for part in _pieces(chosen) if trained else ():
        rows = connection.execute(
            select(items.c.document, items.c.start, items.c.end, items.c.tokens, documents.c.text)
            .join(documents, items.c.document == documents.c.id)
            .where(items.c.document.in_(part))
        )
        for row in rows:
            _, tokens = tokens_of(row.text, row.start, row.end, row.tokens)
            if fingerprint(tokens) in trained:
                known.add(row.document)
    return known


def _pieces(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[begin : begin + PIECE] for begin in range(0, len(ids), PIECE))
