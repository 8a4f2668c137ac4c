"""The decisions on record: who decided what about how many marks, each undone as one."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review.decisions import chosen
from bioner.store import Decision
from bioner.ui.plain import plain
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.words import ago, many

LATEST = 12


def draw_decided(desk: Desk, after: Callable[[str], None]) -> None:
    """Draw the newest decisions; ``after`` is told what came of taking one back."""
    decisions = desk.store.decisions(desk.project.name, desk.reviewer, limit=LATEST)
    own = [one for one in decisions if one.stands and one.reviewer == desk.reviewer]
    st.button(
        "Undo last",
        key="decide_undo",
        icon=":material/undo:",
        shortcut="z",
        on_click=_undo,
        args=(desk, own[0] if own else None, after),
        **shut(
            desk,
            Action.ANNOTATE,
            disabled=not own,
            help="Your own newest decision; those of others are under “Decided”.",
        ),
    )
    with st.expander("Decided", icon=":material/history:"):
        if not decisions:
            st.caption("Nothing yet.")
        for one in decisions:
            _draw_decision(desk, one, after)


def _draw_decision(desk: Desk, one: Decision, after: Callable[[str], None]) -> None:
    surface = plain(one.choice.surface or "an erased text")
    told = (
        f"**{surface}**: {plain(chosen(one.choice))} · {many(one.marks, 'mark')} · "
        f"{plain(one.reviewer or 'somebody')}, {ago(one.recorded)}"
    )
    st.markdown(told if one.stands else f"{told} · taken back")
    if one.stands:
        st.button(
            "Undo",
            key=f"decide_undo_{one.number}",
            on_click=_undo,
            args=(desk, one, after),
            **shut(desk, Action.ANNOTATE),
        )


def _undo(desk: Desk, one: Decision | None, after: Callable[[str], None]) -> None:
    if one is None:
        return
    try:
        back = desk.store.take_back(one.number, desk.reviewer)
    except BionerError as error:
        after(str(error))
        return
    desk.memory.forget_opened()
    told = f"{one.choice.surface}: taken back in {many(back.sentences, 'sentence')}"
    if back.kept:
        told += f"; {many(back.kept, 'sentence')} stay, accepted or changed since"
    after(told)
