"""What a run has said of itself: a line of metrics.jsonl each."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bioner.files import json_lines
from bioner.jobs.folder import known_fields
from bioner.settings import Settings


@dataclass(frozen=True)
class Metric:
    """One line of ``metrics.jsonl``: a Progress, with its time and the attempt it belongs to."""

    step: int
    total_steps: int
    epoch: float = 0.0
    loss: float | None = None
    learning_rate: float | None = None
    tokens_per_s: float | None = None
    devel_f1: float | None = None
    devel_by_type: Mapping[str, float] = field(default_factory=dict)
    parent_f1: float | None = None
    message: str = ""
    at: float = 0.0
    attempt: int = 1


def read_metrics(id: str, settings: Settings) -> list[Metric]:
    """Read a job's metrics in the order of their steps.

    After a resume the steps since the checkpoint were taken twice: only the later ones are kept.
    A line that is still being written is left for the next reading.
    """
    rows: list[Metric] = []
    settled = 1
    try:
        text = (settings.jobs / id / "metrics.jsonl").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    for _, line in json_lines(text):
        try:
            row = Metric(**known_fields(Metric, json.loads(line)))
        except (ValueError, TypeError, AttributeError):
            continue
        if row.step > 0 and row.attempt > settled:
            rows = [r for r in rows if r.step < row.step or r.attempt == row.attempt]
            settled = row.attempt
        rows.append(row)
    return rows


@dataclass(frozen=True)
class Standing:
    """How a run stands against the model that it goes on from, on the same devel sentences."""

    f1: float
    parent_f1: float

    @property
    def is_below(self) -> bool:
        """Whether the run has lost against its parent so far."""
        return self.f1 < self.parent_f1


def parent_score(metrics: Sequence[Metric]) -> float | None:
    """Return the parent's devel F1 as the run found it, or None."""
    return next((m.parent_f1 for m in metrics if m.parent_f1 is not None), None)


def standing(metrics: Sequence[Metric]) -> Standing | None:
    """Return the latest devel F1 beside the parent's; None before both are known."""
    parent = parent_score(metrics)
    f1 = next((m.devel_f1 for m in reversed(metrics) if m.devel_f1 is not None), None)
    return None if parent is None or f1 is None else Standing(f1, parent)


LEAST_PACES = 3
"""Stretches between two reports of the loss that must be known before an end is foretold."""

PACES = 60
"""Of so many of the latest the median is taken, so that one slow stretch moves nothing."""


def remaining_s(metrics: Sequence[Metric]) -> float | None:
    """Estimate the seconds to the end of the last step and what is scored until then.

    From this attempt alone: the median pace of its latest stretches, and the time that its
    evaluations took, as often as they come. None while too little is known to hold.
    """
    if not metrics:
        return None
    last = metrics[-1]
    rows = [m for m in metrics if m.attempt == last.attempt]
    paces = [
        (b.at - a.at) / (b.step - a.step)
        for a, b in pairwise(rows)
        if a.loss is not None and b.loss is not None and b.step > a.step
    ]
    if len(paces) < LEAST_PACES:
        return None
    left = max(0, last.total_steps - last.step)
    scored = [(b.at - a.at, b.step) for a, b in pairwise(rows) if b.devel_f1 is not None]
    evaluations = 0.0
    if scored and left:
        between = max(1, scored[-1][1] // len({step for _, step in scored}))
        evaluations = math.ceil(left / between) * statistics.median(s for s, _ in scored)
    return left * statistics.median(paces[-PACES:]) + evaluations
