"""A number of a run as a field of a form, within the limits that the command keeps too."""

from __future__ import annotations

from typing import TypeVar

from streamlit.delta_generator import DeltaGenerator

from bioner.training.config import RANGES

ABOVE = 1e-7
"""So far above a limit that is not a value itself a form begins."""

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
        lowest = limits.least + (ABOVE if limits.is_open else 0)
        least = kind(0 if 0 in limits.also else lowest)
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
