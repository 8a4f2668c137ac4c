"""Mistake: one gold or predicted mention without its exact match; the lenient matching schemes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bioner.spans import Sentence, Span

Kind = Literal["wrong label", "wrong boundary", "wrong label and boundary", "missed", "spurious"]
KINDS: tuple[Kind, ...] = (
    "wrong label",
    "wrong boundary",
    "wrong label and boundary",
    "missed",
    "spurious",
)

Scheme = Literal["strict", "exact", "partial", "ent_type"]
SCHEMES: Mapping[Scheme, str] = {
    "strict": "boundaries and type right",
    "exact": "boundaries right, whatever the type",
    "partial": "boundaries overlap, whatever the type: an overlap counts half",
    "ent_type": "type right, boundaries overlap",
}
"""nervaluate's schemes (Segura-Bedmar et al. 2013, SemEval-2013 task 9), strictest first."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One gold or predicted mention without its exact match, in the corpus's own terms.

    ``surface`` is that of the gold mention, of a spurious one the predicted; ``row`` numbers the
    sentence in what was scored; ``agreeing`` names corpora by whose habit the model is right.
    """

    kind: Kind
    corpus: str
    sentence: str
    gold: Span | None
    predicted: Span | None
    surface: str
    predicted_surface: str = ""
    row: int = -1
    agreeing: tuple[str, ...] = ()


def find_mistakes(gold: Sentence, predicted: Sentence, *, row: int = -1) -> list[Mistake]:
    """Name each gold or predicted span without an exact match.

    A gold span is paired with the unmatched prediction that overlaps it most; what overlaps
    nothing is missed or spurious. So each unmatched span is in exactly one mistake.
    """
    exact = {(s.start, s.end, s.label) for s in gold.spans} & {
        (s.start, s.end, s.label) for s in predicted.spans
    }
    mine = [s for s in gold.spans if (s.start, s.end, s.label) not in exact]
    theirs = [s for s in predicted.spans if (s.start, s.end, s.label) not in exact]
    pairs = sorted(
        (-(min(g.end, p.end) - max(g.start, p.start)), g.label != p.label, i, j)
        for i, g in enumerate(mine)
        for j, p in enumerate(theirs)
        if g.start < p.end and p.start < g.end
    )
    used_gold: set[int] = set()
    used_predicted: set[int] = set()
    found: list[tuple[Kind, Span | None, Span | None]] = []
    for _, _, i, j in pairs:
        if i in used_gold or j in used_predicted:
            continue
        used_gold.add(i)
        used_predicted.add(j)
        found.append((_kind(mine[i], theirs[j]), mine[i], theirs[j]))
    found += [("missed", g, None) for i, g in enumerate(mine) if i not in used_gold]
    found += [("spurious", None, p) for j, p in enumerate(theirs) if j not in used_predicted]
    return [
        Mistake(
            kind,
            gold.corpus,
            gold.id,
            g,
            p,
            gold.surface(shown),
            gold.surface(p) if p else "",
            row,
        )
        for kind, g, p in found
        for shown in [g or p]
        if shown
    ]


def _kind(gold: Span, predicted: Span) -> Kind:
    if (gold.start, gold.end) == (predicted.start, predicted.end):
        return "wrong label"
    return "wrong boundary" if gold.label == predicted.label else "wrong label and boundary"


@dataclass(frozen=True, slots=True)
class SchemeCounts:
    """The outcome of one matching scheme; in ``partial`` an overlap is worth half."""

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: SchemeCounts) -> SchemeCounts:
        return SchemeCounts(
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


def scheme_counts_from_json(raw: Mapping[str, Any]) -> SchemeCounts:
    """Read what ``SchemeCounts.to_json`` returned."""
    return SchemeCounts(
        raw["correct"], raw["incorrect"], raw["partial"], raw["missed"], raw["spurious"]
    )


def match(gold: Sequence[Span], predicted: Sequence[Span], scheme: Scheme) -> SchemeCounts:
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
    return SchemeCounts(
        correct, 0 if half else overlapping, overlapping if half else 0, len(free), spurious
    )


def _is_right(predicted: Span, gold: Span, scheme: Scheme) -> bool:
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


def match_all(pairs: Iterable[tuple[Sentence, Sentence]]) -> dict[Scheme, SchemeCounts]:
    """Add up every scheme's counts over (gold, predicted) sentences."""
    totals = dict.fromkeys(SCHEMES, SchemeCounts())
    plain = 0
    for gold, predicted in pairs:
        if [(s.start, s.end, s.label) for s in gold.spans] == [
            (s.start, s.end, s.label) for s in predicted.spans
        ]:
            plain += len(gold.spans)
            continue
        for scheme in SCHEMES:
            totals[scheme] += match(gold.spans, predicted.spans, scheme)
    return {scheme: counts + SchemeCounts(correct=plain) for scheme, counts in totals.items()}
