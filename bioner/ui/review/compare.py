"""Several reviewers on the same sentences: how far they agree, and what is taken of them."""

from __future__ import annotations

import streamlit as st

from bioner.errors import BionerError
from bioner.review.agreement import agreement_of, differing, reviewers_of
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.agreement import draw_agreement
from bioner.ui.review.curate import draw_curation
from bioner.ui.review.curated import draw_all_at_once, draw_curated
from bioner.ui.review.curating import CurateMemory
from bioner.ui.review.desk import Desk
from bioner.ui.session import show_problem


@st.fragment
def draw_comparison(desk: Desk) -> None:
    """Draw the agreement of a project's reviewers, and where they differ mark by mark."""
    if not desk.project.independent:
        st.info(
            "The reviewers of this project share one copy, so there is nothing to compare. In a "
            "project where each corrects a copy of their own (see “Project”), this page shows how "
            "far they agree, and lets a curator choose between them.",
            icon=":material/compare_arrows:",
        )
        return
    memory = desk.session.of(CurateMemory)
    try:
        memory.read(desk)
    except BionerError as error:
        show_problem(error)
        return
    if memory.message:
        st.toast(plain(memory.message), icon=":material/gavel:", duration="long")
        memory.message = ""
    there = reviewers_of(memory.sentences)
    if len(there) < 2:
        st.info(
            "It takes two reviewers who have accepted or corrected a sentence: so far there is no "
            "second one.",
            icon=":material/group:",
        )
        return
    chosen = st.multiselect(
        "Whose versions", there, default=there, key="between", format_func=plain_label, width=640
    )
    names = tuple(name for name in there if name in chosen)
    if len(names) < 2:
        st.caption("Choose two or more.")
        return
    memory.names = names
    draw_agreement(memory.agreement(names, lambda: agreement_of(memory.sentences, names)))
    draw_curation(desk, memory, differing(memory.sentences, names))
    with st.container(horizontal=True, vertical_alignment="top"):
        draw_all_at_once(desk, memory)
        draw_curated(desk, memory)
