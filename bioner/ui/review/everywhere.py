"""Every occurrence of a surface in the project's texts, marked as one batch."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.spans import Mention
from bioner.store import (
    Occurrence,
    ReviewItem,
    new_op,
)
from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Act, Desk


def _save_mentions(desk: Desk, changes: Sequence[tuple[ReviewItem, tuple[Mention, ...]]]) -> int:
    """Save the mentions of one or several items as one batch; return how many items."""
    batch = new_op() if len(changes) > 1 else ""
    edits = [desk.edit(review, mentions, batch=batch) for review, mentions in changes]
    desk.memory.forget_opened()
    try:
        desk.store.save_all(edits)
    except BionerError as error:
        desk.memory.message = str(error)
        return 0
    return len(edits)


def draw_everywhere(desk: Desk, act: Act) -> None:
    """Preview every occurrence in the project's texts; marking them is one batch, undone as one."""
    wanted = desk.memory.everywhere
    if wanted is None:
        return
    surface, label = wanted
    with st.container(border=True):
        choices = list(desk.project.types)
        label = st.selectbox(
            f"Mark every “{plain_label(surface)}” in this project as",
            choices,
            index=choices.index(label) if label in choices else 0,
            key="everywhere_label",
        )
        found = _unmarked(desk, surface, label)
        st.caption(
            f"{len(found)} places in {len({one.item for one, _ in found})} sentences "
            "are not marked so yet."
        )
        for one, review in found[:20]:
            before = review.text[max(review.start, one.start - 40) : one.start]
            after = review.text[one.end : min(review.end, one.end + 40)]
            st.text(f"{one.document}: …{before}«{surface}»{after}…")
        with st.container(horizontal=True):
            st.button(
                "Mark them all",
                key="everywhere_do",
                type="primary",
                disabled=not found,
                on_click=act,
                args=(_mark, desk, found, label),
            )
            st.button(
                "Leave it", key="everywhere_leave", on_click=act, args=(_mark, desk, [], label)
            )


def _unmarked(desk: Desk, surface: str, label: str) -> list[tuple[Occurrence, ReviewItem]]:
    reviews: dict[int, ReviewItem] = {}
    found = []
    for one in desk.store.occurrences(desk.project.name, surface):
        review = reviews.setdefault(one.item, desk.open(one.item))
        same = {(m.fragments, m.label) for m in review.mentions}
        if (((one.start, one.end),), label) not in same:
            found.append((one, review))
    return found


def _mark(desk: Desk, found: Sequence[tuple[Occurrence, ReviewItem]], label: str) -> None:
    desk.memory.everywhere = None
    if not found:
        return
    by_item: dict[int, tuple[ReviewItem, list[Mention]]] = {}
    for one, review in found:
        mentions = by_item.setdefault(one.item, (review, list(review.mentions)))[1]
        place = ((one.start, one.end),)
        mentions[:] = [m for m in mentions if m.fragments != place]
        mentions.append(Mention(place, label, status="reviewed"))
    count = _save_mentions(
        desk,
        [
            (review, tuple(sorted(ones, key=lambda m: (m.start, -m.end))))
            for review, ones in by_item.values()
        ],
    )
    if count:
        desk.memory.message = f"Marked in {count} sentences; undo in any of them takes all back."
