"""How figures are written wherever a person reads them: shares, scores, how long a thing takes."""

from __future__ import annotations

SCORE_FORMAT = "%.1f"
"""How a table's column of scores writes them: as ``points`` does."""


def percent(share: float, digits: int = 0) -> str:
    """Write a share (0..1) in per cent: ``98%``; a part is never written as none, or as all.

    So 0.999 is ``>99%`` and 0.001 is ``<1%``; with one digit ``99.9%`` and ``0.1%``.
    """
    least = 10**-digits
    written = f"{100 * share:.{digits}f}"
    if share > 0 and float(written) == 0:
        return f"<{least:.{digits}f}%"
    if share < 1 and float(written) >= 100:
        return f">{100 - least:.{digits}f}%"
    return f"{written}%"


def points(score: float) -> str:
    """Write F1, precision or recall (0..1) in points of a hundred: ``72.8``."""
    return f"{100 * score:.1f}"


def points_changed(by: float) -> str:
    """Write how much a score (0..1) has changed, in points, with its sign: ``+1.3``."""
    return f"{100 * by:+.1f}"


def clock(seconds: float) -> str:
    """Write a duration as a clock does: ``15:04``, ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def duration(seconds: float) -> str:
    """Write a duration as a person says it."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
