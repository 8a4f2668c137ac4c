"""What is taken for what: mistakes counted by gold type and by what the model says, and chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.scores import Report

ANY = ""
SPURIOUS, MISSED, BOUNDARY = "spurious", "missed", "wrong boundary"


@dataclass(frozen=True)
class Confusions:
    """One cell of the matrix: mentions of the gold ``row`` that the model says are ``column``."""

    row: str
    column: str
    count: int


@dataclass(frozen=True)
class MistakeFilter:
    """Which mistakes to choose; an empty field lets everything through."""

    corpus: str = ANY
    kind: str = ANY
    gold: str = ANY
    predicted: str = ANY
    text: str = ""
    convention: str = ""
    """``yes``: only where another corpus would agree with the model; ``no``: only where none."""

    def lets_through(self, one: Mistake) -> bool:
        """Whether the mistake is one of those."""
        return (
            self.corpus in (ANY, one.corpus)
            and self.kind in (ANY, one.kind)
            and self.gold in (ANY, row_of(one))
            and self.predicted in (ANY, column_of(one))
            and self.text.lower() in f"{one.surface}\n{one.predicted_surface}".lower()
            and (not self.convention or (self.convention == "yes") == bool(one.agreeing))
        )


def row_of(one: Mistake) -> str:
    """Return a mistake's row in the confusion matrix."""
    return one.gold.label if one.gold else SPURIOUS


def column_of(one: Mistake) -> str:
    """Return a mistake's column in the confusion matrix."""
    if one.kind == BOUNDARY:
        return BOUNDARY
    return one.predicted.label if one.predicted else MISSED


def count_confusions(
    report: Report, mistakes: Sequence[Mistake], corpus: str, order: Sequence[str]
) -> tuple[list[Confusions], list[Confusions]]:
    """Count mistakes by gold row and predicted column, and exact matches by type.

    ``order``: the types as the schema has them; others follow. ``corpus`` may be ANY.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for one in mistakes:
        if corpus in (ANY, one.corpus):
            counts[row_of(one), column_of(one)] += 1
    by_type = report.by_type if corpus == ANY else report.by_corpus[corpus].by_type
    types = [name for name in order if name in by_type]
    types += [name for name in by_type if name not in types]
    wrong = [
        Confusions(row, column, counts[row, column])
        for row in [*types, SPURIOUS]
        for column in [*types, BOUNDARY, MISSED]
        if counts[row, column]
    ]
    return wrong, [Confusions(name, name, by_type[name].correct) for name in types]
