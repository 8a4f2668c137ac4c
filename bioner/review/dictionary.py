"""Dictionary: the terms that a collection of texts yields, kept in one file, by concept."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from bioner.review.terms import (
    STATUSES,
    About,
    Change,
    DictionaryError,
    Example,
    Order,
    Term,
    TermStatus,
    Variant,
    Wanted,
)
from bioner.settings import Settings
from bioner.variants import name_key

SUFFIX = ".dictionary"
FORMAT = 1
PAGE = 50
ALL = Wanted()
LOG = (
    "SELECT *, action != 'undo' AND "
    "CAST(seq AS TEXT) IN (SELECT value FROM log WHERE action = 'undo') AS undone FROM log"
)
"""The log, each line with whether a later one took it back."""
NEWEST = f"SELECT * FROM ({LOG}) WHERE NOT undone AND action != 'undo' ORDER BY seq DESC LIMIT 1"
"""The decision that an undo takes back."""
_UNLIKE = (
    "key IN (SELECT f.term FROM told t JOIN forms f ON f.id = t.form "
    "GROUP BY f.term HAVING COUNT(DISTINCT t.identifier) > 1)"
)
_NAME = re.compile(r"[\w][\w .-]{0,79}")

_BY: dict[Order, str] = {
    "mentions": "mentions DESC, key",
    "documents": "documents DESC, mentions DESC, key",
    "confidence": "score DESC, mentions DESC, key",
    "name": "key",
}


class Dictionary:
    """A dictionary to read; what changes it are ``dictionary_build`` and ``curation``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name.removesuffix(SUFFIX)
        self.about()

    def about(self) -> About:
        """Return what it was made of. Raises DictionaryError for what is no dictionary."""
        with reading(self.path) as database:
            meta = read_meta(database)
            terms = database.execute("SELECT COUNT(*) FROM terms").fetchone()[0]
        return About(
            name=self.name,
            source=str(meta.get("source", "")),
            model=str(meta.get("model", "")),
            built=str(meta.get("built", "")),
            documents=int(meta.get("documents", 0)),
            mentions=int(meta.get("mentions", 0)),
            terms=terms,
        )

    def count(self, wanted: Wanted = ALL) -> int:
        """Count the terms."""
        with reading(self.path) as database:
            where, values = _where(database, wanted)
            found = database.execute(f"SELECT COUNT(*) FROM terms {where}", values).fetchone()
        return int(found[0])

    def statuses(self) -> dict[TermStatus, int]:
        """Count the terms by status."""
        with reading(self.path) as database:
            rows = database.execute("SELECT status, COUNT(*) FROM terms GROUP BY status").fetchall()
        return {status: dict(rows).get(status, 0) for status in STATUSES}

    def labels(self) -> list[str]:
        """Return the types that its terms have."""
        with reading(self.path) as database:
            rows = database.execute("SELECT DISTINCT label FROM terms ORDER BY label").fetchall()
        return [row[0] for row in rows]

    def terms(
        self,
        wanted: Wanted = ALL,
        *,
        order: Order = "mentions",
        limit: int = PAGE,
        offset: int = 0,
    ) -> list[Term]:
        """Return a page of terms."""
        with reading(self.path) as database:
            where, values = _where(database, wanted)
            query = f"SELECT * FROM terms {where} ORDER BY {_BY[order]} LIMIT ? OFFSET ?"
            return [_term(row) for row in database.execute(query, (*values, limit, offset))]

    def every(self, wanted: Wanted = ALL) -> Iterator[Term]:
        """Yield all the terms, the most frequent first, in constant memory."""
        with reading(self.path) as database:
            where, values = _where(database, wanted)
            rows = database.execute(
                f"SELECT * FROM terms {where} ORDER BY mentions DESC, key", values
            )
            for row in rows:
                yield _term(row)

    def term(self, name: str) -> Term:
        """Return the term that has this spelling, or this key. Raises DictionaryError."""
        with reading(self.path) as database:
            return _term(
                database.execute(
                    "SELECT * FROM terms WHERE key = ?", (key_of(database, name),)
                ).fetchone()
            )

    def variants(self, key: str) -> list[Variant]:
        """Return a term's spellings, the most frequent first."""
        with reading(self.path) as database:
            return read_variants(database, key)

    def examples(self, key: str, limit: int = 3) -> list[Example]:
        """Return places where the term stands, of different spellings first."""
        query = (
            "SELECT d.name, e.before, e.surface, e.after FROM examples e "
            "JOIN forms f ON f.id = e.form JOIN documents d ON d.id = e.document "
            "WHERE f.term = ? ORDER BY e.number, f.mentions DESC, d.id LIMIT ?"
        )
        with reading(self.path) as database:
            rows = database.execute(query, (key, limit)).fetchall()
        return [Example(document=d, before=b, surface=s, after=a) for d, b, s, a in rows]

    def told_ids(self, keys: Sequence[str]) -> dict[str, tuple[tuple[str, int], ...]]:
        """Return which concepts the marks of terms stand for, the most frequent first.

        Of a dictionary that an earlier version made nothing is known.
        """
        found: dict[str, list[tuple[str, int]]] = {}
        places = ",".join("?" * len(keys))
        query = (
            "SELECT f.term, t.identifier, SUM(t.mentions) AS n FROM told t "
            f"JOIN forms f ON f.id = t.form WHERE f.term IN ({places}) "
            "GROUP BY f.term, t.identifier ORDER BY n DESC, t.identifier"
        )
        with reading(self.path) as database:
            if _knows_ids(database):
                for key, identifier, count in database.execute(query, tuple(keys)):
                    found.setdefault(key, []).append((identifier, count))
        return {key: tuple(told) for key, told in found.items()}

    def sharing(self, term: Term) -> list[str]:
        """Return what other terms are called that have this one's concept."""
        query = "SELECT preferred FROM terms WHERE identifier = ? AND key != ? ORDER BY preferred"
        with reading(self.path) as database:
            rows = database.execute(query, (term.identifier, term.key)).fetchall()
        return [row[0] for row in rows] if term.identifier else []

    def newest(self) -> Change | None:
        """Return the newest decision that stands, which an undo takes back; None: there is none."""
        with reading(self.path) as database:
            row = database.execute(NEWEST).fetchone()
        return None if row is None else change_of(row)

    def log(self, limit: int = 200) -> list[Change]:
        """Return what was decided, the newest first."""
        with reading(self.path) as database:
            rows = database.execute(f"{LOG} ORDER BY seq DESC LIMIT ?", (limit,))
            return [change_of(row) for row in rows]


def dictionary_path(settings: Settings, name: str) -> Path:
    """Return where the dictionary of this name lies, or would. Raises DictionaryError."""
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise DictionaryError(
            f"{name!r}: no name for a dictionary; use letters, digits, spaces, dots, - and _"
        )
    return settings.dictionaries / f"{name}{SUFFIX}"


def dictionary_names(settings: Settings) -> list[str]:
    """List the dictionaries, by name; a hidden one is still being written."""
    folder = settings.dictionaries
    found = folder.glob(f"*{SUFFIX}") if folder.is_dir() else ()
    return sorted(one.name.removesuffix(SUFFIX) for one in found if not one.name.startswith("."))


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a dictionary's file to read it. Raises DictionaryError."""
    if not path.is_file():
        raise DictionaryError(
            f"{path.name.removesuffix(SUFFIX)!r}: no such dictionary; `dictionary list` names them"
        )
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            found = read_meta(database).get("format")
            if found != FORMAT:
                raise DictionaryError(
                    f"{path}: made by another version (format {found}); build it again"
                )
            yield database
    except sqlite3.DatabaseError as error:
        raise DictionaryError(f"{path}: cannot be read as a dictionary: {error}") from error


def read_meta(database: sqlite3.Connection) -> dict[str, Any]:
    """Return what the file says of itself."""
    return {name: json.loads(value) for name, value in database.execute("SELECT * FROM meta")}


def key_of(database: sqlite3.Connection, name: str) -> str:
    """Return the key of the term that has this spelling or key. Raises DictionaryError."""
    for query, value in (
        ("SELECT term FROM forms WHERE surface = ? ORDER BY mentions DESC", name),
        ("SELECT key FROM terms WHERE key = ?", name),
        ("SELECT key FROM terms WHERE key = ?", name_key(name)),
        ("SELECT term FROM forms WHERE base = ? ORDER BY mentions DESC", name_key(name)),
    ):
        row = database.execute(query, (value,)).fetchone()
        if row is not None:
            return str(row[0])
    raise DictionaryError(
        f"{name!r}: no such term in this dictionary; `dictionary show` lists them"
    )


def read_variants(database: sqlite3.Connection, key: str) -> list[Variant]:
    """Return a term's spellings, the most frequent first."""
    rows = database.execute(
        "SELECT surface, label, mentions, documents FROM forms WHERE term = ? "
        "ORDER BY mentions DESC, surface, label",
        (key,),
    ).fetchall()
    labels: dict[str, list[tuple[str, int]]] = {}
    documents: dict[str, int] = {}
    for surface, label, mentions, found in rows:
        labels.setdefault(surface, []).append((label, mentions))
        documents[surface] = max(found, documents.get(surface, 0))
    return sorted(
        (
            Variant(
                surface=surface,
                mentions=sum(count for _, count in ones),
                documents=documents[surface],
                labels=tuple(ones),
            )
            for surface, ones in labels.items()
        ),
        key=lambda one: (-one.mentions, one.surface),
    )


def change_of(row: Sequence[Any]) -> Change:
    """Return a row of the log."""
    seq, action, keys, value, surfaces, who, recorded, undone = row
    return Change(
        seq=seq,
        action=action,
        keys=tuple(json.loads(keys)),
        value=value,
        surfaces=tuple(json.loads(surfaces)),
        who=who,
        recorded=recorded,
        undone=bool(undone),
    )


def _knows_ids(database: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE name = 'told'"
    return database.execute(query).fetchone() is not None


def _where(database: sqlite3.Connection, wanted: Wanted) -> tuple[str, list[object]]:
    parts, values = ["mentions >= ?"], list[object]([wanted.least])
    if wanted.label:
        parts.append("label = ?")
        values.append(wanted.label)
    if wanted.status is not None:
        parts.append("status = ?")
        values.append(wanted.status)
    if wanted.text.strip():
        like = [_literal(wanted.text.strip()), _literal(name_key(wanted.text))]
        parts.append(
            "key IN (SELECT term FROM forms "
            "WHERE surface LIKE ? ESCAPE '\\' OR base LIKE ? ESCAPE '\\')"
        )
        values += [f"%{one}%" for one in like]
    if wanted.unlike:
        parts.append(_UNLIKE if _knows_ids(database) else "0")
    return "WHERE " + " AND ".join(parts), values


def _literal(text: str) -> str:
    """Return a text as LIKE takes it at its word."""
    return "".join("\\" + char if char in "%_\\" else char for char in text)


def _term(row: sqlite3.Row) -> Term:
    return Term(
        key=row["key"],
        preferred=row["preferred"],
        label=row["label"],
        status=row["status"],
        identifier=row["identifier"],
        mentions=row["mentions"],
        documents=row["documents"],
        score=row["score"],
        labels=tuple((label, count) for label, count in json.loads(row["labels"])),
        variants=row["variants"],
        long_forms=tuple(json.loads(row["long_forms"])),
    )
