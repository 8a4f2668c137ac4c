"""How far reviewers agree: F1 of each pair and of all, κ and α over words."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, starmap
from typing import TypeAlias

from bioner.errors import StoreError
from bioner.review.curation import seen_by
from bioner.spans import Mention, Range
from bioner.store import Agreement, SideBySide, Store, Version
from bioner.store.agreement import compare, of_types, pair_agreement
from bioner.store.training_data import keys_of

ALL = "all"
"""Beside the types: all of them at once."""

Label: TypeAlias = frozenset[str]
"""What a reviewer calls a word: the types of the marks that it is in, none among them."""

_NONE: Label = frozenset()

Unit: TypeAlias = tuple[Label, ...]
"""One word, as each of the reviewers calls it who has the sentence."""

Units: TypeAlias = Mapping[Unit, int]
"""How many words are called like that: most of a large project are called alike by all."""

Coefficients: TypeAlias = Mapping[str, float | None]
"""By type and over ``ALL``; None where all call every word the same, so that chance is all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PairAgreement:
    """How far two reviewers agree: F1 of marks, and Cohen's κ (1960) over ``words``."""

    f1: Agreement
    words: int
    kappa: Coefficients


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamAgreement:
    """How far all of some reviewers agree, over the sentences that at least two of them have.

    ``f1`` is that of all pairs taken together. ``fleiss`` is Fleiss' κ (1971), where the number of
    reviewers of a word varies in its general form (Fleiss, Levin & Paik 2003, 18.3); ``alpha`` is
    Krippendorff's α with the nominal distance. Both count the types that all who have a sentence
    looked for.
    """

    reviewers: tuple[str, ...]
    pairs: tuple[PairAgreement, ...]
    sentences: int
    words: int
    f1: Agreement
    fleiss: Coefficients
    alpha: Coefficients
    disagreements: tuple[int, ...]
    settled: int

    @property
    def types(self) -> tuple[str, ...]:
        """The types that anybody marked where all looked for them, in order of the alphabet."""
        return tuple(sorted(name for name in self.f1.exact if name != ALL))


def reviewers_of(sentences: Iterable[SideBySide]) -> tuple[str, ...]:
    """Return who has a version of any of these sentences, by name."""
    return tuple(sorted({name for one in sentences for name in seen_by(one)}))


def measure(store: Store, project: str, reviewers: Sequence[str] = ()) -> TeamAgreement:
    """Measure how far reviewers of an independent project agree; all, where none is named.

    Raises StoreError where fewer than two are named or have reviewed anything.
    """
    return agreement_of(store.side_by_side(project), reviewers)


def agreement_of(sentences: Sequence[SideBySide], reviewers: Sequence[str] = ()) -> TeamAgreement:
    """Measure how far reviewers agree on these sentences; see ``measure``."""
    there = reviewers_of(sentences)
    names = tuple(dict.fromkeys(reviewers)) or there
    unknown = [name for name in names if name not in there]
    if unknown or len(names) < 2:
        known = ", ".join(there) or "nobody"
        missing = f"{unknown[0]!r} has not" if unknown else "it takes two who have"
        raise StoreError(f"{missing} accepted or corrected a sentence; so far have: {known}")
    shared = [one for one in sentences if len(seen_by(one, names)) > 1]
    words = _words(shared, names)
    apart = differing(shared, names)
    pooled = _pooled(shared, names)
    return TeamAgreement(
        reviewers=names,
        pairs=tuple(_pair(shared, a, b) for a, b in combinations(names, 2)),
        sentences=len(shared),
        words=words.number,
        f1=pooled,
        fleiss=words.each(fleiss_kappa),
        alpha=words.each(krippendorff_alpha),
        disagreements=tuple(one.item for one in apart if one.chosen is None),
        settled=sum(one.chosen is not None for one in apart),
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """Words, as they are called and with the types that were looked for where they stand."""

    counts: Counter[tuple[Unit, Label]]

    @property
    def number(self) -> int:
        return self.counts.total()

    def each(self, measure: Callable[[Units], float | None]) -> dict[str, float | None]:
        """Measure over all types, and for each type whether a word is of it."""
        whole: Counter[Unit] = Counter()
        for (unit, _), n in self.counts.items():
            whole[unit] += n
        found = {ALL: measure(whole)}
        for name in sorted({name for unit in whole for label in unit for name in label}):
            only = frozenset({name})
            part: Counter[Unit] = Counter()
            for (unit, types), n in self.counts.items():
                if name in types:
                    part[tuple(label & only for label in unit)] += n
            found[name] = measure(part)
        return found


def _words(sentences: Iterable[SideBySide], names: Sequence[str]) -> _Words:
    counts: Counter[tuple[Unit, Label]] = Counter()
    for one in sentences:
        versions = _versions(one, names)
        types = frozenset.intersection(*(version.covers for version in versions))
        if types:
            columns = [labels_of(one.tokens, of_types(v.mentions, types)) for v in versions]
            counts.update((unit, types) for unit in zip(*columns, strict=True))
    return _Words(counts)


def labels_of(tokens: Sequence[Range], mentions: Iterable[Mention]) -> list[Label]:
    """Return by token the types of the marks that it shares a character with."""
    ends = [end for _, end in tokens]
    labels: list[Label] = [_NONE] * len(tokens)
    for one in mentions:
        for start, end in one.fragments:
            at = bisect_right(ends, start)
            while at < len(tokens) and tokens[at][0] < end:
                labels[at] |= {one.label}
                at += 1
    return labels


def _versions(sentence: SideBySide, names: Sequence[str]) -> list[Version]:
    return [one for one in sentence.versions if one.reviewer in names]


def _pair(sentences: Sequence[SideBySide], a: str, b: str) -> PairAgreement:
    both = [one for one in sentences if len(seen_by(one, (a, b))) == 2]
    words = _words(both, (a, b))
    return PairAgreement(
        f1=pair_agreement(both, a, b), words=words.number, kappa=words.each(cohen_kappa)
    )


def _pooled(sentences: Sequence[SideBySide], names: Sequence[str]) -> Agreement:
    """Return the F1 of all pairs as if they were one."""
    pairs: list[tuple[tuple[Mention, ...], tuple[Mention, ...]]] = []
    for one in sentences:
        for left, right in combinations(_versions(one, names), 2):
            types = left.covers & right.covers
            pairs.append((of_types(left.mentions, types), of_types(right.mentions, types)))
    return compare(ALL, ALL, dict(enumerate(pairs)))


def differing(sentences: Iterable[SideBySide], reviewers: Sequence[str]) -> list[SideBySide]:
    """Return the sentences in which some two differ over the types that both looked for."""
    return [
        one
        for one in sentences
        if any(starmap(_differ, combinations(_versions(one, reviewers), 2)))
    ]


def _differ(left: Version, right: Version) -> bool:
    types = left.covers & right.covers
    mine, theirs = of_types(left.mentions, types), of_types(right.mentions, types)
    return keys_of(mine) != keys_of(theirs)


def cohen_kappa(units: Units) -> float | None:
    """Return Cohen's κ of units with two labels each; None where chance alone explains all."""
    total = sum(units.values())
    if not total:
        return None
    observed = sum(n for (left, right), n in units.items() if left == right) / total
    sides: tuple[Counter[Label], Counter[Label]] = (Counter(), Counter())
    for unit, n in units.items():
        for side, label in zip(sides, unit, strict=True):
            side[label] += n
    expected = sum(sides[0][label] * sides[1][label] for label in sides[0]) / total**2
    is_one = len(sides[0] | sides[1]) == 1
    return None if is_one else (observed - expected) / (1 - expected)


def fleiss_kappa(units: Units) -> float | None:
    """Return Fleiss' κ of units with two labels or more each; None as for Cohen's."""
    totals = _ratings(units)
    if len(totals) < 2:
        return None
    observed = sum(
        n * (1 - _apart(unit) / (len(unit) * (len(unit) - 1))) for unit, n in units.items()
    )
    ratings = totals.total()
    expected = sum((n / ratings) ** 2 for n in totals.values())
    return (observed / sum(units.values()) - expected) / (1 - expected)


def krippendorff_alpha(units: Units) -> float | None:
    """Return Krippendorff's α of units with two labels or more each; None as for Cohen's.

    One minus the disagreement that is observed over the expected one, with the nominal distance
    (Krippendorff 2011, C): labels of a unit are paired with its others, labels of all with all.
    """
    totals = _ratings(units)
    if len(totals) < 2:
        return None
    observed = sum(n * _apart(unit) / (len(unit) - 1) for unit, n in units.items())
    ratings = totals.total()
    expected = ratings**2 - sum(n**2 for n in totals.values())
    return 1 - (ratings - 1) * observed / expected


def _ratings(units: Units) -> Counter[Label]:
    """Count how often each label was given."""
    totals: Counter[Label] = Counter()
    for unit, n in units.items():
        for label in unit:
            totals[label] += n
    return totals


def _apart(unit: Unit) -> int:
    """Count the ordered pairs of a unit's labels that are not alike."""
    return len(unit) ** 2 - sum(n * n for n in Counter(unit).values())
