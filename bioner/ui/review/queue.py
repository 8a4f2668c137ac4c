"""Why this sentence, and which ones are next."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from bioner.figures import percent
from bioner.review import TOLD, told
from bioner.store import QueueRow, Reason, ReviewItem
from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Act, Desk
from bioner.ui.session import keep_in_url, page_link
from bioner.ui.words import many

QUEUE_ROWS = 8


def draw_reasons(focus: ReviewItem) -> None:
    """Draw why this sentence is in the queue."""
    if focus.reasons:
        meanings = [f"{told(r.name)}: {TOLD[r.name][1]}" for r in focus.reasons if r.name in TOLD]
        st.caption("Why this sentence", help="\n\n".join(meanings) or None)
        rows = (
            f"<div><span>{html.escape(told(one.name))}</span><span>{percent(one.score)}</span></div>"
            for one in focus.reasons
        )
        st.html(f'<div class="bn-reasons">{"".join(rows)}</div>')


def draw_queue(desk: Desk, act: Act) -> None:
    """Draw the next sentences of the queue; each is one click away."""
    panel = st.expander(
        "Queue", icon=":material/format_list_numbered:", key="open_queue", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        rows = desk.store.queue(
            desk.project.name, reviewer=desk.reviewer, filters=desk.filters, limit=QUEUE_ROWS
        )
        for row in rows:
            is_here = row.item == desk.memory.item
            st.button(
                plain_label(f"{_marked(row)}{row.surface}"),
                key=f"queue_{row.item}",
                help=_why(row.reasons),
                disabled=is_here,
                icon=":material/lock:" if row.claimed_by not in ("", desk.reviewer) else None,
                width="stretch",
                on_click=act,
                args=(_go_to, desk, row.item),
            )
        if not rows:
            st.caption("Nothing else fits the filters.")
        _draw_begun(desk)


def _draw_begun(desk: Desk) -> None:
    """Say how many sentences are changed but not accepted: they are in no queue of the waiting."""
    begun = desk.store.progress(desk.project.name, desk.reviewer).open
    if begun and desk.filters.status == "waiting":
        st.caption(f"{many(begun, 'sentence')} begun: changed, not accepted.")
        page_link("Review", label="Show what is begun", project=desk.project.name, status="open")


def _marked(row: QueueRow) -> str:
    """Return what a line says before its words: that it is begun, or of “my test”."""
    said = ["begun"] if row.status == "open" else []
    said += ["my test"] if row.is_test else []
    return f"{', '.join(said)}: " if said else ""


def _go_to(desk: Desk, item: int) -> None:
    desk.memory.visited.append(desk.memory.item)
    desk.memory.item = item
    keep_in_url(item=str(item))
    desk.store.renew(item, desk.reviewer)


def _why(reasons: Sequence[Reason]) -> str:
    return (
        ", ".join(f"{told(one.name)} {percent(one.score)}" for one in reasons)
        or "in the order of the text"
    )
