"""Reliability: how often mentions predicted with a confidence are right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

N_BINS = 10


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


def _bin(number: int, cell: Sequence[tuple[float, bool]], n_bins: int) -> Bin:
    return Bin(
        number / n_bins,
        (number + 1) / n_bins,
        len(cell),
        sum(value for value, _ in cell) / len(cell),
        sum(is_right for _, is_right in cell) / len(cell),
    )
