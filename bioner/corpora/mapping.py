"""A corpus's own labels become ours: types, what was looked for, what is evidence for nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bioner.corpora.dataset import MergeReport
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
    """Return the sentence with our labels, its covers, and ignored ranges.

    The covers are its corpus's; of them those that were looked for here, where it says so itself.

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
                start=span.start,
                end=span.end,
                label=label,
                source_label=span.label,
                stands_for=rules.coarse.get(label, ()),
                status=span.status,
                score=span.score,
                alternatives=span.alternatives,
            )
        )
    return Sentence(
        document=sentence.document,
        tokens=sentence.tokens,
        offsets=sentence.offsets,
        spans=tuple(spans),
        covers=_covers(sentence, rules),
        corpus=sentence.corpus,
        split=sentence.split,
        readings=sentence.readings,
        ignored=tuple(ignored),
        sources=sentence.sources,
    )


def _covers(sentence: Sentence, rules: CorpusMapping) -> frozenset[str]:
    if not sentence.covers:
        return rules.covers
    ours = {rules.rules[one].label if one in rules.rules else one for one in sentence.covers}
    return rules.covers & ours


@dataclass(frozen=True, slots=True)
class MappingRow:
    """What mentions of a corpus's label became: all of them, or those with certain words.

    ``words``: how many words are so excepted; 0 for the label's rule itself.
    """

    source: str
    label: str
    mentions: int
    reason: str
    words: int = 0


def mapping_rows(mapping: CorpusMapping, report: MergeReport) -> list[MappingRow]:
    """Return a row for each label of a corpus and each thing it became, by the merge report."""
    mapped = report.mapped.get(mapping.corpus, {})
    ignored = report.ignored.get(mapping.corpus, {})
    rows: list[MappingRow] = []
    for source, rule in mapping.rules.items():
        reasons = {one.label: one.reason for one in rule.by_surface} | {rule.label: rule.reason}
        words = {one.label: len(one.surfaces) for one in rule.by_surface} | {rule.label: 0}
        found = {**mapped.get(source, {}), IGNORE: ignored.get(source, 0)}
        rows += [
            MappingRow(source, to, found.get(to, 0), reasons[to], words[to]) for to in rule.targets
        ]
    return rows
