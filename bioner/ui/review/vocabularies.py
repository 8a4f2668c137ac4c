"""Which vocabularies a project uses: those whose concepts its marks may get."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.corpora.concepts import vocabulary_names
from bioner.review.offers import choose_vocabularies
from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.session import act


def draw_vocabularies(desk: Desk) -> None:
    """Draw the choice among the vocabularies of this machine, and what makes one."""
    chosen = desk.project.vocabularies
    known = vocabulary_names(desk.session.settings)
    st.subheader("Concepts")
    st.caption(
        "A mark can stand for a concept of a vocabulary, which is offered under it (**V** takes "
        "the first, Shift + V finds one by typing)."
    )
    missing = [one for one in chosen if one not in known]
    if missing:
        names = ", ".join(plain_label(name) for name in missing)
        st.warning(f"Not on this machine: {names}.", icon=":material/warning:")
    if not known:
        st.caption(
            "There is none yet: `python -m bioner concepts build FILE` makes one of an OBO or CSV."
        )
    picked = st.multiselect(
        "Vocabularies",
        list(dict.fromkeys([*known, *chosen])),
        default=list(chosen),
        key=f"vocabularies_of_{desk.project.name}",
        format_func=plain_label,
        placeholder="none",
        disabled=not desk.may(Action.CHANGE),
    )
    closed = shut(desk, Action.CHANGE, disabled=list(picked) == list(chosen))
    if st.button("Use them", key="vocabularies_save", **closed):
        act(
            lambda: choose_vocabularies(
                desk.store, desk.session.settings, desk.project.name, picked, desk.reviewer
            )
        )
