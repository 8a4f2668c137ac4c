"""The devel sentences that a run looks at: for its scores, its confidence, its average."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from bioner.corpora.dataset import Dataset
from bioner.spans import Sentence
from bioner.tagging.tagger import Tagger
from bioner.training.progress import tenths

CALIBRATION_SENTENCES = 300
"""Devel sentences of each corpus that the confidence is fitted on."""

DEVEL_SENTENCES = 1000
"""Devel sentences of each corpus that say how much of the parent is kept."""


def devel_sample(dataset: Dataset, per_corpus: int) -> list[Sentence]:
    """Return the same few tuning sentences of each corpus for every evaluation during training."""
    by_corpus: dict[str, list[Sentence]] = {}
    for sentence in dataset.tuning:
        by_corpus.setdefault(sentence.corpus, []).append(sentence)
    chosen: list[Sentence] = []
    for name, sentences in sorted(by_corpus.items()):
        chosen += random.Random(name).sample(sentences, min(per_corpus, len(sentences)))
    return chosen


def confidence_on_devel(
    tagger: Tagger,
    dataset: Dataset,
    *,
    pulse: Callable[[], None] = lambda: None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Fit the confidence of each type on a sample of devel; nothing where there is no devel.

    ``pulse`` is called as it goes and may raise; ``tell`` hears how far it is, each tenth.
    """
    from bioner.evaluation.confidence import fit_confidence

    chosen = devel_sample(dataset, CALIBRATION_SENTENCES)
    if not chosen:
        return {}
    return fit_confidence(
        tagger,
        chosen,
        dataset.schema,
        shares=dataset.shares,
        progress=tenths(tell, "fitting the confidence", pulse),
    )
