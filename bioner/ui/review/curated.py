"""Curating many sentences at once, and taking back what was curated."""

from __future__ import annotations

from functools import partial

import streamlit as st

from bioner.access import Action
from bioner.review.curation import Rule, curate
from bioner.store import Curation, new_op
from bioner.ui.plain import plain
from bioner.ui.review.curating import CurateMemory, said
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.words import ago, many

RULES_SAID: dict[Rule, tuple[str, str]] = {
    "alike": (
        "that all have alike",
        "Sentences in which everybody who looked has the same marks become the shared copy.",
    ),
    "majority": (
        "where most say the same",
        "Sentences in which of every mark more than half of the reviewers say the same.",
    ),
}


def draw_all_at_once(desk: Desk, memory: CurateMemory) -> None:
    """Draw the buttons that settle every sentence of a rule as one."""
    with st.container(border=True, width=460):
        st.markdown("**All at once**")
        for rule, (words, meaning) in RULES_SAID.items():
            if rule == "majority" and len(memory.names) < 3:
                continue
            taken = memory.taken(rule)
            st.button(
                f"Settle {many(len(taken), 'sentence')} {words}",
                key=f"curate_{rule}",
                icon=":material/done_all:",
                width="stretch",
                on_click=memory.do,
                args=(partial(_settle, desk, memory, rule),),
                **shut(desk, Action.ADJUDICATE, disabled=not taken, help=meaning),
            )


def _settle(desk: Desk, memory: CurateMemory, rule: Rule) -> str:
    taken = memory.taken(rule)
    schema = desk.session.schema.fingerprint
    done = curate(
        desk.store, taken, desk.reviewer, reviewers=memory.names, schema=schema, op=new_op()
    )
    return said(done)


def draw_curated(desk: Desk, memory: CurateMemory) -> None:
    """Draw what is curated, newest first; each is taken back as it was made, alone or as one."""
    with st.container(border=True, width="stretch"):
        st.markdown("**Curated**")
        found = desk.store.curations(desk.project.name, limit=8)
        for one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                what = (
                    plain(one.document) if one.sentences == 1 else many(one.sentences, "sentence")
                )
                who = plain(one.reviewer or "somebody")
                st.markdown(f"{what} · {who} · {ago(one.recorded)}", width="stretch")
                st.button(
                    "Take back",
                    key=f"curate_undo_{one.seq}",
                    icon=":material/undo:",
                    on_click=memory.do,
                    args=(partial(_undo, desk, one),),
                    **shut(desk, Action.ADJUDICATE),
                )
        if not found:
            st.caption("Nothing yet.")


def _undo(desk: Desk, one: Curation) -> str:
    undone = desk.store.undo_curation(one.item, desk.reviewer, seen=one.seq)
    return f"Taken back in {many(len(undone), 'sentence')}"
