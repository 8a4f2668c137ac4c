"""How often an epoch shows what is rare: repeat factor sampling.

Gupta, Dollár and Girshick, "LVIS: a dataset for large vocabulary instance segmentation", CVPR 2019,
section 5.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def repeat_factor(shares: Iterable[float], threshold: float) -> float:
    """Return how often an epoch shows a sentence, at least 1.0.

    ``shares`` are those of all sentences that have each of its categories; the factor is the
    largest of their ``sqrt(threshold / share)``.
    """
    return max((1.0, *(math.sqrt(threshold / one) for one in shares)))
