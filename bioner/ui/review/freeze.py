"""The Review page's corpus: what was reviewed becomes a corpus of one's own, version by version."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review.freezing import freeze
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.session import show_problem


def draw_freeze(desk: Desk) -> None:
    """Draw the name and the licence of the corpus, and the button that makes a version of it."""
    with st.expander("Make a corpus of what is reviewed", icon=":material/inventory_2:"):
        st.caption(
            "It is kept as a version, merged with the ten corpora at the next build, and scored "
            "like them; “my test” is its test. Every version stays; the last one is merged."
        )
        with st.form("freeze", border=False):
            name = st.text_input("Name", desk.project.name, key="freeze_name")
            licence = st.text_input("Licence", key="freeze_licence", placeholder="own data")
            wanted = st.form_submit_button(
                "Make the corpus",
                icon=":material/inventory_2:",
                **shut(desk, Action.CORPORA),
            )
        if wanted:
            _freeze(desk, name, licence)


def _freeze(desk: Desk, name: str, licence: str) -> None:
    try:
        made = freeze(
            desk.store,
            desk.session.settings,
            desk.project.name,
            name,
            licence=licence,
            actor=desk.session.actor,
        )
    except BionerError as error:
        show_problem(error)
        return
    told = ", ".join(f"{count:,} {split}" for split, count in made.splits.items())
    what = "is made" if made.is_new else "holds all of it already"
    st.success(
        f"{made.folder.name}, version {made.version}, {what}: {told} sentences. Corpora → Your own "
        "lists it; build the corpora again to merge it.",
        icon=":material/check:",
    )
    for reason, count in made.left_out.items():
        st.caption(f"Not in it: {reason.replace('_', ' ')} {count:,}")
