"""What each type means: by definition, in this project, in the corpora."""

from __future__ import annotations

import streamlit as st

from bioner.ui.review.desk import Desk


def draw_guidelines(desk: Desk) -> None:
    """Draw what each type means here: by definition, in this project, in the corpora."""
    schema = desk.session.schema
    panel = st.expander(
        "Guidelines", icon=":material/menu_book:", key="open_guidelines", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        name = st.selectbox("Type", desk.project.types, key="guideline_type")
        if name is None or name not in schema.names:
            st.caption("The label schema does not define this type.")
            return
        one = schema.type(name)
        st.text(one.definition)
        if one.example:
            st.text(f"For example: {one.example}")
        own = dict(desk.project.guidelines).get(name)
        if own:
            st.text(f"In this project: {own}")
        rows = [
            (corpus, source, rule.reason)
            for corpus, mapping in schema.corpora.items()
            for source, rule in mapping.rules.items()
            if name in rule.targets
        ]
        if rows:
            st.dataframe(
                {
                    "Corpus": [row[0] for row in rows],
                    "Its type": [row[1] for row in rows],
                    "Why": [row[2] for row in rows],
                },
                hide_index=True,
                key="guideline_corpora",
            )
