"""Mistake: one gold or predicted mention without its exact match; the lenient matching schemes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bioner.spans import Sentence, Span

Kind = Literal["wrong label", "wrong boundary", "wrong label and boundary", "missed", "spurious"]
KINDS: tuple[Kind, ...] = (
    "wrong label",
    "wrong boundary",
    "wrong label and boundary",
    "missed",
    "spurious",
)


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

    @property
    def score(self) -> float | None:
        """How sure the model is of what it marked; None where it marked nothing."""
        return self.predicted.score if self.predicted else None


def by_sentence(mistakes: Iterable[Mistake]) -> dict[int, list[Mistake]]:
    """Group mistakes by the row of their sentence, the surest first, missed mentions last."""
    found: dict[int, list[Mistake]] = {}
    for one in sorted(mistakes, key=lambda m: 1.0 if m.score is None else -m.score):
        found.setdefault(one.row, []).append(one)
    return found


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
            kind=kind,
            corpus=gold.corpus,
            sentence=gold.id,
            gold=g,
            predicted=p,
            surface=gold.surface(shown),
            predicted_surface=gold.surface(p) if p else "",
            row=row,
        )
        for kind, g, p in found
        for shown in [g or p]
        if shown
    ]


def _kind(gold: Span, predicted: Span) -> Kind:
    if (gold.start, gold.end) == (predicted.start, predicted.end):
        return "wrong label"
    return "wrong boundary" if gold.label == predicted.label else "wrong label and boundary"
