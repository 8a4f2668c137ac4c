"""What a run would train on: sentences and words, by the corpora that they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from bioner.errors import JobError
from bioner.repeats import repeat_factor

PIECES_PER_WORD = 1.45
"""Word-pieces a corpus token, BERT's vocabulary on biomedical text; measured ones vary by ±10%."""
WINDOW = 256
"""The word-pieces that train cuts a sentence at."""
SORTED_TOGETHER = 50
"""So many batches of a run are sorted by length together."""
WITH_MARKS = ("corpus", "sources", "n_tokens", "spans", "by_source")
"""The columns that say what is marked by whom."""


@dataclass(frozen=True)
class TrainSize:
    """Sentences and words (corpus tokens) that a run would train on.

    ``is_told``: each sentence carries the piece that says whose rules hold.
    """

    sentences: int
    words: int
    is_told: bool = False
    lengths: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    """The words of a sentence, and how many have so many, the longest first; empty: not known."""

    @property
    def pieces(self) -> int:
        """Word-pieces of one epoch, special tokens included."""
        return round(self.words * PIECES_PER_WORD) + (2 + self.is_told) * self.sentences


@dataclass(frozen=True)
class TrainGroup:
    """Train sentences of one length that come from exactly these corpora, fused if several."""

    sources: frozenset[str]
    size: TrainSize
    marks: frozenset[tuple[str, str]] = frozenset()
    """The types that each of their corpora marks in each of them, where that was asked for."""


def train_groups(folder: Path, *, with_marks: bool = False) -> list[TrainGroup]:
    """Count the train sentences and words of a merged folder by the corpora they come from.

    With ``with_marks`` by what is marked in them too, which takes a second or two. Raises JobError
    where there is no such folder.
    """
    if not (folder / "manifest.json").is_file():
        raise JobError(f"{folder}: there is no merged dataset; `corpora build` makes one")
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if with_marks:
        return _marked_groups(folder)
    table = pq.read_table(folder / "train.parquet", columns=["corpus", "sources", "n_tokens"])
    table = table.set_column(1, "sources", pc.binary_join(table["sources"], "|"))
    groups = table.group_by(["corpus", "sources", "n_tokens"]).aggregate([([], "count_all")])
    return [
        TrainGroup(
            frozenset((row["sources"] or row["corpus"]).split("|")),
            TrainSize(row["count_all"], row["count_all"] * row["n_tokens"]),
        )
        for row in groups.to_pylist()
    ]


def _marked_groups(folder: Path) -> list[TrainGroup]:
    import pyarrow.parquet as pq

    path = folder / "train.parquet"
    named = [one for one in WITH_MARKS if one in pq.read_schema(path).names]
    counts: Counter[tuple[frozenset[str], frozenset[tuple[str, str]], int]] = Counter()
    for batch in pq.ParquetFile(path).iter_batches(columns=named):
        for row in batch.to_pylist():
            sources = tuple(row["sources"] or (row["corpus"],))
            owner = sources[0] if len(sources) == 1 else row["corpus"]
            views = row.get("by_source") or ({"corpus": owner, "spans": row["spans"]},)
            marks = frozenset(
                (one["corpus"], span["label"]) for one in views for span in one["spans"]
            )
            counts[frozenset(sources), marks, row["n_tokens"]] += 1
    return [
        TrainGroup(sources, TrainSize(count, count * words), marks)
        for (sources, marks, words), count in counts.items()
    ]


def corpora_of(groups: Sequence[TrainGroup]) -> dict[str, int]:
    """Return corpus → its train sentences; a fused sentence counts for each of its corpora."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts.update(dict.fromkeys(group.sources, group.size.sentences))
    return dict(sorted(counts.items()))


def chosen_size(
    groups: Sequence[TrainGroup],
    corpora: Collection[str],
    *,
    is_told: bool = False,
    repeat_rare: float = 0.0,
) -> TrainSize:
    """Return what is left to train on when only these corpora are chosen.

    With ``repeat_rare`` the sentences that an epoch shows again are counted in: ``groups`` know
    their marks then.
    """
    names = set(corpora)
    chosen = [one for one in groups if one.sources & names]
    total = sum(one.size.sentences for one in chosen)
    counts: Counter[tuple[str, str]] = Counter()
    for one in chosen if repeat_rare else ():
        counts.update(dict.fromkeys(one.marks, one.size.sentences))
    by_length: Counter[int] = Counter()
    sentences = words = 0.0
    for one in chosen:
        shares = [counts[mark] / total for mark in one.marks if mark[0] in names and counts[mark]]
        factor = repeat_factor(shares, repeat_rare)
        sentences += factor * one.size.sentences
        words += factor * one.size.words
        by_length[one.size.words // max(1, one.size.sentences)] += one.size.sentences
    lengths = tuple(sorted(by_length.items(), reverse=True))
    return TrainSize(round(sentences), round(words), is_told, lengths)


def longest_read(size: TrainSize, *, batch: int, batches: int) -> int:
    """Return the word-pieces of the longest sentence in so many batches, about; a window at most.

    Training sorts ``SORTED_TOGETHER`` batches by length together, so that a batch is as long as
    some rank of theirs: what is expected is the mean over the ranks of the longest batch read.
    """
    if not size.lengths:
        return WINDOW
    run = min(size.sentences, batch * SORTED_TOGETHER)
    ranks = max(1, -(-run // batch))

    def is_read(ranks_from_top: int) -> float:
        return float(1 - (1 - ranks_from_top / ranks) ** max(1, batches))

    expected = 0.0
    for rank in range(ranks):
        seen = max(run, batch * batches) if rank == 0 else run
        share = (rank * batch + 1) / (seen + 1)
        expected += _length_at(size, share) * (is_read(rank + 1) - is_read(rank))
    return round(expected)


def _length_at(size: TrainSize, share: float) -> float:
    """Return the word-pieces of the sentence that this share of all is as long as, or longer."""
    wanted = share * sum(count for _, count in size.lengths)
    read = accumulate(count for _, count in size.lengths)
    found = (
        words for (words, _), so_far in zip(size.lengths, read, strict=True) if so_far >= wanted
    )
    words = next(found, size.lengths[-1][0])
    return min(WINDOW, words * PIECES_PER_WORD + 2 + size.is_told)


def known_corpora(groups: Sequence[TrainGroup], names: Iterable[str]) -> tuple[str, ...]:
    """Return the corpora that a person named, all where none is; raises JobError for others."""
    there = corpora_of(groups)
    chosen = tuple(name.strip() for name in names if name.strip())
    for name in chosen:
        if name not in there:
            raise JobError(f"corpus {name!r} is not in the data; expected: {', '.join(there)}")
    return chosen or tuple(there)
