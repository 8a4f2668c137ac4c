"""What was looked for in a sentence: shown, changed, set back to the project's."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.store import ReviewItem
from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Act, Desk
from bioner.ui.roles import shut


def draw_covers(desk: Desk, focus: ReviewItem, act: Act) -> None:
    """Draw for which types the absence of a mark is evidence in this sentence."""
    key = f"covers_{focus.item}_{focus.base}"
    types = [one for one in desk.project.types if one]
    known = sorted(focus.covers & set(types), key=types.index)
    with st.popover(f"Looked for: {len(known)} of {len(types)} types", width="stretch"):
        st.pills(
            "What was looked for in this sentence",
            types,
            selection_mode="multi",
            default=known,
            format_func=plain_label,
            key=key,
            on_change=_save_covers,
            args=(desk, focus.item, key, act),
            **shut(
                desk,
                Action.ANNOTATE,
                help="Only for these types is the absence of a mark evidence. The rest is hatched.",
            ),
        )
        st.button(
            "As the project",
            key=f"{key}_reset",
            **shut(desk, Action.ANNOTATE, disabled=set(known) == set(desk.project.covers)),
            on_click=act,
            args=(_record_covers, desk, focus.item, desk.project.covers),
        )


def _save_covers(desk: Desk, item: int, key: str, act: Act) -> None:
    chosen = st.session_state.get(key) or []
    act(_record_covers, desk, item, frozenset(chosen))


def _record_covers(desk: Desk, item: int, covers: frozenset[str]) -> None:
    review = desk.open(item)
    outside = review.covers - set(desk.project.types)
    desk.store.save(
        desk.edit(review, review.mentions, verdict=review.verdict, covers=covers | outside)
    )
