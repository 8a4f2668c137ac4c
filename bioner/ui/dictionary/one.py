"""One term on the Dictionary page: its spellings, where it stands, what to change about it."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.review.dictionary import Dictionary
from bioner.review.dictionary_curation import Choice
from bioner.review.offers import Vocabularies
from bioner.review.terms import Term
from bioner.spans import mention
from bioner.ui.chips import label_html, snippet_html
from bioner.ui.dictionary.choices import put_on_record
from bioner.ui.dictionary.concepts import draw_offers
from bioner.ui.session import Session


def draw_term(
    session: Session, dictionary: Dictionary, term: Term, vocabularies: Vocabularies
) -> None:
    """Draw a term's spellings and places, and what can be decided about it alone."""
    st.html(f"{label_html(term.label, session.schema)}")
    if term.long_forms:
        st.text("The texts explain it as: " + "; ".join(term.long_forms))
    variants = dictionary.variants(term.key)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.dataframe(
            {
                "Spelling": [one.surface for one in variants],
                "Mentions": [one.mentions for one in variants],
                "As": [", ".join(f"{a} {n:,}" for a, n in one.labels) for one in variants],
            },
            hide_index=True,
            key=f"term_spellings_{term.key}",
        )
        _draw_changes(session, dictionary, term, [one.surface for one in variants])
    with right:
        draw_offers(session, dictionary, term, vocabularies)
        for example in dictionary.examples(term.key, limit=5):
            text = example.before + example.surface + example.after
            start = len(example.before)
            mark = mention(start, start + len(example.surface), term.label)
            st.html(snippet_html(text, [mark], session.schema))
            st.text(example.document)


def _draw_changes(
    session: Session, dictionary: Dictionary, term: Term, surfaces: list[str]
) -> None:
    if not session.actor.may(Action.DICTIONARY):
        return
    # What was chosen about the term as it was is nothing to begin with once it is another.
    key = f"{term.key}_{term.preferred}_{term.identifier}"
    with st.form(f"term_{term.key}", border=False):
        st.selectbox(
            "What it is called",
            list(dict.fromkeys([term.preferred, *surfaces])),
            key=f"term_name_{key}",
        )
        st.text_input(
            "Concept", value=term.identifier, key=f"term_concept_{key}", max_chars=200,
            placeholder="NCBITaxon:10090",
        )  # fmt: skip
        st.multiselect(
            "Spellings that are a term of their own",
            surfaces if len(surfaces) > 1 else [],
            key=f"term_split_{key}",
        )
        st.form_submit_button(
            "Change it",
            icon=":material/edit:",
            on_click=_change,
            args=(session, dictionary, term, key),
        )


def _change(session: Session, dictionary: Dictionary, term: Term, key: str) -> None:
    """Put on record what somebody has changed in the form about the term as it was shown."""
    preferred = st.session_state[f"term_name_{key}"]
    identifier = st.session_state[f"term_concept_{key}"].strip()
    leaving = st.session_state[f"term_split_{key}"]
    choices = []
    if preferred != term.preferred:
        choices.append(Choice(action="prefer", terms=(term.key,), value=preferred))
    if identifier != term.identifier:
        choices.append(Choice(action="identify", terms=(term.key,), value=identifier))
    if leaving:
        choices.append(Choice(action="split", terms=(term.key,), surfaces=tuple(leaving)))
    put_on_record(session, dictionary, choices)
