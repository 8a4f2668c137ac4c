"""A number of a run as a field of a form, within the limits that the command keeps too."""

from __future__ import annotations

from typing import TypeVar

from streamlit.delta_generator import DeltaGenerator

from bioner.training.config import RANGES

LEAST = 1e-7
"""What stands in a form for the smallest number above 0."""

Number = TypeVar("Number", int, float)


def draw_number(
    place: DeltaGenerator,
    title: str,
    field: str,
    value: Number,
    *,
    key: str,
    step: Number | None = None,
    least: Number | None = None,
    format: str | None = None,
    help: str | None = None,
) -> Number:
    """Draw a field of ``RANGES`` and return what it holds, whole if ``value`` is.

    ``least`` is for a page that begins elsewhere than the range, as where 0 means "no limit".
    """
    limits, kind = RANGES[field], type(value)
    if least is None:
        lowest = 0 if 0 in limits.also else limits.least
        least = kind(LEAST if limits.is_open and not lowest else lowest)
    return place.number_input(
        title,
        min_value=least,
        max_value=kind(limits.most),
        value=value,
        step=step,
        format=format,
        key=key,
        help=help,
    )
