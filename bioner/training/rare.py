"""Sentences of rare types drawn more often: a category is a type in one corpus's own marks."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

from bioner.repeats import repeat_factor
from bioner.spans import Sentence, as_read_by


def repeat_factors(sentences: Sequence[Sentence], threshold: float) -> list[float]:
    """Return how often an epoch shows each sentence, at least 1.0.

    It is the largest of its categories' ``sqrt(threshold / frequency)``, where a category's
    frequency is the share of sentences that have it; 1.0 everywhere for a threshold of 0.
    """
    categories = [_categories(one) for one in sentences]
    counts = Counter(name for one in categories for name in one)
    total = len(sentences)
    return [repeat_factor((counts[n] / total for n in one), threshold) for one in categories]


def repeats(sentences: Sequence[Sentence], threshold: float, seed: int) -> list[int]:
    """Return the numbers of the sentences to show once more, each as often as its factor says.

    What a factor has behind the point is drawn once, from the seed: a resumed run, and each of
    several processes, repeats the same.
    """
    if not threshold:
        return []
    draw = random.Random(f"{seed}/repeats")
    return [
        i
        for i, factor in enumerate(repeat_factors(sentences, threshold))
        for _ in range(math.floor(factor - 1 + draw.random()))
    ]


def _categories(sentence: Sentence) -> frozenset[tuple[str, str]]:
    views = [as_read_by(sentence, one) for one in sentence.by_source] or [sentence]
    return frozenset((one.owner, span.label) for one in views for span in one.spans)
