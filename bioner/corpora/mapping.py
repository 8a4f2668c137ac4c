"""A corpus's own labels become ours: types, what was looked for, what is evidence for nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bioner.errors import SchemaError
from bioner.labels import IGNORE, CorpusMapping
from bioner.spans import Range, Sentence, Span


@dataclass
class MappingCounts:
    """What became of the corpora's own labels: corpus → label → our type → mentions.

    ``ignored`` counts those left open: corpus → label → mentions.
    """

    mapped: dict[str, dict[str, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    ignored: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def count(self, corpus: str, source: str, label: str) -> None:
        """Count one mention of a source label that became ``label``, or was left open."""
        self.mapped[corpus][source][label] += 1
        if label == IGNORE:
            self.ignored[corpus][source] += 1


def apply_mapping(
    sentence: Sentence, rules: CorpusMapping, counts: MappingCounts | None = None
) -> Sentence:
    """Return the sentence with our labels, its corpus's covers, and ignored ranges.

    Raises SchemaError where a source type has no rule.
    """
    spans: list[Span] = []
    ignored: list[Range] = []
    for span in sentence.spans:
        rule = rules.rules.get(span.label)
        if rule is None:
            raise SchemaError(
                f"{sentence.document}: {rules.corpus} has a type {span.label!r} without a rule; "
                f"add one to the label schema under corpora → {rules.corpus} → types: "
                "a type of ours, or ignore"
            )
        label = rule.apply(sentence.surface(span)) if rule.by_surface else rule.label
        if counts is not None:
            counts.count(rules.corpus, span.label, label)
        if label == IGNORE:
            ignored.append((span.start, span.end))
            continue
        spans.append(
            Span(
                span.start,
                span.end,
                label,
                span.label,
                rules.coarse.get(label, ()),
                span.status,
                span.score,
                span.alternatives,
            )
        )
    return Sentence(
        sentence.document,
        sentence.tokens,
        sentence.offsets,
        tuple(spans),
        rules.covers,
        sentence.corpus,
        sentence.split,
        sentence.readings,
        tuple(ignored),
        sentence.sources,
    )
