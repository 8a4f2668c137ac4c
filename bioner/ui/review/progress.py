"""How far the project is; what to do where nothing waits."""

from __future__ import annotations

import streamlit as st

from bioner.ui.plain import plain
from bioner.ui.review.desk import Desk
from bioner.ui.session import page_link
from bioner.ui.words import many


def draw_empty(desk: Desk) -> None:
    """Say why there is nothing to review, and what to do next."""
    progress = desk.store.progress(desk.project.name, desk.reviewer)
    if not progress.items:
        st.info(
            "No texts in this project yet. Open “Texts” above: paste one, upload a file with or "
            "without predictions, or take the sample sentences.",
            icon=":material/inbox:",
        )
    elif desk.filters.status == "waiting" and not desk.filters.is_narrow:
        if progress.open:
            st.warning(
                f"{many(progress.open, 'sentence')} begun: changed, but not accepted. Nothing of "
                "them is exported as reviewed or trained on until somebody accepts them.",
                icon=":material/edit_note:",
            )
            page_link("Review", label="Go on with them", project=desk.project.name, status="open")
        st.success(
            f"Nothing is waiting: {progress.settled:,} of {progress.items:,} sentences are "
            "settled. Show “unsure” or “rejected” ones, add texts, or export what you have.",
            icon=":material/task_alt:",
        )
    else:
        st.info(
            "No sentence fits these filters. Change them above.", icon=":material/filter_alt_off:"
        )


def draw_progress(desk: Desk) -> None:
    """Draw how far the project is, and this tab's rate."""
    progress = desk.store.progress(desk.project.name, desk.reviewer)
    rate = desk.memory.per_hour
    parts = [
        f"{progress.settled:,} of {progress.items:,} settled",
        f"{progress.waiting:,} waiting",
        f"{progress.open:,} begun",
        f"{progress.unsure:,} unsure",
    ]
    if rate:
        parts.append(f"{rate:,.0f} an hour")
    st.progress(
        progress.settled / progress.items if progress.items else 0.0, text=" · ".join(parts)
    )
    if desk.memory.message:
        st.toast(plain(desk.memory.message), icon=":material/info:", duration="long")
        desk.memory.message = ""
