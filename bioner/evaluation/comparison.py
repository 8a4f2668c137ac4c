"""Two models on the same sentences: paired-bootstrap differences, what was fixed, what broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bioner.errors import CorpusError
from bioner.evaluation.bootstrap import DRAWS, bounds, f1, resample
from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.reports import Evaluation
from bioner.evaluation.scores import Counts, Report


@dataclass(frozen=True, slots=True)
class Difference:
    """How much B is better than A in F1 (0..1), with a paired-bootstrap interval (95%)."""

    name: str
    a: float
    b: float
    low: float
    high: float
    support: int = 0

    @property
    def difference(self) -> float:
        return self.b - self.a

    @property
    def is_significant_fall(self) -> bool:
        """Whether even the upper bound says that B is worse."""
        return self.high < 0

    @property
    def is_significant_rise(self) -> bool:
        """Whether even the lower bound says that B is better."""
        return self.low > 0

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "a": self.a,
            "b": self.b,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "support": self.support,
            "significant_fall": self.is_significant_fall,
            "significant_rise": self.is_significant_rise,
        }


def drawn_differences(name: str, a: Counts, b: Counts, *, draws: int) -> npt.NDArray[np.float64]:
    """Return how much B is better than A in F1 in each of so many draws of the sentences."""
    both = np.stack([a, b], axis=1)
    # F1 needs correct and predicted + gold: fewer kinds of sentences, so quicker draws.
    both = np.stack([both[..., 0], both[..., 1] + both[..., 2], np.zeros_like(both[..., 0])], -1)
    f1_a, f1_b = f1(resample(both, draws, seed_text=name)).T
    found: npt.NDArray[np.float64] = f1_b - f1_a
    return found


def paired_bootstrap(
    name: str,
    a: Counts,
    b: Counts,
    *,
    draws: int = DRAWS,
    tails: tuple[float, float] = (2.5, 2.5),
) -> Difference:
    """Compare two models on the same sentences. *Shape:* (sentences, 3) counts each.

    Koehn 2004: sentences are drawn with replacement, the same for both. ``tails``: per cent of the
    draws left out below and above; thin ones are taken from up to three times the draws. Raises
    ValueError where the two were not scored on the same number of sentences.
    """
    if a.shape != b.shape:
        raise ValueError(f"the two models were scored on {len(a)} and {len(b)} sentences")
    if not len(a):
        return Difference(name, 0.0, 0.0, 0.0, 0.0)
    thinness = min(3, max(1, round(2.5 / min(tails))))
    low, high = bounds(drawn_differences(name, a, b, draws=draws * thinness), tails=tails)
    total_a, total_b = f1(np.stack([a.sum(axis=0), b.sum(axis=0)]))
    return Difference(
        name,
        float(total_a),
        float(total_b),
        float(low),
        float(high),
        int(a[:, 2].sum()),
    )


@dataclass(frozen=True)
class Paired:
    """Two reports cut to the sentences that both were scored on, their rows numbered alike.

    ``left_out`` counts sentences that only one of the two could be scored on: the other had been
    trained on them.
    """

    a: Report
    b: Report
    left_out: int


def pair(a: Evaluation, b: Evaluation) -> Paired:
    """Align two stored reports. Raises CorpusError where they are of different data or splits."""
    if a.identity() != b.identity():
        raise CorpusError(
            f"{a.key.model} and {b.key.model} were evaluated on different sentences; evaluate both "
            "on the same merged data and split"
        )
    if not a.report.leaked and not b.report.leaked:
        return Paired(
            replace(a.report, mistakes=a.mistakes), replace(b.report, mistakes=b.mistakes), 0
        )
    keys_a, keys_b = _numbered(a.places()), _numbered(b.places())
    common = set(keys_a) & set(keys_b)
    order = {key: i for i, key in enumerate(key for key in keys_a if key in common)}
    return Paired(
        _restrict(a, keys_a, order),
        _restrict(b, keys_b, order),
        len(keys_a) + len(keys_b) - 2 * len(common),
    )


_Key = tuple[tuple[str, str], int]


def _numbered(places: Sequence[tuple[str, str]]) -> list[_Key]:
    """Tell sentences of the same corpus and document apart by their number."""
    seen: Counter[tuple[str, str]] = Counter()
    keys: list[_Key] = []
    for place in places:
        seen[place] += 1
        keys.append((place, seen[place]))
    return keys


def _restrict(stored: Evaluation, keys: Sequence[_Key], order: dict[_Key, int]) -> Report:
    rows: dict[str, list[int]] = {}
    position: Counter[str] = Counter()
    for (corpus, _), number in ((key[0], i) for i, key in enumerate(keys)):
        if keys[number] in order:
            rows.setdefault(corpus, []).append(position[corpus])
        position[corpus] += 1
    return replace(
        stored.report,
        type_counts={
            corpus: (types, counts[rows.get(corpus, [])])
            for corpus, (types, counts) in stored.report.type_counts.items()
        },
        mistakes=tuple(
            replace(m, row=order[keys[m.row]]) for m in stored.mistakes if keys[m.row] in order
        ),
    )


def compare_reports(a: Report, b: Report) -> list[Difference]:
    """Compare two reports of the same sentences, corpus by corpus (only corpora that both have)."""
    common = [corpus for corpus in a.counts if corpus in b.counts]
    return [paired_bootstrap(corpus, a.counts[corpus], b.counts[corpus]) for corpus in common]


def compare_types(a: Report, b: Report) -> list[Difference]:
    """Compare two reports of the same sentences, type by type over all their common corpora."""
    types = list(dict.fromkeys((*a.by_type, *b.by_type)))
    corpora = [c for c in a.type_counts if c in b.type_counts]
    return [
        paired_bootstrap(
            name,
            np.concatenate([_of_type(a, c, name) for c in corpora]),
            np.concatenate([_of_type(b, c, name) for c in corpora]),
        )
        for name in types
        if corpora
    ]


def _of_type(report: Report, corpus: str, name: str) -> Counts:
    types, counts = report.type_counts[corpus]
    if name in types:
        return counts[:, types.index(name)]
    return np.zeros((len(counts), 3), dtype=np.int64)


def fixed_and_broken(
    a: Sequence[Mistake], b: Sequence[Mistake]
) -> tuple[list[Mistake], list[Mistake]]:
    """Return the mistakes of A that B does not make, and those of B that A does not make."""
    in_a, in_b = {_key(m) for m in a}, {_key(m) for m in b}
    return [m for m in a if _key(m) not in in_b], [m for m in b if _key(m) not in in_a]


def _key(one: Mistake) -> tuple[object, ...]:
    shown = one.gold or one.predicted
    predicted = one.predicted if one.gold is None else None
    return (
        one.corpus,
        one.row,
        one.sentence,
        shown and (shown.start, shown.end, shown.label),
        predicted is not None,
    )
