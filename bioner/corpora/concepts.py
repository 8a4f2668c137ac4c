"""Concepts: a vocabulary's names in a local index, and the candidates for words of a text."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args

from bioner.corpora.vocabulary import Listed
from bioner.errors import BionerError
from bioner.settings import Settings
from bioner.variants import name_key

SUFFIX = ".concepts"
FORMAT = 1
RARE = 8
"""Of a name's trigrams, so many of the rarest are asked for."""
NEAR = 100
"""Names that share them and are compared whole."""
MOST_OF_A_GRAM = 20_000
_NAME = re.compile(r"[\w][\w .-]{0,79}")

FIRST = 200
"""Names that begin with what is typed, before the shortest of them are taken."""

How = Literal["identifier", "exact", "spelling", "abbreviation", "beginning", "similar"]
HOWS: tuple[How, ...] = get_args(How)
"""How a concept was found, the surest first."""


class ConceptError(BionerError):
    """A vocabulary that is not there or cannot be read, or one without identifiers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A concept that words may stand for: by which of its names, how, and how alike, 0..1."""

    identifier: str
    name: str
    label: str
    matched: str
    how: How
    score: float


def vocabulary_path(settings: Settings, name: str) -> Path:
    """Return where the index of the vocabulary of this name lies. Raises ConceptError."""
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise ConceptError(
            f"{name!r}: no name for a vocabulary; use letters, digits, spaces, dots, - and _"
        )
    return settings.vocabularies / f"{name}{SUFFIX}"


def vocabulary_names(settings: Settings) -> list[str]:
    """List the vocabularies, by name; a hidden one is still being written."""
    folder = settings.vocabularies
    found = folder.glob(f"*{SUFFIX}") if folder.is_dir() else ()
    return sorted(one.name.removesuffix(SUFFIX) for one in found if not one.name.startswith("."))


def read_vocabulary(settings: Settings, name: str) -> Iterator[Listed]:
    """Yield the terms of the vocabulary of this name; none for no name. Raises ConceptError."""
    return Concepts(vocabulary_path(settings, name)).terms() if name else iter(())


class Concepts:
    """A vocabulary's index, to be asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name.removesuffix(SUFFIX)
        with self._reading():
            pass

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            raise ConceptError(f"{self.name!r}: no such vocabulary; `concepts list` names them")
        address = f"{self.path.resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as database:
                found = database.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
                if found is None or json.loads(found[0]) != FORMAT:
                    raise ConceptError(f"{self.path}: made by another version; build it again")
                yield database
        except sqlite3.DatabaseError as error:
            raise ConceptError(f"{self.path}: cannot be read as a vocabulary: {error}") from error

    def counts(self) -> tuple[int, int]:
        """Return how many concepts and names it has."""
        with self._reading() as database:
            rows = dict(database.execute("SELECT name, value FROM meta").fetchall())
        return int(rows["concepts"]), int(rows["names"])

    def terms(self) -> Iterator[Listed]:
        """Yield its concepts with all their names, a concept at a time."""
        query = (
            "SELECT c.id, c.identifier, c.label, n.name FROM concepts c "
            "JOIN names n ON n.concept = c.id ORDER BY c.id, n.id"
        )
        with self._reading() as database:
            for _, rows in groupby(database.execute(query), key=lambda row: row[0]):
                named = list(rows)
                _, identifier, label, _ = named[0]
                names = tuple(dict.fromkeys(row[3] for row in named))
                yield Listed(names, label, identifier)

    def name_of(self, identifier: str) -> str:
        """Return what the concept of an identifier is called; empty for one that is not here."""
        with self._reading() as database:
            query = "SELECT name FROM concepts WHERE identifier = ?"
            row = database.execute(query, (identifier,)).fetchone()
        return "" if row is None else str(row[0])

    def candidates(
        self, surface: str, *, long_form: str = "", limit: int = 10, similar: bool = True
    ) -> list[Candidate]:
        """Return concepts that words may stand for, the likeliest first.

        The same name, then another spelling of it, then the same two of ``long_form`` (what the
        text explains an abbreviation as), then names that share most of their trigrams (Dice); the
        last only where ``similar`` asks for them, since they take the longest.
        """
        found: dict[str, Candidate] = {}
        with self._reading() as database:
            asked = _alike(surface, "exact", "spelling")
            if long_form:
                asked += _alike(long_form, "abbreviation", "abbreviation")
            for query, value, how in asked:
                if value and len(found) < limit:
                    _collect(found, _rows(database, query, (value,), limit), how, 1.0)
            if similar:
                _add_similar(database, found, (surface, long_form), limit)
        return list(found.values())[:limit]

    def find(self, typed: str, *, limit: int = 10) -> list[Candidate]:
        """Return concepts that somebody may mean who is typing: an identifier, a name's beginning.

        Before the beginnings come names that are written so, after them names that look alike.
        """
        found: dict[str, Candidate] = {}
        key = name_key(typed)
        if not key:
            return []
        with self._reading() as database:
            _collect(found, _by_id(database, typed), "identifier", 1.0)
            for query, value, how in _alike(typed, "exact", "spelling"):
                _collect(found, _rows(database, query, (value,), limit), how, 1.0)
            if len(key) > 1 and len(found) < limit:
                begun = _rows(
                    database, "n.key >= ? AND n.key < ?", (key, key + chr(0x10FFFF)), FIRST, "n.key"
                )
                begun.sort(key=lambda row: (len(row[4]), row[3]))
                for row in begun[:limit]:
                    _collect(found, [row], "beginning", len(key) / len(row[4]))
            _add_similar(database, found, (typed,), limit)
        return list(found.values())[:limit]


Row = tuple[str, str, str, str, str]


def _alike(words: str, same: How, otherwise: How) -> list[tuple[str, str, How]]:
    return [("n.name = ?", words, same), ("n.key = ?", name_key(words), otherwise)]


def _by_id(database: sqlite3.Connection, typed: str) -> list[Row]:
    spelt = (typed, typed.upper(), typed.lower())
    return _rows(database, "n.rank = 0 AND c.identifier IN (?, ?, ?)", spelt, 1)


def _add_similar(
    database: sqlite3.Connection, found: dict[str, Candidate], words: Iterable[str], limit: int
) -> None:
    for one in filter(None, words):
        if len(found) < limit:
            for score, row in _similar(database, name_key(one))[:limit]:
                _collect(found, [row], "similar", score)


def _collect(found: dict[str, Candidate], rows: Iterable[Row], how: How, score: float) -> None:
    for identifier, name, label, matched, _ in rows:
        if identifier not in found:
            found[identifier] = Candidate(
                identifier=identifier,
                name=name,
                label=label,
                matched=matched,
                how=how,
                score=score,
            )


def _rows(
    database: sqlite3.Connection,
    where: str,
    values: Sequence[object],
    limit: int,
    order: str = "n.rank, n.id",
) -> list[Row]:
    """Return names, those that are a concept's first before synonyms."""
    return database.execute(
        "SELECT c.identifier, c.name, c.label, n.name, n.key FROM names n "
        f"JOIN concepts c ON c.id = n.concept WHERE {where} ORDER BY {order} LIMIT ?",
        (*values, limit),
    ).fetchall()


def _similar(database: sqlite3.Connection, key: str) -> list[tuple[float, Row]]:
    grams = _grams(key)
    if not grams:
        return []
    places = ",".join("?" * len(grams))
    counted = database.execute(
        f"SELECT term FROM gram_counts WHERE term IN ({places}) ORDER BY doc LIMIT ?",
        (*grams, RARE),
    ).fetchall()
    rare = [row[0] for row in counted]
    if not rare:
        return []
    shared: Counter[int] = Counter()
    for gram in rare:
        asked = '"' + gram.replace('"', '""') + '"'
        query = "SELECT rowid FROM grams WHERE grams MATCH ? LIMIT ?"
        shared.update(row[0] for row in database.execute(query, (asked, MOST_OF_A_GRAM)))
    near = [number for number, _ in shared.most_common(NEAR)]
    places = ",".join("?" * len(near))
    rows = _rows(database, f"n.id IN ({places})", near, NEAR)
    scored = [(_dice(grams, _grams(row[4])), row) for row in rows]
    return sorted(scored, key=lambda one: -one[0])


def _grams(key: str) -> frozenset[str]:
    return frozenset(key[at : at + 3] for at in range(len(key) - 2))


def _dice(a: frozenset[str], b: frozenset[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 0.0
