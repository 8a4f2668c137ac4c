"""The one resampling: sentences are drawn with replacement, and their counts added up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bioner.evaluation.scores import Counts

DRAWS = 1000
"""Draws of an interval."""


def resample(counts: Counts, draws: int, *, seed_text: str) -> Counts:
    """Draw sentences with replacement and add up their counts.

    *Shape:* (sentences, …) → (draws, …). Equal sentences, most of them, are drawn as one, which
    makes it quick. The same ``seed_text`` gives the same draws.
    """
    n, *shape = counts.shape
    if not draws or not n:
        return np.zeros((0, *shape), dtype=np.int64)
    generator = np.random.default_rng(sum(map(ord, seed_text)))
    kinds, times = np.unique(counts.reshape(n, -1), axis=0, return_counts=True)
    summed: Counts = (generator.multinomial(n, times / n, size=draws) @ kinds).reshape(
        draws, *shape
    )
    return summed


def f1(sums: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return F1 (0..1) of counts. *Shape:* (…, 3), correct, predicted and gold → (…)."""
    total = (sums[..., 1] + sums[..., 2]).astype(np.float64)
    ratio: npt.NDArray[np.float64] = np.divide(
        2.0 * sums[..., 0], total, out=np.zeros_like(total), where=total > 0
    )
    return ratio


def bounds(
    values: npt.NDArray[np.float64], *, tails: tuple[float, float] = (2.5, 2.5)
) -> npt.NDArray[np.float64]:
    """Return the values' lower and upper bound. *Shape:* (draws, …) → (2, …).

    ``tails``: per cent left out below and above.
    """
    return np.percentile(values, [tails[0], 100 - tails[1]], axis=0)
