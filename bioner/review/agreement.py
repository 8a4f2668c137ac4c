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

Unit: TypeAlias = Sequence[Label]
"""One word, as each of the reviewers calls it who has the sentence."""

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
    units = _units(shared, names)
    apart = differing(shared, names)
    pooled = _pooled(shared, names)
    return TeamAgreement(
        reviewers=names,
        pairs=tuple(_pair(shared, a, b) for a, b in combinations(names, 2)),
        sentences=len(shared),
        words=len(units.words),
        f1=pooled,
        fleiss=units.each(fleiss_kappa),
        alpha=units.each(krippendorff_alpha),
        disagreements=tuple(one.item for one in apart if one.chosen is None),
        settled=sum(one.chosen is not None for one in apart),
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """Words with the types that were looked for where they stand."""

    words: list[Unit]
    looked_for: list[Label]

    def each(self, measure: Callable[[Sequence[Unit]], float | None]) -> dict[str, float | None]:
        """Measure over all types, and for each type whether a word is of it."""
        used = sorted({name for unit in self.words for label in unit for name in label})
        found = {ALL: measure(self.words)}
        for name in used:
            only = frozenset({name})
            units = [
                [label & only for label in unit]
                for unit, types in zip(self.words, self.looked_for, strict=True)
                if name in types
            ]
            found[name] = measure(units)
        return found


def _units(sentences: Iterable[SideBySide], names: Sequence[str]) -> _Words:
    found = _Words([], [])
    for one in sentences:
        versions = _versions(one, names)
        types = frozenset.intersection(*(version.covers for version in versions))
        if not types:
            continue
        columns = [labels_of(one.tokens, of_types(v.mentions, types)) for v in versions]
        found.words.extend(zip(*columns, strict=True))
        found.looked_for.extend([types] * len(one.tokens))
    return found


def labels_of(tokens: Sequence[Range], mentions: Iterable[Mention]) -> list[Label]:
    """Return by token the types of the marks that it shares a character with."""
    ends = [end for _, end in tokens]
    labels: list[set[str]] = [set() for _ in tokens]
    for one in mentions:
        for start, end in one.fragments:
            at = bisect_right(ends, start)
            while at < len(tokens) and tokens[at][0] < end:
                labels[at].add(one.label)
                at += 1
    return [frozenset(one) for one in labels]


def _versions(sentence: SideBySide, names: Sequence[str]) -> list[Version]:
    return [one for one in sentence.versions if one.reviewer in names]


def _pair(sentences: Sequence[SideBySide], a: str, b: str) -> PairAgreement:
    both = [one for one in sentences if len(seen_by(one, (a, b))) == 2]
    units = _units(both, (a, b))
    return PairAgreement(
        f1=pair_agreement(both, a, b), words=len(units.words), kappa=units.each(cohen_kappa)
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


def cohen_kappa(units: Sequence[Unit]) -> float | None:
    """Return Cohen's κ of units with two labels each; None where chance alone explains all."""
    if not units:
        return None
    total = len(units)
    observed = sum(left == right for left, right in units) / total
    lefts, rights = (Counter(unit[side] for unit in units) for side in (0, 1))
    expected = sum(lefts[label] * rights[label] for label in lefts) / total**2
    is_one = len(lefts | rights) == 1
    return None if is_one else (observed - expected) / (1 - expected)


def fleiss_kappa(units: Sequence[Unit]) -> float | None:
    """Return Fleiss' κ of units with two labels or more each; None as for Cohen's."""
    if not units:
        return None
    totals: Counter[Label] = Counter()
    observed = 0.0
    for unit in units:
        counts = Counter(unit)
        totals.update(counts)
        raters = len(unit)
        observed += sum(n * (n - 1) for n in counts.values()) / (raters * (raters - 1))
    ratings = totals.total()
    expected = sum((n / ratings) ** 2 for n in totals.values())
    return None if len(totals) == 1 else (observed / len(units) - expected) / (1 - expected)


def krippendorff_alpha(units: Sequence[Unit]) -> float | None:
    """Return Krippendorff's α of units with two labels or more each; None as for Cohen's."""
    from nltk.metrics.agreement import AnnotationTask  # late: it takes a second

    if len({label for unit in units for label in unit}) < 2:
        return None
    triples = [
        (str(rater), number, label)
        for number, unit in enumerate(units)
        for rater, label in enumerate(unit)
    ]
    return float(AnnotationTask(triples).alpha())
