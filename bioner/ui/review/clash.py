"""An edit that somebody else overtook, beside theirs: the reviewer decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review.editing import Stale, part, verdict_edit
from bioner.review.operations import apply_operation
from bioner.store import (
    Edit,
    new_op,
)
from bioner.ui.plain import plain
from bioner.ui.review.desk import Act, Desk
from bioner.ui.review.marks import draw_marks
from bioner.ui.roles import shut
from bioner.ui.session import keep_in_url


def draw_clash(desk: Desk, shown: Collection[int], act: Act) -> None:
    """Show an edit that somebody else overtook beside theirs; the reviewer decides."""
    if not desk.memory.stale:
        return
    clash = next((one for one in desk.memory.stale if one.item in shown), desk.memory.stale[0])
    theirs = clash.theirs
    try:
        review = desk.open(clash.item)
        edits = _on_top(desk, clash)
    except BionerError as error:
        desk.memory.stale.remove(clash)
        st.warning(f"Your edit is not saved: {plain(str(error))}", icon=":material/warning:")
        return
    if clash.item not in shown:
        _draw_elsewhere(desk, clash, act)
        return
    with st.container(border=True):
        st.markdown(
            f"**Your edit is not saved**: {plain(theirs.reviewer) or 'somebody'} saved revision "
            f"{theirs.seq} of this sentence meanwhile."
        )
        left, right = st.columns(2)
        with left:
            st.caption(f"Theirs, revision {theirs.seq}")
            draw_marks(desk, review, theirs.after)
        with right:
            more = f", and {len(edits) - 1} more" if len(edits) > 1 else ""
            what = f": {clash.operation.name}" if clash.operation.kind == "command" else ""
            st.caption(f"Yours, on what they saved{what}{more}")
            mine = next((one.mentions for one in edits if one.item == clash.item), review.mentions)
            draw_marks(desk, review, mine)
        with st.container(horizontal=True):
            st.button(
                "Keep theirs",
                key="keep_theirs",
                icon=":material/undo:",
                on_click=act,
                args=(_settle, desk, clash, []),
            )
            st.button(
                "Save mine on top",
                key="keep_mine",
                **shut(desk, Action.ANNOTATE),
                icon=":material/merge:",
                on_click=act,
                args=(_settle, desk, clash, edits),
            )


def _draw_elsewhere(desk: Desk, clash: Stale, act: Act) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning("Your edit of another sentence is not saved yet.", icon=":material/warning:")
        st.button(
            "Look at it",
            key="go_to_clash",
            icon=":material/arrow_forward:",
            on_click=act,
            args=(_go_to, desk, clash.item),
        )


def _go_to(desk: Desk, item: int) -> None:
    desk.open(item)
    desk.memory.visited.append(desk.memory.item)
    desk.memory.item = item
    keep_in_url(item=str(item))


def _settle(desk: Desk, clash: Stale, edits: Sequence[Edit]) -> None:
    """Put a clash aside once what is to be kept of it is saved."""
    if clash not in desk.memory.stale:
        return
    desk.memory.forget_opened()
    if edits:
        desk.store.save_all(edits)
    desk.memory.stale.remove(clash)


def _on_top(desk: Desk, clash: Stale) -> list[Edit]:
    """Make the edits that put a refused operation, whole, on what is saved now: one an item."""
    operation = clash.operation
    batch = new_op() if len(operation.units) > 1 else ""
    edits: list[Edit] = []
    for item, _ in operation.units:
        review = desk.open(item)
        if operation.kind == "command":
            if item != clash.item and review.verdict is not None:
                continue
            edits.append(
                verdict_edit(
                    review,
                    operation.name,
                    reviewer=desk.reviewer,
                    base=review.base,
                    note=review.note,
                    schema=desk.session.schema.fingerprint,
                    op=new_op(),
                    session=desk.memory.session,
                    batch=batch,
                )
            )
            continue
        mine = part(operation, review)
        present = set(review.mentions)
        kept = replace(
            mine,
            removed=tuple(one for one in mine.removed if one in present),
            added=tuple(one for one in mine.added if one not in present),
        )
        if item == clash.item or kept.removed or kept.added:
            changed = apply_operation(review.mentions, kept)
            edits.append(desk.edit(review, changed, batch=batch))
    return edits
