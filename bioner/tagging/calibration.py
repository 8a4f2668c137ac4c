"""How often mentions predicted with a confidence are right, and scaling it so that it says so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float64]

N_BINS = 10
PULL = 2.0
"""Strength of the pull towards unchanged scores: that of a few mentions."""
UNCHANGED = (1.0, 0.0)
"""Slope and shift that leave log-odds as they are."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions with a score in ``[low, high)``; the last bin holds 1.0 too.

    ``confidence`` is their mean score, ``accuracy`` the share that is exactly right (both 0..1).
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins of a reliability diagram (DeGroot & Fienberg 1983), empty ones left out."""

    bins: tuple[Bin, ...] = ()

    @property
    def error(self) -> float:
        """Expected calibration error, 0..1 (Naeini et al. 2015)."""
        total = sum(one.count for one in self.bins)
        if not total:
            return 0.0
        return sum(one.count * abs(one.confidence - one.accuracy) for one in self.bins) / total

    def to_json(self) -> dict[str, Any]:
        return {
            "expected_calibration_error": self.error,
            "bins": [[b.low, b.high, b.count, b.confidence, b.accuracy] for b in self.bins],
        }


def reliability_from_json(raw: dict[str, Any]) -> Reliability:
    """Read what ``Reliability.to_json`` returned."""
    return Reliability(tuple(Bin(*row) for row in raw.get("bins", ())))


def reliability(judged: Iterable[tuple[float, bool]], *, n_bins: int = N_BINS) -> Reliability:
    """Bin (score, is right) pairs by score."""
    cells: list[list[tuple[float, bool]]] = [[] for _ in range(n_bins)]
    for value, is_right in judged:
        cells[min(n_bins - 1, max(0, int(value * n_bins)))].append((value, is_right))
    return Reliability(tuple(_bin(i, cell, n_bins) for i, cell in enumerate(cells) if cell))


def fit_platt(
    log_odds: Sequence[float],
    is_right: Sequence[bool],
    weights: Sequence[float] | None = None,
    *,
    towards: tuple[float, float] = UNCHANGED,
    pull: float = PULL,
) -> tuple[float, float]:
    """Return the slope and shift that make log-odds tell how often they are right.

    Logistic regression by Newton's method with Platt's softened targets (Platt 1999), and a pull
    towards a slope and a shift, so that a handful of mentions cannot turn the scores round: weakly
    towards unchanged scores, or as strongly as asked towards what holds for more of them.
    ``weights``: how much each case counts (1 each). Without cases it is where the pull goes.
    """
    if not len(log_odds):
        return towards
    x = np.stack([np.asarray(log_odds, dtype=np.float64), np.ones(len(log_odds))], axis=1)
    y = np.asarray(is_right, dtype=np.float64)
    counts = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    n_right = counts @ y
    target = np.where(y > 0, (n_right + 1) / (n_right + 2), 1 / (counts.sum() - n_right + 2))
    start = np.array(towards)

    def cost(w: Weights) -> float:
        z = x @ w
        lost = counts @ (np.logaddexp(0, z) - target * z)
        return float(lost + pull / 2 * ((w - start) ** 2).sum())

    w = start.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (counts * (p - target)) + pull * (w - start)
        curvature = (x * (counts * p * (1 - p))[:, None]).T @ x + pull * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while np.abs(step).max() > 1e-9 and cost(w - step) > cost(w):
            step /= 2
        w = w - step
        if np.abs(step).max() < 1e-8:
            break
    return float(w[0]), float(w[1])


def _bin(number: int, cell: Sequence[tuple[float, bool]], n_bins: int) -> Bin:
    return Bin(
        number / n_bins,
        (number + 1) / n_bins,
        len(cell),
        sum(value for value, _ in cell) / len(cell),
        sum(is_right for _, is_right in cell) / len(cell),
    )


def log_odds(p: float) -> float:
    """Return the log-odds of a probability, kept away from 0 and 1 by one in ten thousand."""
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def calibrated(p: float, slope_and_shift: Sequence[float] | None) -> float:
    """Return the probability after Platt scaling; as it is where there is nothing to scale by."""
    if slope_and_shift is None:
        return p
    slope, shift = slope_and_shift
    return 1 / (1 + math.exp(-min(max(slope * log_odds(p) + shift, -30.0), 30.0)))
