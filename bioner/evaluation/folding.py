"""Gold and prediction in a corpus's own terms; what it did not look for is set aside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bioner.labels import CorpusMapping
from bioner.spans import Sentence, Span, with_spans


@dataclass(frozen=True, slots=True)
class FoldedPair:
    """Gold and prediction of a sentence in its corpus's own terms; ``set_aside`` predictions."""

    gold: Sentence
    predicted: Sentence
    set_aside: int


def fold_pair(gold: Sentence, predicted: Sentence, mapping: CorpusMapping) -> FoldedPair:
    """Put gold and prediction into the corpus's own terms; set aside what it did not look for."""
    mine = fold_spans(gold.spans, mapping)
    theirs = fold_spans(predicted.spans, mapping)
    looked_for = {mapping.fold_label(label) for label in gold.covers}
    kept = tuple(s for s in theirs if s.label in looked_for)
    return FoldedPair(
        gold if mine == gold.spans else with_spans(gold, mine),
        predicted if kept == predicted.spans else with_spans(predicted, kept),
        len(theirs) - len(kept),
    )


def fold_spans(spans: Iterable[Span], mapping: CorpusMapping) -> tuple[Span, ...]:
    """Return the spans with their labels in the corpus's own terms."""
    return tuple(
        s
        if mapping.fold_label(s.label) == s.label and not s.stands_for
        else replace(s, label=mapping.fold_label(s.label), stands_for=())
        for s in spans
    )
