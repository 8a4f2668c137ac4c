"""What was decided about a dictionary's terms, the newest first."""

from __future__ import annotations

import streamlit as st

from bioner.review.dictionary import Dictionary
from bioner.ui.session import Session
from bioner.ui.words import ago


def draw_log(session: Session, dictionary: Dictionary) -> None:
    """Draw the log of decisions."""
    changes = dictionary.log(500)
    if not changes:
        st.info("Nobody has decided anything yet.", icon=":material/history:")
        return
    st.dataframe(
        {
            "Number": [one.seq for one in changes],
            "What": [one.action for one in changes],
            "Terms": [", ".join(one.keys) for one in changes],
            "As": [one.value or ", ".join(one.surfaces) for one in changes],
            "Who": [one.who for one in changes],
            "When": [ago(one.recorded) for one in changes],
            "Taken back": [one.undone for one in changes],
        },
        hide_index=True,
        key="dictionary_log",
    )
