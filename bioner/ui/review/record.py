"""What was done to the project, or to everything: who, when, what it was before and after."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bioner.errors import BionerError
from bioner.store.values import Event
from bioner.ui.review.desk import Desk
from bioner.ui.session import show_problem
from bioner.ui.times import when
from bioner.ui.words import EVENTS_SAID

SHOWN = 100
"""So many of the newest are shown; ``review events`` prints more."""


def draw_record(desk: Desk) -> None:
    """Draw the newest events of this project and of the whole database."""
    with st.expander("On record", icon=":material/history:"):
        try:
            found = desk.store.events(desk.project.name, limit=SHOWN)
        except BionerError as error:
            show_problem(error)
            return
        damaged = sum(one.is_damaged for one in found)
        if damaged:
            st.warning(
                f"{damaged} of these cannot be read any more: the database was damaged there. "
                "`python -m bioner review verify` looks at the rest.",
                icon=":material/report:",
            )
        st.dataframe([_row(one) for one in found], key="review_record", hide_index=True)
        st.caption("More, and as JSON: `python -m bioner review events`")


def _row(event: Event) -> dict[str, str]:
    told = ("damaged", "damaged") if event.is_damaged else changes(event.before, event.after)
    return {
        "When": when(event.recorded),
        "Who": event.who or "–",
        "What": EVENTS_SAID.get(event.kind, event.kind),
        "Before": told[0],
        "After": told[1],
    }


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, str]:
    """Return both in words; of what has a before, only what is different."""
    names = [name for name in after if name not in before or before[name] != after[name]]
    names += [name for name in before if name not in after]
    old = ", ".join(f"{_named(name)}: {_said(before[name])}" for name in names if name in before)
    return old, ", ".join(
        f"{_named(name)}: {_said(after[name])}" for name in names if name in after
    )


def _named(name: str) -> str:
    """Return the name of a value as a person would write it."""
    return name.removeprefix("is_").replace("_", " ")


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(_said, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{_named(str(name))} {_said(one)}" for name, one in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)
