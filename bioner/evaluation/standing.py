"""What is known of a model's scores: a kept evaluation, else the scores on its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bioner.evaluation.keys import model_hash
from bioner.evaluation.reports import Evaluation
from bioner.evaluation.scores import Report, report_from_json
from bioner.models.catalogue import ModelEntry


@dataclass(frozen=True)
class Standing:
    """The scores of a model that say most: from a kept evaluation, or from the model's card."""

    entry: ModelEntry
    report: Report
    stored: Evaluation | None
    is_current: bool
    """Whether the report is of the merged data that is here now."""


def find_standing(
    entry: ModelEntry, kept: Sequence[Evaluation], *, fingerprint: str, split: str
) -> Standing | None:
    """Return what is known of a model's scores, the most telling first; None for nothing.

    First an evaluation of this very model and data (``fingerprint``), then one of this model on
    other data, then the scores on its card.
    """
    weights = model_hash(entry.folder)
    mine = [
        one
        for one in kept
        if one.key.data and one.key.weights == weights and one.key.split == split
    ]
    mine.sort(key=lambda one: (one.key.data != fingerprint, len(one.key.corpora) > 0))
    if mine:
        best = mine[0]
        return Standing(entry, best.report, best, best.key.data == fingerprint)
    if split == "test" and entry.card and entry.card.scores:
        try:
            return Standing(entry, report_from_json(entry.card.scores), None, False)
        except (KeyError, TypeError, AttributeError):
            return None
    return None
