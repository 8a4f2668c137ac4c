"""Writes the search index: one SQLite file (FTS5) beside the merged dataset it was made from."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioner.corpora.disagreements import Conventions, MarkedSentence
from bioner.files import staged_file
from bioner.labels import LabelSchema
from bioner.machine import collector_paused
from bioner.spans import Range
from bioner.tokens import fold, tokenize

FORMAT = 1
BEGIN, END, LABEL, CORPUS = "\ue000", "\ue001", "\ue002", "\ue003"
"""Words of the mentions column that no text has (private use): where a surface begins and ends, and
the marks before a label and a corpus."""

Row = Mapping[str, Any]
"""A sentence as a row of the merged Parquet files."""

_ASCII_WORD = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sentences (id INTEGER PRIMARY KEY, document TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE surfaces (label TEXT, corpus TEXT, surface TEXT, mentions INTEGER);
CREATE TABLE disagreements (
  id INTEGER PRIMARY KEY, kind TEXT, surface TEXT, mentions INTEGER, at_stake INTEGER);
CREATE TABLE variants (disagreement INTEGER, value TEXT, corpus TEXT, mentions INTEGER);
CREATE VIRTUAL TABLE found USING fts5 (
  text, mentions, facets, content='', columnsize=0,
  tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn Cf'");
"""
_INDEXES = """
CREATE INDEX sentences_document ON sentences (document);
CREATE INDEX surfaces_label ON surfaces (label, mentions);
CREATE INDEX disagreements_rank ON disagreements (kind, at_stake);
CREATE INDEX variants_disagreement ON variants (disagreement);
"""


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence's words as they are searched: folded, cut finely; and the token each is from."""

    words: tuple[str, ...]
    token_of: Sequence[int]

    def range_of(self, start: int, end: int) -> Range:
        """Return the words of a token range."""
        if isinstance(self.token_of, range):
            return start, end
        return bisect_left(self.token_of, start), bisect_left(self.token_of, end)


def split_words(text: str) -> list[str]:
    """Cut a text into words as the corpora are cut, in ASCII: "TGF-β" → TGF, -, beta."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    words: list[str] = []
    for start, end in tokenize(text):
        piece = text[start:end]
        folded = fold(piece)
        words.extend(_ASCII_WORD.findall(folded) if folded.isascii() and folded != "?" else [piece])
    return words


def words_of(text: str) -> Words:
    """Return a sentence's searched words, lower-cased; ``text`` is its tokens joined by spaces."""
    whole = split_words(text)
    if " ".join(whole) == text:
        return Words(tuple(text.lower().split(" ")), range(len(whole)))
    words: list[str] = []
    token_of: list[int] = []
    for number, token in enumerate(text.split(" ")):
        for word in split_words(token) or [token]:
            words.append(word.lower())
            token_of.append(number)
    return Words(tuple(words), token_of)


def name_word(mark: str, name: str) -> str:
    """Return the one word that stands for a label or a corpus in the index."""
    return mark + "_".join(name.split())


def origin(sources: Sequence[str], source_label: str, label: str, schema: LabelSchema) -> str:
    """Return the corpus that a mention of a fused sentence comes from.

    It is the first whose mapping makes this label of this source type; of corpora that share the
    type's name, the first.
    """
    for corpus in sources if len(sources) > 1 else ():
        rule = schema.mapping_for(corpus).rules.get(source_label)
        if rule is not None and label in rule.targets:
            return corpus
    return sources[0]


def build_index(
    target: Path,
    rows: Iterable[Row],
    schema: LabelSchema,
    *,
    fingerprint: str,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the index of these sentences to ``target``, which appears whole or not at all.

    ``rows`` are read once, in order; ``progress`` is told how many have been. Memory grows with
    the distinct surfaces, not with the sentences.
    """
    with (
        staged_file(target) as work,
        collector_paused(),
        contextlib.closing(sqlite3.connect(work)) as database,
    ):
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _TABLES)
        _fill(database, rows, schema, fingerprint, progress)
        database.executescript(_INDEXES)
        database.execute("INSERT INTO found (found) VALUES ('optimize')")
        database.commit()


def _fill(
    database: sqlite3.Connection,
    rows: Iterable[Row],
    schema: LabelSchema,
    fingerprint: str,
    progress: Callable[[int], None] | None,
) -> None:
    conventions = Conventions(schema)
    facets: Counter[tuple[str, str]] = Counter()
    count = 0
    for count, row in enumerate(rows, 1):
        marked = _mark(row, schema)
        facets.update(_insert(database, count, row, marked))
        conventions.count(marked)
        if progress is not None and count % 1000 == 0:
            progress(count)
    for (body,) in database.execute("SELECT body FROM sentences"):
        if '"spans":[],"readings":[]' not in body:
            conventions.count_parts(_mark(json.loads(body), schema))
    database.executemany("INSERT INTO surfaces VALUES (?, ?, ?, ?)", conventions.surfaces())
    for number, one in enumerate(conventions.disagreements(), 1):
        database.execute(
            "INSERT INTO disagreements VALUES (?, ?, ?, ?, ?)",
            (number, one.kind, one.surface, one.mentions, one.at_stake),
        )
        database.executemany(
            "INSERT INTO variants VALUES (?, ?, ?, ?)",
            [
                (number, variant.value, corpus, mentions)
                for variant in one.variants
                for corpus, mentions in variant.by_corpus
            ],
        )
    known: dict[str, list[str]] = {"corpora": [], "splits": [], "types": list(schema.names)}
    for kind, value in facets:
        if value not in known[kind]:
            known[kind].append(value)
    meta = {"format": FORMAT, "fingerprint": fingerprint, "sentences": count, **known}
    database.executemany(
        "INSERT INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in meta.items()]
    )


def _mark(row: Row, schema: LabelSchema) -> MarkedSentence:
    """Return a row's words and its mentions over them, readings included."""
    tokens = row["text"].split(" ")
    words = words_of(row["text"])
    sources = row["sources"] or [row["corpus"]]
    mentions = tuple(
        (
            *words.range_of(span["start"], span["end"]),
            span["label"],
            origin(sources, span["source_label"], span["label"], schema),
            " ".join(tokens[span["start"] : span["end"]]),
        )
        for span in [*row["spans"], *row["readings"]]
    )
    return MarkedSentence(words.words, mentions)


def _insert(
    database: sqlite3.Connection, number: int, row: Row, marked: MarkedSentence
) -> Iterator[tuple[str, str]]:
    """Insert one sentence; return its corpora, split and types."""
    sources = row["sources"] or [row["corpus"]]
    mentions: list[str] = []
    facets = {*(f"c:{corpus}" for corpus in sources), f"s:{row['split']}"}
    for start, end, label, corpus, _ in marked.mentions:
        surface = " ".join(marked.words[start:end])
        mentions.append(
            f"{name_word(CORPUS, corpus)} {name_word(LABEL, label)} {BEGIN} {surface} {END}"
        )
        facets |= {f"t:{label}", f"t:{label}@{corpus}"}
    features = {"clash": row["readings"], "ignored": row["ignored"], "shared": len(sources) > 1}
    facets |= {f"f:{name}" for name, is_so in features.items() if is_so}
    database.execute(
        "INSERT INTO sentences VALUES (?, ?, ?)",
        (number, row["document"], json.dumps(row, separators=(",", ":"))),
    )
    database.execute(
        "INSERT INTO found (rowid, text, mentions, facets) VALUES (?, ?, ?, ?)",
        (
            number,
            " ".join(marked.words),
            " ".join(mentions),
            " ".join("_".join(facet.split()) for facet in facets),
        ),
    )
    yield from (("corpora", corpus) for corpus in sources)
    yield "splits", row["split"]
    yield from (("types", mention[2]) for mention in marked.mentions)
