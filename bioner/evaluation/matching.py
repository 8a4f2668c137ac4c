"""nervaluate's lenient matchings beside the strict one: what counts as right, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bioner.spans import Sentence, Span

Matching = Literal["strict", "exact", "partial", "ent_type"]


MATCHINGS: Mapping[Matching, str] = {
    "strict": "boundaries and type right",
    "exact": "boundaries right, whatever the type",
    "partial": "boundaries overlap, whatever the type: an overlap counts half",
    "ent_type": "type right, boundaries overlap",
}
"""nervaluate's schemes (Segura-Bedmar et al. 2013, SemEval-2013 task 9), strictest first."""


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """The outcome of one matching scheme; in ``partial`` an overlap is worth half."""

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: MatchCounts) -> MatchCounts:
        return MatchCounts(
            self.correct + other.correct,
            self.incorrect + other.incorrect,
            self.partial + other.partial,
            self.missed + other.missed,
            self.spurious + other.spurious,
        )

    @property
    def precision(self) -> float:
        return self._share(self.spurious)

    @property
    def recall(self) -> float:
        return self._share(self.missed)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def _share(self, unmatched: int) -> float:
        total = self.correct + self.incorrect + self.partial + unmatched
        return (self.correct + 0.5 * self.partial) / total if total else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "correct": self.correct,
            "incorrect": self.incorrect,
            "partial": self.partial,
            "missed": self.missed,
            "spurious": self.spurious,
        }


def match_counts_from_json(raw: Mapping[str, Any]) -> MatchCounts:
    """Read what ``MatchCounts.to_json`` returned."""
    return MatchCounts(
        raw["correct"], raw["incorrect"], raw["partial"], raw["missed"], raw["spurious"]
    )


def match(gold: Sequence[Span], predicted: Sequence[Span], scheme: Matching) -> MatchCounts:
    """Match spans under one scheme, in nervaluate's order: predictions in turn, each taking the
    closest free gold span that the scheme calls right, else the first free one it overlaps."""
    free = dict(enumerate(gold))
    correct = overlapping = spurious = 0
    for one in predicted:
        touched = [i for i, g in free.items() if _overlaps(one, g)]
        right = [i for i in touched if _is_right(one, free[i], scheme)]
        if right:
            correct += 1
            del free[min(right, key=lambda i: _distance(one, free[i]))]
        elif touched:
            overlapping += 1
            del free[touched[0]]
        else:
            spurious += 1
    half = scheme == "partial"
    return MatchCounts(
        correct, 0 if half else overlapping, overlapping if half else 0, len(free), spurious
    )


def _is_right(predicted: Span, gold: Span, scheme: Matching) -> bool:
    same_range = (predicted.start, predicted.end) == (gold.start, gold.end)
    same_label = predicted.label == gold.label
    if scheme == "strict":
        return same_range and same_label
    return same_label if scheme == "ent_type" else same_range


def _overlaps(predicted: Span, gold: Span) -> bool:
    """Whether a hundredth of the gold span is shared, nervaluate's least overlap."""
    shared = min(predicted.end, gold.end) - max(predicted.start, gold.start)
    return shared > 0 and 100 * shared >= gold.end - gold.start


def _distance(one: Span, other: Span) -> int:
    return abs(one.start - other.start) + abs(one.end - other.end)


def match_all(pairs: Iterable[tuple[Sentence, Sentence]]) -> dict[Matching, MatchCounts]:
    """Add up every scheme's counts over (gold, predicted) sentences."""
    totals = dict.fromkeys(MATCHINGS, MatchCounts())
    plain = 0
    for gold, predicted in pairs:
        if [(s.start, s.end, s.label) for s in gold.spans] == [
            (s.start, s.end, s.label) for s in predicted.spans
        ]:
            plain += len(gold.spans)
            continue
        for scheme in MATCHINGS:
            totals[scheme] += match(gold.spans, predicted.spans, scheme)
    return {scheme: counts + MatchCounts(correct=plain) for scheme, counts in totals.items()}
