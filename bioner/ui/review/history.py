"""A sentence's revisions, any of which can be restored."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.access import Action
from bioner.labels import LabelSchema
from bioner.review.operations import difference
from bioner.spans import Mention
from bioner.store import (
    ReviewItem,
    Revision,
    new_op,
    surfaces_of,
)
from bioner.ui.chips import Element, chip, chips_html, color_of, describe
from bioner.ui.plain import plain
from bioner.ui.review.desk import Act, Desk
from bioner.ui.roles import shut
from bioner.ui.times import when
from bioner.ui.words import revision_said


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
            who, at = plain(one.reviewer) or "somebody", when(one.recorded)
            what = revision_said(one.kind, one.verdict)
            st.caption(f"Revision {one.seq} · {who} · {what} · {at}")
            st.html(changes_html(focus.text, change.removed, change.added, desk.session.schema))
            if one.note:
                st.text(f"“{one.note}”")
            if one.seq != focus.base and not one.is_erased:
                st.button(
                    f"Restore {one.seq}",
                    key=f"restore_{one.seq}",
                    **shut(desk, Action.ANNOTATE),
                    icon=":material/restore:",
                    on_click=act,
                    args=(_restore, desk, one),
                )
        if len(found) > 30:
            st.caption(f"{len(found) - 30} older revisions are in the database.")


def changes_html(
    text: str, removed: Sequence[Mention], added: Sequence[Mention], schema: LabelSchema
) -> str:
    """Return what a revision took away and put there, a chip a mention."""
    lines: list[list[Element]] = []
    for sign, names, ones in (("− ", "bn-mark bn-gone", removed), ("+ ", "bn-mark", added)):
        for one, surface in zip(ones, surfaces_of(text, ones), strict=True):
            color = color_of(schema, one.label)
            lines.append([sign, chip(surface, one.label, color, names=names, title=describe(one))])
    rows = "".join(f"<div>{chips_html(line)}</div>" for line in lines)
    return f'<div class="bn-changes">{rows or "no mention changed"}</div>'


def _restore(desk: Desk, one: Revision) -> None:
    desk.memory.forget_opened()
    desk.store.restore_revision(one.seq, desk.reviewer, new_op(), desk.memory.session)
