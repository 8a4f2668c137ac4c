"""Which sentence is open, its state, and who holds it."""

from __future__ import annotations

import streamlit as st

from bioner.store import (
    ReviewItem,
)
from bioner.ui.plain import plain
from bioner.ui.review.desk import Act, Desk
from bioner.ui.words import SHOWN_SAID, STATES, VERDICTS_SAID


def draw_header(desk: Desk, focus: ReviewItem, act: Act) -> None:
    """Draw which sentence this is, its state, and whether it is part of “my test”."""
    tails = {"open": ": changed, not accepted", "done": f": {VERDICTS_SAID.get(focus.verdict, '')}"}
    state = STATES[focus.status] + tails.get(focus.status, "")
    badges = [focus.document, state, f"showing {SHOWN_SAID[focus.layer]}"]
    if focus.is_test:
        badges.append("my test: never trained on")
    held = focus.claimed_by not in ("", desk.reviewer)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(" · ".join(badges), width="content")
        if held:
            st.button(
                "Take over",
                key="take_over",
                icon=":material/back_hand:",
                on_click=act,
                args=(_take_over, desk, focus),
            )
    if held:
        st.warning(
            f"{plain(focus.claimed_by)} has this sentence open: it is read-only here.",
            icon=":material/lock:",
        )


def _take_over(desk: Desk, focus: ReviewItem) -> None:
    desk.store.release(focus.item, focus.claimed_by)
    desk.store.renew(focus.item, desk.reviewer)
