"""The convention lens: surfaces that corpora label or delimit differently, by mentions at stake."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bioner.labels import LabelSchema

REACH = 3
"""How many words to either side of a mention another corpus's longer surface is looked for."""

Kind = Literal["types", "names", "boundaries"]
"""What corpora disagree about: labels of different groups; labels of one group, such as Gene and
Protein; or where the mention begins and ends."""
Mark = tuple[int, int, str, str, str]
"""A mention over a sentence's words: start, end, label, its corpus, its surface as written."""

Entry = tuple[str, str]
"""A label, or the part that is marked; and the corpus."""
Counts = Counter[Entry]


@dataclass(frozen=True, slots=True)
class MarkedSentence:
    """A sentence's lower-cased words and its mentions over them, clashing readings included."""

    words: tuple[str, ...]
    mentions: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of annotating a surface: its label, or the part that is marked."""

    value: str
    by_corpus: tuple[tuple[str, int], ...]

    @property
    def mentions(self) -> int:
        return sum(count for _, count in self.by_corpus)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A surface that corpora annotate differently.

    ``at_stake``: the mentions that would change if all corpora agreed on the commonest convention.
    """

    kind: Kind
    surface: str
    mentions: int
    at_stake: int
    variants: tuple[Variant, ...]


class Conventions:
    """Counts how each corpus labels and delimits each surface.

    ``count`` every sentence first, then ``count_parts`` every one again: only then is it known
    what is marked elsewhere.
    """

    def __init__(self, schema: LabelSchema) -> None:
        self._schema = schema
        self._labels: dict[str, Counts] = defaultdict(Counter)
        self._written: dict[str, Counter[str]] = defaultdict(Counter)
        self._parts: dict[tuple[str, str], Counts] = defaultdict(Counter)

    def count(self, sentence: MarkedSentence) -> None:
        """Count a sentence's mentions by surface, label and corpus."""
        for start, end, label, corpus, surface in sentence.mentions:
            key = " ".join(sentence.words[start:end])
            self._labels[key][label, corpus] += 1
            self._written[key][surface] += 1

    def count_parts(self, sentence: MarkedSentence) -> None:
        """Count the mentions that are a part of what another corpus marks as a whole."""
        words = sentence.words
        for start, end, label, corpus, _ in sentence.mentions:
            group = self._group(label)
            same = [(a, b) for a, b, _, other, _ in sentence.mentions if other == corpus]
            for low in range(max(0, start - REACH), start + 1):
                for high in range(end, min(len(words), end + REACH) + 1):
                    if high - low == end - start:
                        continue
                    key = " ".join(words[low:high])
                    marked = self._labels.get(key)
                    if marked is None or not any(
                        other != corpus and self._group(name) == group for name, other in marked
                    ):
                        continue
                    if not any(a <= low and high <= b for a, b in same):
                        self._parts[key, group][" ".join(words[start:end]), corpus] += 1

    def surfaces(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield label, corpus, surface and mentions."""
        for key, counts in self._labels.items():
            for (label, corpus), mentions in counts.items():
                yield label, corpus, self._write(key), mentions

    def disagreements(self) -> Iterator[Disagreement]:
        """Yield what corpora disagree about, in no order."""
        for key, counts in self._labels.items():
            if len(counts) == 1:
                continue
            means = self._resolve(counts)
            groups = {entry: self._group(label) for entry, label in means.items()}
            yield from self._judge("types", key, counts, groups)
            for group in set(groups.values()):
                inside = {entry: n for entry, n in counts.items() if groups[entry] == group}
                yield from self._judge("names", key, inside, means)
        for (key, group), parts in self._parts.items():
            whole = {
                (key, corpus): mentions
                for (label, corpus), mentions in self._labels[key].items()
                if self._group(label) == group
            }
            both = {**parts, **whole}
            yield from self._judge("boundaries", key, both, {entry: entry[0] for entry in both})

    def _judge(
        self, kind: Kind, key: str, counts: Mapping[Entry, int], means: Mapping[Entry, str]
    ) -> Iterator[Disagreement]:
        """Yield a disagreement if two corpora mostly follow different conventions.

        ``means`` says what an entry comes down to; variants that mean the same do not disagree.
        """
        by_meaning: Counter[str] = Counter()
        by_corpus: dict[str, Counter[str]] = defaultdict(Counter)
        by_value: dict[str, Counter[str]] = defaultdict(Counter)
        for (value, corpus), mentions in counts.items():
            by_meaning[means[value, corpus]] += mentions
            by_corpus[corpus][means[value, corpus]] += mentions
            by_value[value][corpus] += mentions
        if len({_commonest(meanings) for meanings in by_corpus.values()}) < 2:
            return
        variants = [
            Variant(
                self._write(value) if kind == "boundaries" else value, tuple(corpora.most_common())
            )
            for value, corpora in by_value.items()
        ]
        yield Disagreement(
            kind,
            self._write(key),
            by_meaning.total(),
            by_meaning.total() - max(by_meaning.values()),
            tuple(sorted(variants, key=lambda variant: (-variant.mentions, variant.value))),
        )

    def _resolve(self, counts: Mapping[Entry, int]) -> dict[Entry, str]:
        """Say which label each entry comes down to.

        A coarse label is the commonest of those that it may stand for: AnatEM's "liver" is Anatomy
        because AnatEM has no finer type, and does not contradict CG's Organ.
        """
        coarse = {
            (label, corpus): self._schema.mapping_for(corpus).coarse.get(label, ())
            for label, corpus in counts
        }
        totals: Counter[str] = Counter()
        for (label, corpus), mentions in counts.items():
            if not coarse[label, corpus]:
                totals[label] += mentions
        return {
            (label, corpus): _commonest({n: totals[n] for n in finer if totals[n]} or {label: 1})
            for (label, corpus), finer in coarse.items()
        }

    def _write(self, key: str) -> str:
        return _commonest(self._written[key])

    def _group(self, label: str) -> str:
        return self._schema.group_of.get(label, label)


def _commonest(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda value: (-counts[value], value))
