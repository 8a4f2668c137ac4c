"""A chain of hashes a document, by which a changed or missing revision is noticed.

It finds accidents: a damaged row, a lost one, an edit by hand. Somebody who rewrites the chain too
is not found, but for the tips that older backups hold.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update

from bioner.errors import StoreError
from bioner.store.tables import documents, revisions

FIXED = (
    "op",
    "kind",
    "document",
    "start",
    "end",
    "track",
    "is_correction",
    "covers",
    "verdict",
    "reviewer",
    "model",
    "schema",
    "base",
    "batch",
    "session",
    "target",
    "recorded",
)
"""What of a revision never changes, whatever is erased."""

CONTENT = ("surface", "before", "after", "previous", "note")
"""What an erasure takes away, its keyed hash aside."""

SIZE = 16
"""Bytes of a hash, and of a document's salt."""

PART = 50
"""Documents are chained, and verified, so many at a time."""


def digest_of(salt: str, row: Mapping[str, Any]) -> str:
    """Return the keyed hash of a revision's content."""
    return _hash(_dump([row[name] for name in CONTENT]), bytes.fromhex(salt))


def link_of(before: str, row: Mapping[str, Any], digest: str) -> str:
    """Return what a revision adds to its document's chain, which ended with ``before``."""
    fixed = [bool(row[n]) if n == "is_correction" else row[n] for n in FIXED]
    return _hash(_dump([before, fixed, digest]))


def extend(connection: Connection, values: dict[str, Any]) -> None:
    """Chain a revision that is about to be inserted to its document; others of it wait."""
    row = connection.execute(
        select(documents.c.salt, documents.c.tip)
        .where(documents.c.id == values["document"])
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        raise StoreError("the document is gone; reload")
    salt = row.salt or secrets.token_hex(SIZE)
    values["digest"] = digest_of(salt, values)
    values["chain"] = link_of(row.tip, values, values["digest"])
    connection.execute(
        update(documents)
        .where(documents.c.id == values["document"])
        .values(salt=salt, tip=values["chain"])
    )


def chain_all(connection: Connection) -> None:
    """Chain the revisions of a database that had no chains: the migration's part."""
    known = connection.execute(
        select(documents.c.id, documents.c.erased).order_by(documents.c.id)
    ).all()
    for begin in range(0, len(known), PART):
        _chain_part(connection, {row.id: row.erased for row in known[begin : begin + PART]})


def _chain_part(connection: Connection, erased: Mapping[int, int | None]) -> None:
    columns = [revisions.c[name] for name in ("seq", *FIXED, *CONTENT)]
    rows = connection.execute(
        select(*columns)
        .where(revisions.c.document.in_(erased))
        .order_by(revisions.c.document, revisions.c.seq)
    ).mappings()
    links: list[dict[str, Any]] = []
    tips: list[dict[str, Any]] = []
    for document, log in groupby(rows, key=lambda row: row["document"]):
        salt = None if erased[document] else secrets.token_hex(SIZE)
        tip = ""
        for row in log:
            values = dict(row)
            digest = "" if salt is None else digest_of(salt, values)
            tip = link_of(tip, values, digest)
            links.append({"of": row["seq"], "d": digest, "c": tip})
        tips.append({"of": document, "s": salt, "t": tip})
    if links:
        _write_links(connection, links)
        place = update(documents).where(documents.c.id == bindparam("of"))
        connection.execute(place.values(salt=bindparam("s"), tip=bindparam("t")), tips)


def _write_links(connection: Connection, links: Sequence[dict[str, Any]]) -> None:
    if connection.dialect.name == "sqlite":
        place = update(revisions).where(revisions.c.seq == bindparam("of"))
        connection.execute(place.values(digest=bindparam("d"), chain=bindparam("c")), links)
        return
    connection.execute(
        text(
            "UPDATE revisions SET digest = v.d, chain = v.c FROM unnest("
            "CAST(:seqs AS integer[]), CAST(:digests AS text[]), CAST(:chains AS text[])"
            ") AS v(seq, d, c) WHERE revisions.seq = v.seq"
        ),
        {name: [one[key] for one in links] for name, key in _ARRAYS.items()},
    )


_ARRAYS = {"seqs": "of", "digests": "d", "chains": "c"}


def _hash(content: str, key: bytes = b"") -> str:
    return hashlib.blake2b(content.encode(), digest_size=SIZE, key=key).hexdigest()


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
