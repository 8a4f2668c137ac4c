"""Building a dictionary: marked texts in, a document at a time, terms by concept out, on disk."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bioner.access import Action, Actor, allow
from bioner.corpora.vocabulary import Listed
from bioner.files import staged_file
from bioner.identifiers import ids_of
from bioner.progress import OnProgress, Progress, unheard
from bioner.review.abbreviations import abbreviations
from bioner.review.dictionary import FORMAT
from bioner.review.dictionary_log import keep_log, replay
from bioner.review.dictionary_terms import identify, link, write_terms
from bioner.spans import Document, Mention
from bioner.variants import name_key

EXAMPLES = 3
"""Places kept for each spelling."""
AROUND = 80
"""Characters kept on either side of a place."""
LONGEST = 200
"""Characters of a name; a longer mark is a sentence, and is counted as left out."""
PIECE = 500
"""Documents between two writings to the disk."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT NOT NULL, fingerprint BLOB UNIQUE);
CREATE TABLE forms (
  id INTEGER PRIMARY KEY, surface TEXT NOT NULL, label TEXT NOT NULL, base TEXT NOT NULL,
  built TEXT NOT NULL DEFAULT '', term TEXT NOT NULL, identifier TEXT NOT NULL DEFAULT '',
  mentions INTEGER NOT NULL, documents INTEGER NOT NULL, score REAL NOT NULL,
  scored INTEGER NOT NULL, UNIQUE (surface, label));
CREATE TABLE postings (
  form INTEGER NOT NULL, document INTEGER NOT NULL, PRIMARY KEY (form, document)) WITHOUT ROWID;
CREATE TABLE examples (
  form INTEGER NOT NULL, number INTEGER NOT NULL, document INTEGER NOT NULL, before TEXT NOT NULL,
  surface TEXT NOT NULL, after TEXT NOT NULL, PRIMARY KEY (form, number)) WITHOUT ROWID;
CREATE TABLE told (
  form INTEGER NOT NULL, identifier TEXT NOT NULL, mentions INTEGER NOT NULL,
  PRIMARY KEY (form, identifier)) WITHOUT ROWID;
CREATE TABLE shorts (
  short TEXT NOT NULL, long TEXT NOT NULL, shown TEXT NOT NULL, documents INTEGER NOT NULL,
  PRIMARY KEY (short, long)) WITHOUT ROWID;
CREATE TABLE terms (
  key TEXT PRIMARY KEY, preferred TEXT NOT NULL, label TEXT NOT NULL, status TEXT NOT NULL,
  identifier TEXT NOT NULL, mentions INTEGER NOT NULL, documents INTEGER NOT NULL, score REAL,
  labels TEXT NOT NULL, variants INTEGER NOT NULL, long_forms TEXT NOT NULL);
CREATE TABLE chosen (
  key TEXT NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (key, what)) WITHOUT ROWID;
CREATE TABLE log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL, keys TEXT NOT NULL,
  value TEXT NOT NULL, surfaces TEXT NOT NULL, who TEXT NOT NULL, recorded TEXT NOT NULL);
"""
INDEXES = """
CREATE INDEX forms_base ON forms (base);
CREATE INDEX forms_term ON forms (term, mentions);
CREATE INDEX terms_mentions ON terms (mentions DESC, key);
"""


@dataclass(frozen=True, kw_only=True)
class Built:
    """What building did: texts in = ``documents`` + ``repeated`` + ``empty``, and so with marks.

    ``repeated`` texts were there already, word for word, and count once; ``left_out`` marks are too
    long for a name, or have no letter and no digit. ``stale`` former decisions speak of terms that
    the texts no longer yield; they stay on record.
    """

    texts: int
    documents: int
    repeated: int
    empty: int
    marks: int
    mentions: int
    repeated_marks: int
    left_out: int
    forms: int
    terms: int
    abbreviations: int
    identified: int
    stale: int

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "texts": {
                "in": self.texts,
                "used": self.documents,
                "repeated": self.repeated,
                "empty": self.empty,
            },
            "marks": {
                "in": self.marks,
                "used": self.mentions,
                "of repeated texts": self.repeated_marks,
                "left out": self.left_out,
            },
            "spellings": self.forms,
            "terms": self.terms,
            "abbreviations": self.abbreviations,
            "spellings with a concept": self.identified,
            "decisions that no longer apply": self.stale,
        }


def build_dictionary(
    path: Path,
    documents: Iterable[Document],
    *,
    source: str,
    model: str,
    vocabulary: Iterable[Listed] = (),
    actor: Actor | None = None,
    on_progress: OnProgress = unheard,
) -> Built:
    """Write the dictionary of these marked texts; it appears whole, or what was there stays.

    ``source`` says in words where they come from, ``model`` who marked them; ``vocabulary`` gives
    spellings that it knows their identifiers, and so do marks that all stand for one concept;
    spellings of one concept are joined. Texts are read once,
    a document at a time; memory grows with neither texts nor terms. What people decided about a
    dictionary that stood there is decided about the new one again. Raises AccessError.
    """
    allow(Action.DICTIONARY, actor)
    path.parent.mkdir(parents=True, exist_ok=True)
    with staged_file(path) as work, closing(sqlite3.connect(work)) as database:
        database.row_factory = sqlite3.Row
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + TABLES)
        filling = _Filling(database)
        for document in documents:
            filling.add(document)
            if filling.texts % PIECE == 0:
                database.commit()
                on_progress(Progress(filling.texts, None, "Reading texts"))
        filling.end()
        database.executescript(INDEXES)
        abbreviated = link(database)
        identified = identify(database, vocabulary)
        database.execute("UPDATE forms SET built = term")
        write_terms(database)
        with keep_log(path, database):
            stale = replay(database)
            built = filling.built(abbreviated, identified, stale)
            _write_meta(database, built, source, model)
            database.commit()
    return built


class _Filling:
    """The file as it fills, and what was counted."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.texts = self.documents = self.repeated = self.empty = 0
        self.marks = self.mentions = self.repeated_marks = self.left_out = 0

    def add(self, document: Document) -> None:
        """Count a document's marks, unless its text is there already."""
        self.texts += 1
        self.marks += len(document.mentions)
        words = " ".join(document.text.split())
        if not words:
            self.empty += 1
            self.left_out += len(document.mentions)
            return
        number = self._number(document.id, words)
        if number is None:
            self.repeated += 1
            self.repeated_marks += len(document.mentions)
            return
        self.documents += 1
        found: dict[tuple[str, str], list[Mention]] = {}
        for one in document.mentions:
            surface = " ".join(document.surface(one).split())
            if len(surface) > LONGEST or not any(map(str.isalnum, surface)):
                self.left_out += 1
                continue
            self.mentions += 1
            found.setdefault((surface, one.label), []).append(one)
        for (surface, label), marks in found.items():
            self._count(number, document, surface, label, marks)
        self._explain(document.text)

    def _number(self, name: str, words: str) -> int | None:
        fingerprint = hashlib.blake2b(
            words.encode("utf-8", "surrogatepass"), digest_size=8
        ).digest()
        cursor = self.database.execute(
            "INSERT OR IGNORE INTO documents (name, fingerprint) VALUES (?, ?)", (name, fingerprint)
        )
        return cursor.lastrowid if cursor.rowcount else None

    def _count(
        self, number: int, document: Document, surface: str, label: str, marks: list[Mention]
    ) -> None:
        scores = [one.score for one in marks if one.score is not None]
        key = name_key(surface)
        form, seen = self.database.execute(
            "INSERT INTO forms (surface, label, base, term, mentions, documents, score, scored) "
            "VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (surface, label) DO UPDATE SET "
            "mentions = mentions + excluded.mentions, documents = documents + 1, "
            "score = score + excluded.score, scored = scored + excluded.scored "
            "RETURNING id, documents",
            (surface, label, key, key, len(marks), sum(scores), len(scores)),
        ).fetchone()
        self.database.execute("INSERT INTO postings VALUES (?, ?)", (form, number))
        told = Counter("|".join(ids) for one in marks if (ids := ids_of(one.attributes)))
        self.database.executemany(
            "INSERT INTO told VALUES (?, ?, ?) ON CONFLICT (form, identifier) "
            "DO UPDATE SET mentions = mentions + excluded.mentions",
            [(form, identifier, count) for identifier, count in told.items()],
        )
        if seen <= EXAMPLES:
            first, text = marks[0], document.text
            before = text[max(0, first.start - AROUND) : first.start]
            after = text[first.end : first.end + AROUND]
            self.database.execute(
                "INSERT INTO examples VALUES (?, ?, ?, ?, ?, ?)",
                (form, seen, number, before, text[first.start : first.end], after),
            )

    def _explain(self, text: str) -> None:
        pairs = {(name_key(one.short), name_key(one.long)): one.long for one in abbreviations(text)}
        self.database.executemany(
            "INSERT INTO shorts VALUES (?, ?, ?, 1) "
            "ON CONFLICT (short, long) DO UPDATE SET documents = documents + 1",
            [(short, long, shown) for (short, long), shown in pairs.items() if short != long],
        )

    def end(self) -> None:
        """Write what is left."""
        self.database.commit()

    def built(self, abbreviated: int, identified: int, stale: int) -> Built:
        """Return what was counted."""
        forms, terms = (
            self.database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("forms", "terms")
        )
        return Built(
            texts=self.texts,
            documents=self.documents,
            repeated=self.repeated,
            empty=self.empty,
            marks=self.marks,
            mentions=self.mentions,
            repeated_marks=self.repeated_marks,
            left_out=self.left_out,
            forms=forms,
            terms=terms,
            abbreviations=abbreviated,
            identified=identified,
            stale=stale,
        )


def _write_meta(database: sqlite3.Connection, built: Built, source: str, model: str) -> None:
    meta = {
        "format": FORMAT,
        "source": source,
        "model": model,
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "documents": built.documents,
        "mentions": built.mentions,
    }
    database.executemany(
        "INSERT INTO meta VALUES (?, ?)",
        [(name, json.dumps(value)) for name, value in meta.items()],
    )
