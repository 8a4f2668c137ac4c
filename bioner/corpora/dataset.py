"""The merged sentences under one label schema, and the report of what the merge did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

from bioner.corpora.leaks import LeakRule
from bioner.corpora.registry import SPLITS
from bioner.errors import CorpusError
from bioner.labels import LabelSchema
from bioner.spans import Sentence, SourceReading, Span

_DEPTH = {
    **dict.fromkeys(("read", "fused_sentences", "repeated", "finer_label_won"), 0),
    **dict.fromkeys(("boundary_clashes", "type_clashes", "devel_equal_to_test"), 0),
    **dict.fromkeys(("types", "leaks_by_corpus", "fused"), 1),
    **dict.fromkeys(
        ("read_by_corpus", "sentences", "leaks", "leaks_of_ten", "ignored", "repairs"), 2
    ),
    **dict.fromkeys(("mentions", "mapped"), 3),
}
"""How many levels of names lie above the numbers of a report's field."""
_NAMES = ("tags", "parts")


@dataclass(frozen=True, kw_only=True)
class MergeReport:
    """Everything that the merge dropped, fused, repaired, ignored or found leaking, by rule.

    ``sentences`` and ``mentions`` count what is in the dataset, by corpus and split. ``leaks``
    counts train sentences dropped, by rule, as ``{"distinct", "sentences"}``; ``leaks_of_ten``
    those of the ten that leak among the ten, empty in a report from before it was counted.
    ``fused`` counts sentences that several corpora share, by pair, before leak removal.
    """

    read: int
    read_by_corpus: Mapping[str, Mapping[str, int]]
    sentences: Mapping[str, Mapping[str, int]]
    mentions: Mapping[str, Mapping[str, Mapping[str, int]]]
    types: Mapping[str, int]
    tags: tuple[str, ...]
    leaks: Mapping[str, Mapping[str, int]]
    leaks_of_ten: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    leaks_by_corpus: Mapping[str, int]
    fused: Mapping[str, int]
    fused_sentences: int
    repeated: int
    finer_label_won: int
    boundary_clashes: int
    type_clashes: int
    ignored: Mapping[str, Mapping[str, int]]
    mapped: Mapping[str, Mapping[str, Mapping[str, int]]]
    repairs: Mapping[str, Mapping[str, int]]
    devel_equal_to_test: int
    parts: tuple[str, ...]
    mapping: str
    schema_fingerprint: str
    fingerprint: str = ""

    @property
    def leaks_dropped(self) -> int:
        """Distinct train sentences dropped because they equal a devel or test sentence."""
        return self.leaked("equal", "distinct")

    @property
    def leaks_beside(self) -> int:
        """Distinct train sentences dropped as equal, beyond those that leak among the ten."""
        ten = self.leaks_of_ten.get("equal", {}).get("distinct", self.leaks_dropped)
        return self.leaks_dropped - ten

    def leaked(self, rule: LeakRule, what: Literal["distinct", "sentences"]) -> int:
        """Return how many train sentences a leak rule dropped; distinct ones, or all."""
        return self.leaks.get(rule, {}).get(what, 0)

    def to_json(self) -> dict[str, Any]:
        """Return the report as printed by ``corpora build --json``."""
        return {
            **asdict(self),
            "tags": list(self.tags),
            "leaks_dropped": self.leaks_dropped,
            "leaks_beside": self.leaks_beside,
        }

    @classmethod
    def from_json(cls, raw: object) -> MergeReport:
        """Read what ``to_json`` returned; what is not there is empty.

        Raises CorpusError for a value of another form.
        """
        if not isinstance(raw, dict):
            raise CorpusError("the report is not a JSON object")
        found: dict[str, Any] = {}
        for name in (one.name for one in fields(cls)):
            if name in _DEPTH:
                depth = _DEPTH[name]
                value = raw.get(name, {} if depth else 0)
                is_right = _is_counts(value, depth)
            elif name in _NAMES:
                value = tuple(given) if isinstance(given := raw.get(name, []), list) else given
                is_right = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
            else:
                value = raw.get(name, "")
                is_right = isinstance(value, str)
            if not is_right:
                raise CorpusError(f"the report's {name!r} is not of the expected form")
            found[name] = value
        return cls(**found)


def _is_counts(value: object, depth: int) -> bool:
    if depth == 0:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, dict) and all(_is_counts(one, depth - 1) for one in value.values())


@dataclass(frozen=True)
class Dataset:
    """The merged train, devel and test sentences under one label schema."""

    train: tuple[Sentence, ...]
    devel: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    schema: LabelSchema
    fingerprint: str
    report: MergeReport | None = field(default=None, compare=False)

    def split(self, name: str) -> tuple[Sentence, ...]:
        """Return ``train``, ``devel`` or ``test``."""
        if name not in SPLITS:
            raise CorpusError(f"unknown split {name!r}; expected train, devel or test")
        chosen: tuple[Sentence, ...] = getattr(self, name)
        return chosen

    @cached_property
    def tuning(self) -> tuple[Sentence, ...]:
        """The devel sentences that equal no test sentence: what may be tuned on.

        Only where the test split was read too; without it nothing is known to be left out.
        """
        held = {s.fingerprint for s in self.test}
        return tuple(s for s in self.devel if s.fingerprint not in held)

    @property
    def shares(self) -> dict[str, float]:
        """Each corpus's share of all sentences, 0..1."""
        counts = Counter(s.corpus for split in SPLITS for s in self.split(split))
        return {name: n / counts.total() for name, n in counts.items()}

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpus ids present, in order of first appearance."""
        return tuple(dict.fromkeys(s.corpus for split in SPLITS for s in self.split(split)))

    def only_types(self, types: Iterable[str]) -> Dataset:
        """Return the dataset under a schema of these types alone.

        Mentions of the other types, and coarse ones that may stand for them alone, are gone; a
        coarse one that may stand for a type that is left and one that is not becomes ignored.
        """
        schema = self.schema.only(types)
        kept = frozenset(schema.names)
        return replace(
            self,
            train=tuple(_only_types(s, kept) for s in self.train),
            devel=tuple(_only_types(s, kept) for s in self.devel),
            test=tuple(_only_types(s, kept) for s in self.test),
            schema=schema,
        )

    @property
    def all_corpora(self) -> tuple[str, ...]:
        """The corpus ids present, those that were fused into others included."""
        inside = (c for s in self.train for c in s.sources)
        return tuple(sorted({*self.corpora, *inside}))

    def only(self, corpora: Iterable[str]) -> Dataset:
        """Return the dataset of these corpora; a fused sentence stays if one of them has it."""
        chosen = set(corpora)
        return replace(
            self,
            train=tuple(
                _only_sources(s, chosen)
                for s in self.train
                if chosen & set(s.sources or (s.corpus,))
            ),
            devel=tuple(s for s in self.devel if s.corpus in chosen),
            test=tuple(s for s in self.test if s.corpus in chosen),
        )

    @property
    def has_readings(self) -> bool:
        """Whether every fused train sentence still knows what each of its sources says.

        Folders built before that was kept have none; they serve for all but telling conventions.
        """
        return all(s.by_source for s in self.train if len(s.sources) > 1)


def _only_sources(sentence: Sentence, chosen: set[str]) -> Sentence:
    if not sentence.by_source:
        return sentence
    kept = tuple(one for one in sentence.by_source if one.corpus in chosen)
    return replace(sentence, by_source=kept)


def _only_types(sentence: Sentence, kept: frozenset[str]) -> Sentence:
    cut = _cut_types(sentence, kept)
    return replace(
        sentence,
        spans=cut.spans,
        readings=cut.readings,
        covers=cut.covers,
        ignored=cut.ignored,
        by_source=tuple(_cut_types(one, kept) for one in sentence.by_source),
    )


def _cut_types(said: Sentence | SourceReading, kept: frozenset[str]) -> SourceReading:
    ignored = list(said.ignored)

    def keep(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        chosen: list[Span] = []
        for span in spans:
            labels = tuple(label for label in span.labels if label in kept)
            if len(labels) == len(span.labels):
                chosen.append(span)
            elif labels:
                ignored.append((span.start, span.end))
        return tuple(chosen)

    spans, readings = keep(said.spans), keep(said.readings)
    return SourceReading(
        said.corpus, spans, said.covers & kept, readings, tuple(sorted(set(ignored)))
    )
