"""From spellings to terms: which belong together, and what a term is in sum."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from bioner.corpora.vocabulary import Listed
from bioner.variants import name_key

SURE = 0.8
"""A short form stands for what it is explained as in this share of the texts that explain it."""


def link(database: sqlite3.Connection) -> int:
    """Join each abbreviation with what it stands for, where both are marked; return how many.

    One that texts explain in several ways stays by itself: a person tells them apart.
    """
    database.execute(
        "CREATE TEMP TABLE meant AS SELECT short, long FROM ("
        "SELECT short, long, documents * 1.0 / SUM(documents) OVER (PARTITION BY short) AS share "
        "FROM shorts) WHERE share >= ? AND long IN (SELECT base FROM forms) "
        "AND short IN (SELECT base FROM forms) "
        "AND long NOT IN (SELECT short FROM shorts)",
        (SURE,),
    )
    database.execute(
        "UPDATE forms SET term = (SELECT long FROM meant WHERE short = base) "
        "WHERE base IN (SELECT short FROM meant)"
    )
    joined = database.execute("SELECT COUNT(*) FROM meant").fetchone()[0]
    database.execute("DROP TABLE meant")
    return int(joined)


def identify(database: sqlite3.Connection, vocabulary: Iterable[Listed]) -> int:
    """Give spellings that are names of one concept alone its identifier; return how many got one.

    Those that the vocabulary lacks get the one that all their marks with an identifier have. Terms
    of one concept become one. The vocabulary is read once; what is kept of it are names that the
    texts have.
    """
    database.execute(
        "CREATE TEMP TABLE known (key TEXT, identifier TEXT, PRIMARY KEY (key, identifier))"
    )
    database.executemany(
        "INSERT OR IGNORE INTO known SELECT ?1, ?2 "
        "WHERE EXISTS (SELECT 1 FROM forms WHERE base = ?1)",
        (
            (name_key(surface), one.identifier)
            for one in vocabulary
            if one.identifier
            for surface in one.surfaces
        ),
    )
    database.executescript(_IDENTIFY)
    count = database.execute("SELECT COUNT(*) FROM forms WHERE identifier != ''").fetchone()[0]
    return int(count)


_IDENTIFY = """
DELETE FROM known WHERE key IN (SELECT key FROM known GROUP BY key HAVING COUNT(*) > 1);
UPDATE forms SET identifier = (SELECT identifier FROM known WHERE key = base)
  WHERE base IN (SELECT key FROM known);
UPDATE forms SET identifier = (SELECT identifier FROM told WHERE form = id)
  WHERE identifier = '' AND id IN (SELECT form FROM told GROUP BY form HAVING COUNT(*) = 1);
CREATE TEMP TABLE homes AS SELECT term, identifier, SUM(mentions) AS mentions FROM forms
  WHERE identifier != '' GROUP BY term, identifier;
CREATE TEMP TABLE moves AS
  SELECT term AS old, (
    SELECT term FROM homes b WHERE b.identifier = a.identifier ORDER BY mentions DESC, term LIMIT 1
  ) AS new
  FROM homes a WHERE mentions = (SELECT MAX(mentions) FROM homes c WHERE c.term = a.term)
  GROUP BY term;
UPDATE forms SET term = (SELECT new FROM moves WHERE old = term)
  WHERE term IN (SELECT old FROM moves);
DROP TABLE moves;
DROP TABLE homes;
DROP TABLE known;
"""


def write_terms(database: sqlite3.Connection, keys: Sequence[str] | None = None) -> None:
    """Write the rows of the terms anew: of these keys, or of all. A key without spellings goes."""
    if keys is None:
        database.execute("DELETE FROM terms")
        database.executemany(_INSERT, _terms(database, "", ()))
        return
    for begin in range(0, len(keys), 200):
        part = keys[begin : begin + 200]
        places = ",".join("?" * len(part))
        database.execute(f"DELETE FROM terms WHERE key IN ({places})", part)
        database.executemany(_INSERT, list(_terms(database, f"WHERE f.term IN ({places})", part)))


_INSERT = "INSERT INTO terms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _terms(
    database: sqlite3.Connection, where: str, values: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows, a term at a time."""
    forms = database.execute(
        "SELECT f.term, f.surface, f.label, f.base, f.mentions, f.score, f.scored, f.identifier "
        f"FROM forms f {where} ORDER BY f.term",
        values,
    )
    documents = database.execute(
        "SELECT f.term, COUNT(DISTINCT p.document) FROM forms f "
        f"JOIN postings p ON p.form = f.id {where} GROUP BY f.term ORDER BY f.term",
        values,
    )
    for (key, ones), (same, count) in zip(
        groupby(forms, key=lambda row: row[0]), documents, strict=True
    ):
        assert key == same
        yield _row(database, str(key), list(ones), int(count))


def _row(
    database: sqlite3.Connection, key: str, forms: Sequence[Sequence[Any]], documents: int
) -> tuple[Any, ...]:
    chosen = dict(
        database.execute("SELECT what, value FROM chosen WHERE key = ?", (key,)).fetchall()
    )
    labels = Counter[str]()
    surfaces = Counter[str]()
    identifiers = Counter[str]()
    score, scored = 0.0, 0
    for _, surface, label, _, mentions, total, count, identifier in forms:
        labels[label] += mentions
        surfaces[surface] += mentions
        identifiers[identifier] += mentions
        score += total
        scored += count
    ranked = sorted(labels.items(), key=lambda one: (-one[1], one[0]))
    del identifiers[""]
    linked = {base for _, _, _, base, *_ in forms}
    return (
        key,
        chosen.get("preferred") or _preferred(key, forms, surfaces),
        chosen.get("label") or ranked[0][0],
        chosen.get("status") or "new",
        chosen.get("identifier") or _first(identifiers),
        sum(labels.values()),
        documents,
        score / scored if scored else None,
        json.dumps(ranked, ensure_ascii=False),
        len(surfaces),
        json.dumps(_long_forms(database, linked) if len(linked) == 1 else [], ensure_ascii=False),
    )


def _preferred(key: str, forms: Iterable[Sequence[Any]], surfaces: Counter[str]) -> str:
    """Return the most frequent spelling, of those with the term's own key where there are some.

    An abbreviation that was joined with what it stands for is not what the term is called.
    """
    own: set[str] = {surface for _, surface, _, base, *_ in forms if base == key}
    return min(own or set(surfaces), key=lambda one: (-surfaces[one], one))


def _first(counts: Counter[str]) -> str:
    return min(counts, key=lambda one: (-counts[one], one), default="")


def _long_forms(database: sqlite3.Connection, bases: set[str]) -> list[str]:
    """Return what texts explain an abbreviation as that is not joined with one of them."""
    [base] = bases
    rows = database.execute(
        "SELECT shown FROM shorts WHERE short = ? ORDER BY documents DESC, shown LIMIT 5", (base,)
    )
    return [row[0] for row in rows]
