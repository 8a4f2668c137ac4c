"""A sentence's revisions, any of which can be restored."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.review.operations import difference
from bioner.spans import Mention
from bioner.store import (
    ReviewItem,
    Revision,
    new_op,
    surfaces_of,
)
from bioner.ui.review.desk import Act, Desk


def draw_history(desk: Desk, focus: ReviewItem, act: Act) -> None:
    """Draw the sentence's revisions; any of them can be restored, which is a new revision."""
    panel = st.expander("History", icon=":material/history:", key="open_history", on_change="rerun")
    if not panel.open:
        return
    with panel:
        if not focus.base:
            st.caption("No revision yet.")
            return
        found = desk.store.history(focus.item)
        for one in found[:30]:
            change = difference(one.before, one.after)
            st.caption(
                f"Revision {one.seq} · {one.reviewer or 'somebody'} · {_what(one)} · {one.recorded}"
            )
            st.text(_changes(focus.text, change.removed, change.added))
            if one.note:
                st.text(f"“{one.note}”")
            if one.seq != focus.base and not one.is_erased:
                st.button(
                    f"Restore {one.seq}",
                    key=f"restore_{one.seq}",
                    icon=":material/restore:",
                    on_click=act,
                    args=(_restore, desk, one),
                )
        if len(found) > 30:
            st.caption(f"{len(found) - 30} older revisions are in the database.")


def _what(one: Revision) -> str:
    return f"{one.kind}, {one.verdict}" if one.verdict else one.kind


def _changes(text: str, removed: Sequence[Mention], added: Sequence[Mention]) -> str:
    lost = [f"− {one.label} {surface}" for one, surface in _with_surface(text, removed)]
    won = [f"+ {one.label} {surface}" for one, surface in _with_surface(text, added)]
    return "\n".join([*lost, *won]) or "no mention changed"


def _with_surface(text: str, ones: Sequence[Mention]) -> list[tuple[Mention, str]]:
    return list(zip(ones, surfaces_of(text, ones), strict=True))


def _restore(desk: Desk, one: Revision) -> None:
    desk.memory.forget_opened()
    desk.store.restore_revision(one.seq, desk.reviewer, new_op(), desk.memory.session)
