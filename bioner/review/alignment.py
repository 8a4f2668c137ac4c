"""Several reviewers' marks of one sentence, aligned: who marks what where, and how they differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from bioner.spans import Mention, Range
from bioner.store import SideBySide, Version
from bioner.store.agreement import touch

Kind = Literal["alike", "type", "edges", "both", "some"]
"""How the marks of one place differ: not at all, in type, in where they begin or end, in both; or
some reviewers have the mark and others, who looked for its type, do not."""

KINDS_SAID: dict[Kind, str] = {
    "alike": "all alike",
    "type": "same words, another type",
    "edges": "other words, same type",
    "both": "other words, another type",
    "some": "not all have it",
}
"""The kinds as pages and commands name them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A mark as one or several reviewers made it."""

    mention: Mention
    holders: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """One place of a sentence: at most one mark of each reviewer, and who has none there.

    ``without`` looked for a type that is marked here; ``unlooked`` looked for none of them, so that
    their silence says nothing. The variant that most have comes first.
    """

    variants: tuple[Variant, ...]
    without: tuple[str, ...]
    unlooked: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        if len(self.variants) == 1:
            return "some" if self.without else "alike"
        types = {one.mention.label for one in self.variants}
        places = {one.mention.fragments for one in self.variants}
        if len(types) > 1:
            return "both" if len(places) > 1 else "type"
        return "edges"

    @property
    def looked(self) -> int:
        """How many reviewers have a say here."""
        return sum(len(one.holders) for one in self.variants) + len(self.without)

    @property
    def alike(self) -> tuple[bool, Mention | None]:
        """Whether all who looked say the same; and what."""
        return self.kind == "alike", self.variants[0].mention

    @property
    def majority(self) -> tuple[bool, Mention | None]:
        """Whether more than half of them say the same; and what: a mark, or None for no mark."""
        best = self.variants[0]
        if 2 * len(best.holders) > self.looked:
            return True, best.mention
        return 2 * len(self.without) > self.looked, None


def align(sentence: SideBySide, reviewers: Sequence[str] = ()) -> tuple[Spot, ...]:
    """Align the marks of a sentence's versions, those of ``reviewers`` where some are named.

    Marks that share a character come together, the same words before overlapping ones, and no place
    holds two marks of one reviewer; a mark that all have stands by itself.
    """
    versions = [one for one in sentence.versions if not reviewers or one.reviewer in reviewers]
    places = _places(_variants(versions))
    return tuple(sorted((_spot(ones, versions) for ones in places), key=_order))


def _variants(versions: Iterable[Version]) -> list[Variant]:
    held: dict[tuple[tuple[Range, ...], str, int], list[tuple[str, Mention]]] = defaultdict(list)
    for version in versions:
        copies: Counter[tuple[tuple[Range, ...], str]] = Counter()
        for one in version.mentions:
            key = one.fragments, one.label
            held[*key, copies[key]].append((version.reviewer, one))
            copies[key] += 1
    return [
        Variant(mention=_common(one for _, one in pairs), holders=tuple(name for name, _ in pairs))
        for pairs in held.values()
    ]


def _common(mentions: Iterable[Mention]) -> Mention:
    """Return the mark with what most say of it (a concept, say), as reviewed."""
    counts = Counter(replace(one, status="reviewed", score=None) for one in mentions)
    return counts.most_common(1)[0][0]


def _rank(one: Variant) -> tuple[int, int, int, str]:
    size = sum(end - start for start, end in one.mention.fragments)
    return -len(one.holders), -size, one.mention.start, one.mention.label


def _places(variants: list[Variant]) -> list[list[Variant]]:
    """Join the nearest first, never two marks of one reviewer."""
    variants = sorted(variants, key=_rank)
    home = [[one] for one in variants]
    pairs = [
        (_nearness(one, other), -a, -b)
        for (a, one), (b, other) in combinations(enumerate(variants), 2)
        if touch(one.mention, other.mention)
    ]
    for _, a, b in sorted(pairs, reverse=True):
        left, right = home[-a], home[-b]
        held = {name for one in left for name in one.holders}
        if left is right or not all(held.isdisjoint(one.holders) for one in right):
            continue
        left.extend(right)
        for at, place in enumerate(home):
            if place is right:
                home[at] = left
    return list({id(place): place for place in home}.values())


def _nearness(one: Variant, other: Variant) -> tuple[bool, bool, int]:
    shared = sum(
        max(0, min(b, d) - max(a, c))
        for a, b in one.mention.fragments
        for c, d in other.mention.fragments
    )
    is_same = one.mention.fragments == other.mention.fragments
    return is_same, one.mention.label == other.mention.label, shared


def _spot(ones: list[Variant], versions: Sequence[Version]) -> Spot:
    labels = {one.mention.label for one in ones}
    held = {name for one in ones for name in one.holders}
    silent = [one for one in versions if one.reviewer not in held]
    return Spot(
        variants=tuple(sorted(ones, key=lambda one: (-len(one.holders), one.holders))),
        without=tuple(one.reviewer for one in silent if one.covers & labels),
        unlooked=tuple(one.reviewer for one in silent if not one.covers & labels),
    )


def _order(spot: Spot) -> tuple[int, int]:
    first = spot.variants[0].mention
    return first.start, -first.end
