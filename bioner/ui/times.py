"""Points of time as the reader's own clock shows them."""

from __future__ import annotations

import streamlit as st

from bioner.ui.words import moment


def when(recorded: str) -> str:
    """Return a recorded ISO time (UTC where it names no zone) to the minute, on the reader's clock.

    A browser that tells no zone gets UTC, and is told so.
    """
    return moment(recorded, st.context.timezone)
