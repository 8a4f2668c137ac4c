"""The values of an evaluation: Score, OverFiring, CorpusScores, and the Report of them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from bioner.corpora.registry import CORPORA
from bioner.evaluation.matching import MatchCounts, Matching, match_counts_from_json
from bioner.evaluation.mistakes import Mistake
from bioner.tagging.calibration import Reliability, reliability_from_json

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall, F1 (0..1) of ``correct`` among ``predicted`` and ``support`` mentions.

    ``low`` and ``high`` bound F1 with 95% (bootstrap over sentences) where that was computed.
    ``rates``: precision, recall, F1 as seqeval gave them; without, they follow from the counts. A
    ratio over nothing is 0, as seqeval has it.
    """

    correct: int = 0
    predicted: int = 0
    support: int = 0
    low: float | None = None
    high: float | None = None
    rates: tuple[float, float, float] | None = field(default=None, compare=False, kw_only=True)

    @property
    def precision(self) -> float:
        if self.rates is not None:
            return self.rates[0]
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        if self.rates is not None:
            return self.rates[1]
        return self.correct / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        if self.rates is not None:
            return self.rates[2]
        total = self.predicted + self.support
        return 2 * self.correct / total if total else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.correct + other.correct,
            self.predicted + other.predicted,
            self.support + other.support,
        )

    def to_json(self) -> dict[str, Any]:
        raw: dict[str, Any] = {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "support": self.support,
            "correct": self.correct,
            "predicted": self.predicted,
        }
        if self.low is not None:
            raw |= {"f1_low": self.low, "f1_high": self.high}
        return raw


def score_from_json(raw: Mapping[str, Any]) -> Score:
    """Read what ``Score.to_json`` returned."""
    return Score(
        raw["correct"],
        raw["predicted"],
        raw["support"],
        raw.get("f1_low"),
        raw.get("f1_high"),
        rates=(raw["precision"], raw["recall"], raw["f1"]),
    )


@dataclass(frozen=True, slots=True)
class OverFiring:
    """Predicted mentions of a type per 1,000 tokens, where it is looked for and where not."""

    covered: float
    uncovered: float
    covered_tokens: int
    uncovered_tokens: int

    @property
    def ratio(self) -> float | None:
        """Uncovered over covered rate; None where one of the two cannot be measured."""
        if not self.covered or not self.uncovered_tokens:
            return None
        return self.uncovered / self.covered

    def to_json(self) -> dict[str, float | None]:
        return {
            "covered_per_1000": self.covered,
            "uncovered_per_1000": self.uncovered,
            "ratio": self.ratio,
            "covered_tokens": self.covered_tokens,
            "uncovered_tokens": self.uncovered_tokens,
        }


@dataclass(frozen=True)
class CorpusScores:
    """One corpus's scores; ``set_aside`` counts predictions of types it did not look for.

    ``seen`` and ``unseen`` part the mentions by whether their surface, with their type, is a
    mention of the training split; None where that split was not at hand. ``in_ignored`` counts the
    predictions, among the errors, that lie where the mapping ignores the corpus's own label.
    """

    micro: Score
    by_type: Mapping[str, Score]
    sentences: int
    set_aside: int
    seen: Score | None = None
    unseen: Score | None = None
    in_ignored: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "micro": self.micro.to_json(),
            "by_type": {name: s.to_json() for name, s in self.by_type.items()},
            "sentences": self.sentences,
            "set_aside": self.set_aside,
            "seen": self.seen and self.seen.to_json(),
            "unseen": self.unseen and self.unseen.to_json(),
            "in_ignored": self.in_ignored,
        }


@dataclass(frozen=True)
class Report:
    """Scores of one model on one split; ``leaked`` sentences of the split were left out.

    ``parts``: corpora of which only a part is here. ``unknown_types``: types of the data that the
    model has no tag for. ``schemes``: nervaluate's lenient matchings beside the strict one.
    """

    model: str
    split: str
    by_corpus: Mapping[str, CorpusScores]
    by_type: Mapping[str, Score]
    over_firing: Mapping[str, OverFiring]
    leaked: int = 0
    parts: tuple[str, ...] = ()
    unknown_types: tuple[str, ...] = ()
    micro_bounds: tuple[float | None, float | None] = (None, None)
    schemes: Mapping[Matching, MatchCounts] = field(default_factory=dict)
    reliability: Reliability = field(default_factory=Reliability)
    reliability_by_type: dict[str, Reliability] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = field(default=(), compare=False)
    type_counts: Mapping[str, tuple[tuple[str, ...], Counts]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Per corpus, its types, and of each sentence and type (correct, predicted, support)."""
    by_corpus_any: Mapping[str, CorpusScores] = field(default_factory=dict)
    """The corpora's scores where the model was told no convention; empty if it knows none."""
    micro_bounds_any: tuple[float | None, float | None] = (None, None)

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """Per corpus, (correct, predicted, support) of each sentence, for paired bootstraps."""
        return {corpus: counts.sum(axis=1) for corpus, (_, counts) in self.type_counts.items()}

    @cached_property
    def micro(self) -> Score:
        """The counts of all corpora added up."""
        low, high = self.micro_bounds
        return replace(_sum(s.micro for s in self.by_corpus.values()), low=low, high=high)

    @cached_property
    def micro_any(self) -> Score:
        """The counts of all corpora added up, the model told no convention."""
        low, high = self.micro_bounds_any
        return replace(_sum(s.micro for s in self.by_corpus_any.values()), low=low, high=high)

    @property
    def mean_f1_any(self) -> float:
        """Mean as ``mean_f1``, the model told no convention."""
        values = [self.by_corpus_any[c].micro.f1 for c in self.mean_over if c in self.by_corpus_any]
        return sum(values) / len(values) if values else 0.0

    @property
    def seen(self) -> Score | None:
        """Mentions whose surface is in the training split; None where that is not known."""
        found = [s.seen for s in self.by_corpus.values() if s.seen is not None]
        return _sum(found) if found else None

    @property
    def unseen(self) -> Score | None:
        """Mentions whose surface is not in the training split; None where that is not known."""
        found = [s.unseen for s in self.by_corpus.values() if s.unseen is not None]
        return _sum(found) if found else None

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the types that have gold mentions."""
        values = [s.f1 for s in self.by_type.values() if s.support]
        return sum(values) / len(values) if values else 0.0

    @property
    def mean_over(self) -> tuple[str, ...]:
        """The corpora that are here whole; of the ten alone where any of them is.

        So the mean stays comparable when others are merged beside them.
        """
        whole = tuple(c for c in self.by_corpus if c not in self.parts)
        return tuple(c for c in whole if c in CORPORA) or whole

    @property
    def mean_f1(self) -> float:
        """Mean of the corpora's micro F1, without corpora of which only a part is here."""
        values = [self.by_corpus[c].micro.f1 for c in self.mean_over]
        return sum(values) / len(values) if values else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the report as ``evaluate --json`` prints it (F1 in 0..1).

        ``overall_any`` and ``by_corpus_any`` are there for a model that knows conventions alone.
        """
        return {
            "model": self.model,
            "split": self.split,
            "overall": {
                "micro": self.micro.to_json(),
                "macro_f1": self.macro_f1,
                "mean_f1": self.mean_f1,
                "mean_over": list(self.mean_over),
            },
            "by_corpus": {name: s.to_json() for name, s in self.by_corpus.items()},
            "by_type": {name: s.to_json() for name, s in self.by_type.items()},
            "over_firing": {name: o.to_json() for name, o in self.over_firing.items()},
            "leaked": self.leaked,
            "parts": list(self.parts),
            "unknown_types": list(self.unknown_types),
            "schemes": {name: counts.to_json() for name, counts in self.schemes.items()},
            "calibration": self.reliability.to_json(),
            "calibration_by_type": {n: r.to_json() for n, r in self.reliability_by_type.items()},
            **self._untold_json(),
        }

    def _untold_json(self) -> dict[str, Any]:
        if not self.by_corpus_any:
            return {}
        return {
            "overall_any": {"micro": self.micro_any.to_json(), "mean_f1": self.mean_f1_any},
            "by_corpus_any": {name: s.to_json() for name, s in self.by_corpus_any.items()},
        }


def _sum(scores: Iterable[Score]) -> Score:
    return sum(scores, Score())


def report_from_json(raw: Mapping[str, Any]) -> Report:
    """Read what ``Report.to_json`` returned (without mistakes and per-sentence counts).

    What earlier versions did not print is left empty.
    """
    return Report(
        model=raw["model"],
        split=raw["split"],
        by_corpus={name: _corpus_from_json(entry) for name, entry in raw["by_corpus"].items()},
        by_type={name: score_from_json(entry) for name, entry in raw["by_type"].items()},
        over_firing={
            name: _over_firing_from_json(entry) for name, entry in raw["over_firing"].items()
        },
        leaked=raw["leaked"],
        parts=tuple(raw.get("parts", ())),
        unknown_types=tuple(raw.get("unknown_types", ())),
        micro_bounds=_bounds_from_json(raw.get("overall", {}).get("micro", {})),
        schemes={
            name: match_counts_from_json(entry) for name, entry in raw.get("schemes", {}).items()
        },
        reliability=reliability_from_json(raw.get("calibration", {})),
        reliability_by_type={
            n: reliability_from_json(r) for n, r in raw.get("calibration_by_type", {}).items()
        },
        by_corpus_any={n: _corpus_from_json(e) for n, e in raw.get("by_corpus_any", {}).items()},
        micro_bounds_any=_bounds_from_json(raw.get("overall_any", {}).get("micro", {})),
    )


def _bounds_from_json(raw: Mapping[str, Any]) -> tuple[float | None, float | None]:
    return raw.get("f1_low"), raw.get("f1_high")


def _corpus_from_json(raw: Mapping[str, Any]) -> CorpusScores:
    return CorpusScores(
        score_from_json(raw["micro"]),
        {name: score_from_json(entry) for name, entry in raw["by_type"].items()},
        raw.get("sentences", 0),
        raw.get("set_aside", 0),
        score_from_json(raw["seen"]) if raw.get("seen") else None,
        score_from_json(raw["unseen"]) if raw.get("unseen") else None,
        raw.get("in_ignored", 0),
    )


def _over_firing_from_json(raw: Mapping[str, Any]) -> OverFiring:
    return OverFiring(
        raw["covered_per_1000"],
        raw["uncovered_per_1000"],
        raw.get("covered_tokens", 1),
        raw.get("uncovered_tokens", 1),
    )
