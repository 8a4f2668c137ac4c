"""The clickable reading view: what Python has marked and escaped, and which mention was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

_READER = st.components.v2.component(
    "bioner_reader",
    html='<div class="bn-reader"></div>',
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def reader(
    body: str, keys: Sequence[str], *, key: str, selected: str, on_select: Callable[[], None]
) -> None:
    """Draw a clickable ``highlight_html``: ``on_select`` is called when a mention is chosen.

    ``keys`` names each mention in the order drawn; ``selected_key(key)`` gives the one last chosen.
    """
    _READER(
        key=key,
        data={"html": body, "keys": list(keys), "selected": selected},
        default={"selected": ""},
        on_selected_change=on_select,
    )


def selected_key(key: str) -> str:
    """Return the name of the mention last chosen in the reader of this key."""
    state = st.session_state.get(key) or {}
    return str(state.get("selected") or "")
