"""Finding sentences of the merged corpora: by text, surface, type, corpus, split, conflict."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import (
    count_rows,
    read_batches,
    read_dataset_schema,
    read_manifest,
    to_table,
)
from bioner.corpora.disagreements import Disagreement, Kind, Variant
from bioner.corpora.registry import SPLITS
from bioner.corpora.search_hits import Hit, Page, hit_of, sentence_of
from bioner.corpora.search_index import (
    FORMAT,
    Row,
    build_index,
)
from bioner.corpora.search_query import Query, fts_expression, phrases_of, words_and_star
from bioner.errors import CorpusError
from bioner.progress import OnProgress, Progress, unheard
from bioner.spans import Sentence

if TYPE_CHECKING:
    import pyarrow as pa

if TYPE_CHECKING:
    import pyarrow as pa

INDEX_NAME = "search.sqlite3"
FEATURES = ("clash", "ignored", "shared")
"""What a sentence may have: readings that clash, parts that are no evidence, several corpora."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the sentences found have each corpus, split and type."""

    by_corpus: dict[str, int]
    by_split: dict[str, int]
    by_type: dict[str, int]


@dataclass(frozen=True, slots=True)
class SurfaceCount:
    """A surface as it was first written, and how often it is marked with a type."""

    surface: str
    mentions: int


class SearchIndex:
    """An open index. Every call opens its own connection, so any thread may call."""

    def __init__(self, file: Path) -> None:
        self.file = file
        meta = self._meta()
        self.fingerprint: str = meta["fingerprint"]
        self.sentences: int = meta["sentences"]
        self.corpora: tuple[str, ...] = tuple(meta["corpora"])
        self.splits: tuple[str, ...] = tuple(meta["splits"])
        self.types: tuple[str, ...] = tuple(meta["types"])
        self._count = lru_cache(maxsize=512)(self._count_matches)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        file: Path | None = None,
        progress: OnProgress = unheard,
    ) -> SearchIndex:
        """Open the index of a merged folder, building it first if it is absent or of other data.

        It lies in the folder unless ``file`` says otherwise. ``progress`` is told sentences done
        and in all. Raises CorpusError where there is no merged dataset, or no room to write.
        """
        manifest = read_manifest(folder)
        file = file or folder / INDEX_NAME
        if (opened := _open_if_current(file, manifest.fingerprint)) is not None:
            return opened
        total = sum(count_rows(folder, split) for split in SPLITS)
        try:
            build_index(
                file,
                _rows(batch for split in SPLITS for batch in read_batches(folder, split)),
                read_dataset_schema(folder),
                fingerprint=manifest.fingerprint,
                progress=lambda done: progress(Progress(done, total)),
            )
        except (OSError, sqlite3.DatabaseError) as error:
            raise CorpusError(
                f"{folder}: the search index cannot be made ({error}); "
                "free some room, or build the merged dataset again"
            ) from error
        return cls(file)

    @classmethod
    def of_dataset(cls, dataset: Dataset, file: Path) -> SearchIndex:
        """Open the index of a dataset in memory (the sample), building ``file`` if need be."""
        if (opened := _open_if_current(file, dataset.fingerprint)) is not None:
            return opened
        tables = (to_table(dataset.split(split)) for split in SPLITS)
        build_index(
            file,
            _rows(batch for table in tables for batch in table.to_batches(4096)),
            dataset.schema,
            fingerprint=dataset.fingerprint,
        )
        return cls(file)

    def search(self, query: Query, *, offset: int = 0, limit: int = 20) -> Page:
        """Return the hits from ``offset`` on, at most ``limit``, with their total."""
        expression = fts_expression(query, self.types)
        with self._connect() as database:
            if expression is None:
                numbers = list(range(offset + 1, min(offset + limit, self.sentences) + 1))
            else:
                found = database.execute(
                    "SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid LIMIT ? OFFSET ?",
                    (expression, limit, offset),
                )
                numbers = [number for (number,) in found]
            bodies = [
                database.execute("SELECT body FROM sentences WHERE id = ?", (number,)).fetchone()[0]
                for number in numbers
            ]
        phrases = [words_and_star(phrase) for phrase in phrases_of(query.text)]
        hits = tuple(
            hit_of(number, body, phrases) for number, body in zip(numbers, bodies, strict=True)
        )
        return Page(hits, self._count(expression), offset)

    def count(self, query: Query) -> int:
        """Return how many sentences a query finds."""
        return self._count(fts_expression(query, self.types))

    def counts(self, query: Query) -> Counts:
        """Return how many of the found sentences each corpus, split and type has."""

        return Counts(
            {c: self.count(replace(query, corpora=(c,))) for c in query.corpora or self.corpora},
            {s: self.count(replace(query, splits=(s,))) for s in query.splits or self.splits},
            {t: self.count(replace(query, types=(t,))) for t in query.types or self.types},
        )

    def numbers(self, query: Query) -> list[int]:
        """Return the numbers of all sentences found, for downloads."""
        expression = fts_expression(query, self.types)
        if expression is None:
            return list(range(1, self.sentences + 1))
        with self._connect() as database:
            found = database.execute(
                "SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid", (expression,)
            )
            return [number for (number,) in found]

    def read(self, numbers: Iterable[int]) -> Iterator[Sentence]:
        """Yield the sentences of these numbers, one at a time."""
        with self._connect() as database:
            for number in numbers:
                row = database.execute("SELECT body FROM sentences WHERE id = ?", (number,))
                for (body,) in row:
                    yield sentence_of(json.loads(body))

    def find_document(self, document: str) -> tuple[Hit, ...]:
        """Return the sentences of a document, by its id."""
        with self._connect() as database:
            rows = database.execute(
                "SELECT id, body FROM sentences WHERE document = ? ORDER BY id", (document,)
            ).fetchall()
        return tuple(hit_of(number, body, []) for number, body in rows)

    def top_surfaces(
        self, type_name: str, *, corpora: Sequence[str] = (), limit: int = 50
    ) -> tuple[SurfaceCount, ...]:
        """Return the surfaces most often marked with a type, in all corpora or in these."""
        chosen = f"AND corpus IN ({', '.join('?' * len(corpora))})" if corpora else ""
        with self._connect() as database:
            rows = database.execute(
                f"SELECT surface, sum(mentions) AS n FROM surfaces WHERE label = ? {chosen} "
                "GROUP BY surface ORDER BY n DESC, surface LIMIT ?",
                (type_name, *corpora, limit),
            ).fetchall()
        return tuple(SurfaceCount(surface, mentions) for surface, mentions in rows)

    def disagreements(
        self, kind: Kind = "types", *, limit: int = 50, offset: int = 0
    ) -> tuple[Disagreement, ...]:
        """Return what corpora annotate differently, most mentions at stake first."""
        with self._connect() as database:
            rows = database.execute(
                "SELECT id, surface, mentions, at_stake FROM disagreements WHERE kind = ? "
                "ORDER BY at_stake DESC, surface LIMIT ? OFFSET ?",
                (kind, limit, offset),
            ).fetchall()
            return tuple(
                Disagreement(kind, surface, mentions, at_stake, _variants(database, number))
                for number, surface, mentions, at_stake in rows
            )

    def conventions(self, surface: str) -> tuple[tuple[str, str, int], ...]:
        """Return how each corpus marks a surface, case ignored: corpus, label, mentions."""
        with self._connect() as database:
            rows = database.execute(
                "SELECT corpus, label, sum(mentions) AS n FROM surfaces "
                "WHERE surface = ? COLLATE NOCASE GROUP BY corpus, label ORDER BY n DESC, corpus",
                (surface,),
            ).fetchall()
        return tuple((corpus, label, mentions) for corpus, label, mentions in rows)

    def boundaries(self, surface: str) -> Disagreement | None:
        """Return what corpora mark of a surface, the whole or a part, where they differ."""
        with self._connect() as database:
            row = database.execute(
                "SELECT id, surface, mentions, at_stake FROM disagreements "
                "WHERE kind = 'boundaries' AND surface = ? COLLATE NOCASE ORDER BY mentions DESC",
                (surface,),
            ).fetchone()
            if row is None:
                return None
            return Disagreement("boundaries", row[1], row[2], row[3], _variants(database, row[0]))

    def count_disagreements(self, kind: Kind = "types") -> int:
        """Return how many surfaces corpora annotate differently in this way."""
        with self._connect() as database:
            row = database.execute("SELECT count(*) FROM disagreements WHERE kind = ?", (kind,))
            return int(row.fetchone()[0])

    def _count_matches(self, expression: str | None) -> int:
        if expression is None:
            return self.sentences
        with self._connect() as database:
            row = database.execute("SELECT count(*) FROM found WHERE found MATCH ?", (expression,))
            return int(row.fetchone()[0])

    def _meta(self) -> dict[str, Any]:
        with self._connect() as database:
            rows = database.execute("SELECT name, value FROM meta").fetchall()
        return {name: json.loads(value) for name, value in rows}

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(f"{self.file.resolve().as_uri()}?mode=ro", uri=True)
            ) as database:
                yield database
        except sqlite3.DatabaseError as error:
            raise CorpusError(
                f"{self.file}: not readable as a search index ({error}); delete it and search again"
            ) from error


def _open_if_current(file: Path, fingerprint: str) -> SearchIndex | None:
    if not file.is_file():
        return None
    with contextlib.suppress(CorpusError, KeyError):
        opened = SearchIndex(file)
        if (opened.fingerprint, opened._meta()["format"]) == (fingerprint, FORMAT):
            return opened
    return None


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    for batch in batches:
        yield from batch.to_pylist()


def _variants(database: sqlite3.Connection, disagreement: int) -> tuple[Variant, ...]:
    rows = database.execute(
        "SELECT value, corpus, mentions FROM variants WHERE disagreement = ?", (disagreement,)
    )
    by_value: dict[str, list[tuple[str, int]]] = {}
    for value, corpus, mentions in rows:
        by_value.setdefault(value, []).append((corpus, mentions))
    variants = (Variant(value, tuple(counts)) for value, counts in by_value.items())
    return tuple(sorted(variants, key=lambda variant: (-variant.mentions, variant.value)))
