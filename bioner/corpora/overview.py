"""The merged corpora as the pages read them: counts, lengths, how surfaces are labelled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.corpora.dataset import Dataset, MergeReport
from bioner.corpora.dataset_folder import (
    from_table,
    read_dataset_schema,
    read_manifest,
    read_table,
    to_table,
)
from bioner.corpora.merge import merge
from bioner.corpora.read import read_corpora
from bioner.corpora.registry import SPLITS
from bioner.errors import CorpusError
from bioner.labels import IGNORE, LabelSchema
from bioner.spans import Sentence
from bioner.tokens import fold, tokenize

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Count:
    """How many mentions of a type one corpus has in one split."""

    corpus: str
    split: str
    type: str
    mentions: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """How often a surface has a label in a corpus, and the row of one such sentence."""

    surface: str
    label: str
    corpus: str
    mentions: int
    row: int


@dataclass(frozen=True)
class Shelf:
    """Merged sentences as one Arrow table, with the report and the schema they were made with."""

    table: pa.Table
    report: MergeReport
    schema: LabelSchema
    fingerprint: str
    folder: Path | None
    """The merged folder; None for the sample, which is merged in memory."""

    @property
    def is_sample(self) -> bool:
        return self.folder is None

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpora in the report's order."""
        return tuple(self.report.sentences)

    def looked_for(self, corpus: str, type_name: str) -> bool:
        """Tell whether a corpus's annotators looked for a type."""
        return type_name in self.schema.mapping_for(corpus).covers

    @cached_property
    def counts(self) -> tuple[Count, ...]:
        """Mentions by corpus, split and type; a fused sentence counts for each corpus it is from.

        A mention counts for a corpus only where the corpus looked for its type.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        spans = self.table["spans"].combine_chunks()
        rows = pc.list_parent_indices(spans)
        grouped = (
            pa.table(
                {
                    "owners": self._owners.take(rows),
                    "split": self.table["split"].combine_chunks().take(rows),
                    "type": pc.struct_field(pc.list_flatten(spans), "label"),
                }
            )
            .group_by(["owners", "split", "type"])
            .aggregate([([], "count_all")])
        )
        totals: Counter[tuple[str, str, str]] = Counter()
        for row in grouped.to_pylist():
            for corpus in row["owners"].split("+"):
                if self.looked_for(corpus, row["type"]):
                    totals[corpus, row["split"], row["type"]] += row["count_all"]
        return tuple(Count(*key, number) for key, number in totals.items())

    @cached_property
    def sizes(self) -> Mapping[str, Mapping[str, int]]:
        """Sentences by corpus and split; a fused sentence counts for each corpus it is from."""
        import pyarrow as pa

        grouped = (
            pa.table({"owners": self._owners, "split": self.table["split"].combine_chunks()})
            .group_by(["owners", "split"])
            .aggregate([([], "count_all")])
        )
        found: dict[str, Counter[str]] = {corpus: Counter() for corpus in self.corpora}
        for row in grouped.to_pylist():
            for corpus in row["owners"].split("+"):
                found[corpus][row["split"]] += row["count_all"]
        return found

    @cached_property
    def _owners(self) -> pa.Array:
        """The corpora of each sentence, joined by ``+``."""
        import pyarrow.compute as pc

        sources = self.table["sources"].combine_chunks()
        joined = pc.binary_join(sources, "+")
        alone = pc.equal(pc.list_value_length(sources), 0)
        return pc.if_else(alone, self.table["corpus"].combine_chunks(), joined)

    def written(self, corpus: str) -> Mapping[tuple[str, str], int]:
        """Count a corpus's mentions by its own label and their words, lower-cased.

        Those left open have ``ignore`` for their label. A sentence that corpora share counts.
        """
        if corpus not in self._written:
            self._written[corpus] = self._count_written(corpus)
        return self._written[corpus]

    @cached_property
    def _written(self) -> dict[str, Counter[tuple[str, str]]]:
        return {}

    def _count_written(self, corpus: str) -> Counter[tuple[str, str]]:
        import pyarrow.compute as pc

        pattern = rf"(^|\+){re.escape(corpus)}($|\+)"
        rows = self.table.filter(pc.match_substring_regex(self._owners, pattern))
        known = self.schema.mapping_for(corpus).rules
        found: Counter[tuple[str, str]] = Counter()
        for row in rows.select(["text", "spans", "ignored"]).to_pylist():
            tokens = row["text"].lower().split(" ")
            for span in row["spans"]:
                if span["source_label"] in known:
                    words = " ".join(tokens[span["start"] : span["end"]])
                    found[span["source_label"], words] += 1
            for start, end in row["ignored"]:
                found[IGNORE, " ".join(tokens[start:end])] += 1
        return found

    def lengths(self, splits: Sequence[str] = ()) -> Counter[int]:
        """Count sentences by their number of tokens."""
        import pyarrow.compute as pc

        chosen = self.table["n_tokens"].filter(_is_in(self.table["split"], splits or SPLITS))
        return Counter(
            {row["values"].as_py(): row["counts"].as_py() for row in pc.value_counts(chosen)}
        )

    @cached_property
    def labelled(self) -> dict[str, tuple[Labelled, ...]]:
        """Lower-cased surface → how it is labelled, by corpus, most often first."""
        counts: Counter[tuple[str, str, str]] = Counter()
        first: dict[tuple[str, str, str], int] = {}
        columns = self.table.select(["text", "spans", "corpus"]).to_pylist()
        for row, sentence in enumerate(columns):
            if not sentence["spans"]:
                continue
            tokens = sentence["text"].split(" ")
            for span in sentence["spans"]:
                surface = " ".join(tokens[span["start"] : span["end"]]).lower()
                key = (surface, span["label"], sentence["corpus"])
                counts[key] += 1
                first.setdefault(key, row)
        found: dict[str, list[Labelled]] = {}
        for key, number in counts.most_common():
            found.setdefault(key[0], []).append(Labelled(*key, number, first[key]))
        return {surface: tuple(uses) for surface, uses in found.items()}

    def labelled_as(self, text: str) -> tuple[Labelled, ...]:
        """Return how this very surface is labelled, case and Greek letters aside; () if nowhere.

        Whole words: "cell" says nothing of "cells".
        """
        return self.labelled.get(search_words(text).lower(), ())

    def labelled_in(self, text: str, corpus: str, *, most: int = 3) -> tuple[Labelled, ...]:
        """Return how one corpus labels this very surface, else longer ones that hold its words.

        The most frequent first: what a person needs to see a corpus's rules at work.
        """
        own = [one for one in self.labelled_as(text) if one.corpus == corpus]
        if not own:
            words = f" {search_words(text).lower()} "
            own = [
                one
                for surface, uses in self.labelled.items()
                if words in f" {surface} "
                for one in uses
                if one.corpus == corpus
            ]
        return tuple(sorted(own, key=lambda one: -one.mentions)[:most])

    def dataset(self) -> Dataset:
        """Return the sentences as a dataset."""
        by_split = {name: self.table.filter(_is_in(self.table["split"], [name])) for name in SPLITS}
        train, devel, test = (from_table(by_split[name]) for name in SPLITS)
        return Dataset(train, devel, test, self.schema, self.fingerprint)

    def sentences(self, rows: Sequence[int]) -> tuple[Sentence, ...]:
        """Return the sentences of these rows."""
        return from_table(self.table.take(list(rows)))


def search_words(text: str) -> str:
    """Return a query as the corpora write it: tokens folded and apart, so "TGF-beta" is found."""
    return " ".join(fold(text[start:end]) for start, end in tokenize(text))


def open_merged(folder: Path) -> Shelf:
    """Open a merged folder; CorpusError where it is absent, incomplete or damaged."""
    import pyarrow as pa

    manifest = read_manifest(folder)
    parts = [read_table(folder, split) for split in SPLITS]
    schema = read_dataset_schema(folder)
    return Shelf(pa.concat_tables(parts), manifest.report, schema, manifest.fingerprint, folder)


def open_sample(folder: Path, schema: LabelSchema) -> Shelf:
    """Merge the shipped sample in memory."""
    import pyarrow as pa

    dataset = merge(read_corpora(folder), schema)
    if dataset.report is None:
        raise CorpusError(f"{folder}: merged without a report")
    tables = [to_table(dataset.split(split)) for split in SPLITS]
    return Shelf(pa.concat_tables(tables), dataset.report, schema, dataset.fingerprint, None)


def _is_in(column: Any, values: Sequence[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(column, pa.array(list(values), pa.string()))
