"""The reviewers' corrections as one more corpus beside the merged ones: counted once, here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bioner.spans import Sentence

NAME = "corrections"


@dataclass(frozen=True)
class Corrections:
    """Reviewed sentences and their mentions, by split (``test`` is what reviewers set aside)."""

    sentences: Mapping[str, int] = field(default_factory=dict)
    mentions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(split, type) → mentions."""
    covers: frozenset[str] = frozenset()
    tokens: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """(split, number of tokens) → sentences."""

    def lengths(self, splits: Sequence[str]) -> Counter[int]:
        """Count the sentences of these splits by their number of tokens."""
        found: Counter[int] = Counter()
        for (split, length), number in self.tokens.items():
            found[length] += number * (split in splits)
        return +found

    def count(self, name: str, splits: Sequence[str]) -> int:
        """Count the mentions of a type in these splits."""
        return sum(self.mentions.get((split, name), 0) for split in splits)


def count_corrections(by_split: Mapping[str, Sequence[Sentence]]) -> Corrections:
    """Count reviewed sentences and their mentions by split and type."""
    everything = [one for found in by_split.values() for one in found]
    return Corrections(
        {split: len(found) for split, found in by_split.items() if found},
        Counter(
            (split, span.label)
            for split, found in by_split.items()
            for one in found
            for span in one.spans
        ),
        frozenset().union(*(one.covers for one in everything)),
        Counter((split, len(one.tokens)) for split, found in by_split.items() for one in found),
    )
