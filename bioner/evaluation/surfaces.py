"""What the training split says about a surface form: who marks it, as what, and who leaves it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bioner.evaluation.mistakes import Mistake
from bioner.labels import CorpusMapping, LabelSchema
from bioner.spans import Sentence, Span

LEAST = 2
"""Training occurrences of a surface from which on a corpus's habit counts as one."""


class Lexicon:
    """The surfaces (lower-cased tokens joined by spaces) of training mentions, with their types."""

    def __init__(self, labels: Mapping[str, frozenset[str]]) -> None:
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def knows(self, surface: str, label: str, mapping: CorpusMapping) -> bool:
        """Whether the surface is a training mention of this label, in the corpus's own terms."""
        known = self._labels.get(surface.lower(), ())
        return any(mapping.fold_label(one) == label for one in known)


def read_lexicon(train: Iterable[Sentence]) -> Lexicon:
    """Gather the surfaces of all training mentions."""
    found: dict[str, set[str]] = defaultdict(set)
    for sentence in train:
        for span in sentence.spans:
            found[sentence.surface(span).lower()].add(span.label)
    return Lexicon({surface: frozenset(labels) for surface, labels in found.items()})


@dataclass
class Treatment:
    """How a corpus's training sentences treat a surface: how often it occurs, marked as what."""

    occurrences: int = 0
    marked: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> list[Any]:
        return [self.occurrences, dict(self.marked)]


Treatments = Mapping[str, Mapping[str, Treatment]]
"""Surface → corpus → treatment."""


def treatments_from_json(raw: Mapping[str, Mapping[str, Any]]) -> Treatments:
    """Read ``{surface: {corpus: Treatment.to_json()}}``."""
    return {
        surface: {corpus: Treatment(entry[0], Counter(entry[1])) for corpus, entry in row.items()}
        for surface, row in raw.items()
    }


def read_treatments(
    train: Iterable[Sentence], surfaces: Iterable[str], schema: LabelSchema
) -> dict[str, dict[str, Treatment]]:
    """Count how the training sentences of each corpus treat these surfaces.

    A mention of a fused sentence counts for those of its corpora whose rules give that label.
    """
    wanted = {surface.lower() for surface in surfaces}
    by_first: dict[str, set[int]] = defaultdict(set)
    for surface in wanted:
        words = surface.split(" ")
        by_first[words[0]].add(len(words))
    found: dict[str, dict[str, Treatment]] = {surface: {} for surface in wanted}
    for sentence in train:
        owners = sentence.sources or (sentence.corpus,)
        words = [token.lower() for token in sentence.tokens]
        spans = {(span.start, span.end): span for span in sentence.spans}
        for start, word in enumerate(words):
            for length in by_first.get(word, ()):
                surface = " ".join(words[start : start + length])
                if surface in wanted and start + length <= len(words):
                    span = spans.get((start, start + length))
                    for corpus in owners:
                        treatment = found[surface].setdefault(corpus, Treatment())
                        treatment.occurrences += 1
                        if span and _is_from(span, schema.mapping_for(corpus)):
                            treatment.marked[span.label] += 1
    return {surface: row for surface, row in found.items() if row}


def _is_from(span: Span, mapping: CorpusMapping) -> bool:
    if not span.source_label:
        return True
    rule = mapping.rules.get(span.source_label)
    return rule is not None and span.label in rule.targets


def agreeing_corpora(one: Mistake, treatments: Treatments, schema: LabelSchema) -> tuple[str, ...]:
    """Name the other corpora by whose habit the model would have been right.

    Their training sentences mostly mark the predicted surface so, and do not mostly mark the gold
    one as gold; or, for a missed mention, they look for its type and mostly leave it unmarked.
    """
    mine = schema.mapping_for(one.corpus)
    agreeing: list[str] = []
    for corpus, theirs in schema.corpora.items():
        if corpus == one.corpus:
            continue
        as_gold = _share(treatments, one.surface, corpus, one.gold, mine, theirs)
        as_predicted = _share(
            treatments, one.predicted_surface, corpus, one.predicted, mine, theirs
        )
        if one.predicted is not None:
            is_agreeing = (as_predicted or 0.0) > 0.5 and (as_gold or 0.0) <= 0.5
        else:
            looked = one.gold is not None and any(
                mine.fold_label(label) == one.gold.label for label in theirs.covers
            )
            is_agreeing = looked and as_gold is not None and as_gold < 0.5
        if is_agreeing:
            agreeing.append(corpus)
    return tuple(agreeing)


def _share(
    treatments: Treatments,
    surface: str,
    corpus: str,
    span: Span | None,
    mine: CorpusMapping,
    theirs: CorpusMapping,
) -> float | None:
    """How often a corpus marks the surface as the span's label, in either corpus's terms."""
    treatment = treatments.get(surface.lower(), {}).get(corpus)
    if span is None or treatment is None or treatment.occurrences < LEAST:
        return None
    label = span.label
    alike = sum(
        count
        for name, count in treatment.marked.items()
        if mine.fold_label(name) == label or theirs.fold_label(name) == theirs.fold_label(label)
    )
    return alike / treatment.occurrences
