"""How right a suggester is, from a random audit: a lower limit that clusters of a surface widen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Z = 1.6448536269514722
"""One-sided 95%: the limit is a lower one."""
ALIKE = 0.5
"""The least correlation within a surface that is reckoned with: few mistakes say little of it."""
MOST = 10_000
"""Where more audits are needed than this, nobody makes them."""

NO_NUMBER = "not as it goes"
"""Said where no number of audits would do: one that is right later may change it."""


@dataclass(frozen=True, kw_only=True)
class Precision:
    """What an audit says: ``right`` of ``audited`` marks, of ``surfaces`` distinct surfaces.

    ``low`` is the lower 95% limit, 0..1; ``weight``: as how many independent marks they count.
    """

    right: int
    audited: int
    surfaces: int
    weight: float
    low: float

    @property
    def share(self) -> float:
        """The share that was right, 0..1; 0 where nothing was audited."""
        return self.right / self.audited if self.audited else 0.0

    def more(self, target: float) -> int | None:
        """Return how many more audits the limit needs to reach ``target``, if it goes on so.

        0: it has reached it; None: not by more audits.
        """
        if self.audited and self.low >= target:
            return 0
        share = self.share if self.audited else 1.0
        each = self.weight / self.audited if self.audited else 1.0
        if share <= target:
            return None
        for total in range(self.audited + 1, MOST):
            if wilson_low(share * total * each, total * each) >= target:
                return total - self.audited
        return None


def precision_of(decisions: Iterable[tuple[str, bool]]) -> Precision:
    """Estimate a precision from decided marks, each with its surface (folded) and whether right.

    The lower limit is Wilson's for as many independent marks as these are worth: their number
    divided by the design effect of surfaces as clusters (Kish 1965): the one that they show, two
    right and two wrong marks of surfaces of their own added (Agresti & Coull 1998), but never less
    than that of marks of one surface that are right or wrong together half of the time (``ALIKE``).
    """
    of_surface: Counter[str] = Counter()
    right_of: Counter[str] = Counter()
    for surface, is_right in decisions:
        of_surface[surface] += 1
        right_of[surface] += is_right
    audited, right = of_surface.total(), right_of.total()
    if not audited:
        return Precision(right=0, audited=0, surfaces=0, weight=0.0, low=0.0)
    clusters = [(right_of[one], count) for one, count in of_surface.items()]
    mean = sum(count * count for _, count in clusters) / audited
    assumed = 1 + ALIKE * (mean - 1)
    effect = max(assumed, _design_effect([*clusters, (1, 1), (1, 1), (0, 1), (0, 1)]))
    weight = audited / effect
    low = wilson_low(right / effect, weight)
    return Precision(right=right, audited=audited, surfaces=len(of_surface), weight=weight, low=low)


def _design_effect(clusters: list[tuple[int, int]]) -> float:
    total = sum(count for _, count in clusters)
    share = sum(right for right, _ in clusters) / total
    if not 0 < share < 1:
        return 1.0
    between = sum((right - share * count) ** 2 for right, count in clusters)
    return between / (total * share * (1 - share))


def wilson_low(right: float, total: float) -> float:
    """Return Wilson's lower limit of a share, one-sided 95% (Wilson 1927)."""
    if total <= 0:
        return 0.0
    share = right / total
    middle = share + Z * Z / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    return max(0.0, (middle - spread) / (1 + Z * Z / total))
