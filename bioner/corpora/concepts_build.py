"""Building a vocabulary's index: terms in, one by one, their names and trigrams on disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bioner.access import Action, Actor, allow
from bioner.corpora.concepts import FORMAT
from bioner.corpora.vocabulary import Listed
from bioner.files import staged_file
from bioner.progress import OnProgress, Progress, unheard
from bioner.variants import name_key

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE concepts (
  id INTEGER PRIMARY KEY, identifier TEXT NOT NULL UNIQUE, name TEXT NOT NULL, label TEXT NOT NULL);
CREATE TABLE names (
  id INTEGER PRIMARY KEY, concept INTEGER NOT NULL, rank INTEGER NOT NULL, name TEXT NOT NULL,
  key TEXT NOT NULL);
CREATE VIRTUAL TABLE grams USING fts5 (key, content='', detail=none, tokenize='trigram');
CREATE VIRTUAL TABLE gram_counts USING fts5vocab (grams, 'row');
"""


_INDEXES = """
CREATE INDEX names_key ON names (key);
CREATE INDEX names_name ON names (name);
CREATE INDEX names_concept ON names (concept);
INSERT INTO grams (grams) VALUES ('optimize');
"""


@dataclass(frozen=True, kw_only=True)
class Indexed:
    """What came of a vocabulary: terms in = ``concepts`` + ``joined`` + ``unnamed``.

    ``joined`` terms have the identifier of one before them, ``unnamed`` ones have none.
    """

    terms: int
    concepts: int
    names: int
    joined: int
    unnamed: int


def build_concepts(
    path: Path,
    terms: Iterable[Listed],
    *,
    actor: Actor | None = None,
    on_progress: OnProgress = unheard,
) -> Indexed:
    """Write the index of a vocabulary, whole or not, a term at a time. Raises AccessError."""
    allow(Action.CORPORA, actor)
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys(("terms", "concepts", "names", "joined", "unnamed"), 0)
    with staged_file(path) as work, closing(sqlite3.connect(work)) as database:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _TABLES)
        for one in terms:
            _add(database, one, counts)
            if counts["terms"] % 10_000 == 0:
                on_progress(Progress(counts["terms"], None, "Reading terms"))
        database.executescript(_INDEXES)
        meta = {"format": FORMAT, **counts}
        database.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in meta.items()]
        )
        database.commit()
    return Indexed(**counts)


def _add(database: sqlite3.Connection, one: Listed, counts: dict[str, int]) -> None:
    counts["terms"] += 1
    if not one.identifier:
        counts["unnamed"] += 1
        return
    concept = database.execute(
        "INSERT OR IGNORE INTO concepts (identifier, name, label) VALUES (?, ?, ?)",
        (one.identifier, one.surfaces[0], one.label),
    )
    number = concept.lastrowid
    if not concept.rowcount:
        counts["joined"] += 1
        query = "SELECT id FROM concepts WHERE identifier = ?"
        number = database.execute(query, (one.identifier,)).fetchone()[0]
    else:
        counts["concepts"] += 1
    for rank, name in enumerate(one.surfaces):
        key = name_key(name)
        added = database.execute(
            "INSERT INTO names (concept, rank, name, key) VALUES (?, ?, ?, ?)",
            (number, rank, name, key),
        )
        database.execute("INSERT INTO grams (rowid, key) VALUES (?, ?)", (added.lastrowid, key))
        counts["names"] += 1
