"""An edit that somebody else overtook, beside theirs: the reviewer decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review.editing import Stale, part, verdict_edit
from bioner.review.operations import apply_operation
from bioner.store import Edit
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
        mine = _on_top(desk, clash, clash.item)
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
            others = len(clash.operation.units) - 1
            more = f", and {others:,} more" if others > 0 else ""
            what = f": {clash.operation.name}" if clash.operation.kind == "command" else ""
            st.caption(f"Yours, on what they saved{what}{more}")
            draw_marks(desk, review, review.mentions if mine is None else mine.mentions)
        with st.container(horizontal=True):
            st.button(
                "Keep theirs",
                key="keep_theirs",
                icon=":material/undo:",
                on_click=act,
                args=(_keep_theirs, desk, clash),
            )
            st.button(
                "Save mine on top",
                key="keep_mine",
                **shut(desk, Action.ANNOTATE),
                icon=":material/merge:",
                on_click=act,
                args=(_keep_mine, desk, clash, mine),
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


def _keep_theirs(desk: Desk, clash: Stale) -> None:
    """Put a clash aside; what it was about stays as others have it."""
    if clash in desk.memory.stale:
        desk.memory.stale.remove(clash)
    desk.memory.forget_opened()


def _keep_mine(desk: Desk, clash: Stale, mine: Edit | None) -> None:
    """Save a refused operation on what is there now, in its own batch, then put the clash aside.

    ``mine`` is its part in the sentence that was shown, on what was shown there.
    """
    if clash not in desk.memory.stale:
        return
    desk.memory.forget_opened()
    others = (_on_top(desk, clash, item) for item, _ in clash.operation.units if item != clash.item)
    desk.store.save_all([one for one in (mine, *others) if one is not None])
    desk.memory.stale.remove(clash)


def _on_top(desk: Desk, clash: Stale, item: int) -> Edit | None:
    """Make the edit that puts a refused operation on what is saved now in one of its sentences.

    None where nothing of it is left to do. Its operation id is the same each time, so that what
    was cut off is not saved twice.
    """
    operation = clash.operation
    batch = operation.op_id if len(operation.units) > 1 else ""
    op = f"{operation.op_id}/{item}/mine"
    review = desk.open(item)
    if operation.kind == "command":
        if item != clash.item and review.verdict is not None:
            return None
        return verdict_edit(
            review,
            operation.name,
            reviewer=desk.reviewer,
            base=review.base,
            note=review.note,
            schema=desk.session.schema.fingerprint,
            op=op,
            session=desk.memory.session,
            batch=batch,
        )
    mine = part(operation, review)
    present = set(review.mentions)
    kept = replace(
        mine,
        removed=tuple(one for one in mine.removed if one in present),
        added=tuple(one for one in mine.added if one not in present),
    )
    if item != clash.item and not kept.removed and not kept.added:
        return None
    changed = apply_operation(review.mentions, kept)
    return replace(desk.edit(review, changed, batch=batch), op=op)
