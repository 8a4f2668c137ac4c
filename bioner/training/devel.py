"""The devel sentences that a run looks at: for its scores, its confidence, its average."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from bioner.corpora.dataset import Dataset

if TYPE_CHECKING:
    pass


def devel_sample(dataset: Dataset, per_corpus: int) -> list[Any]:
    """Return the same few tuning sentences of each corpus for every evaluation during training."""
    by_corpus: dict[str, list[Any]] = {}
    for sentence in dataset.tuning:
        by_corpus.setdefault(sentence.corpus, []).append(sentence)
    chosen: list[Any] = []
    for name, sentences in sorted(by_corpus.items()):
        chosen += random.Random(name).sample(sentences, min(per_corpus, len(sentences)))
    return chosen


CALIBRATION_SENTENCES = 300
"""Devel sentences of each corpus that the confidence is fitted on."""


DEVEL_SENTENCES = 1000
"""Devel sentences of each corpus that say how much of the parent is kept."""
