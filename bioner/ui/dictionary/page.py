"""The Dictionary page: terms that texts yield, made, decided about, taken out."""

from __future__ import annotations

import streamlit as st

from bioner.errors import BionerError
from bioner.review.dictionary import Dictionary, dictionary_names, dictionary_path
from bioner.ui.dictionary.log import draw_log
from bioner.ui.dictionary.make import draw_make
from bioner.ui.dictionary.take_out import draw_take_out
from bioner.ui.dictionary.terms import draw_terms
from bioner.ui.session import (
    Session,
    choose_in_url,
    keep_in_url,
    page_key,
    show_problem,
    url_choice,
)
from bioner.ui.words import many

PARTS = {"terms": "Terms", "log": "Decisions", "out": "Download", "make": "Make one"}


def draw(session: Session) -> None:
    """Draw the page: one dictionary, a part at a time, and what makes another."""
    st.title("Dictionary")
    st.caption("The terms that your texts yield, by concept: every spelling, type and place.")
    names = dictionary_names(session.settings)
    if not names:
        empty = st.empty()
        empty.info(
            "There is no dictionary yet. Make one of texts of your own, of a project, or of the "
            "sample.",
            icon=":material/menu_book:",
        )
        draw_make(session)
        if dictionary_names(session.settings):
            empty.empty()
        return
    dictionary = choose_dictionary(session, names)
    part = choose_in_url("Part", PARTS, name="part", key=page_key("dictionary_part"))
    if part == "make":
        draw_make(session)
    elif dictionary is None:
        return
    elif part == "log":
        draw_log(session, dictionary)
    elif part == "out":
        draw_take_out(session, dictionary)
    else:
        draw_terms(session, dictionary)


def choose_dictionary(session: Session, names: list[str]) -> Dictionary | None:
    """Let a person choose a dictionary, and say what it was made of."""
    name = st.selectbox(
        "Dictionary",
        names,
        index=names.index(url_choice("name", names, names[0])),
        key=page_key("dictionary_name"),
    )
    keep_in_url(name=name)
    try:
        dictionary = Dictionary(dictionary_path(session.settings, name))
        about, by = dictionary.about(), dictionary.statuses()
    except BionerError as error:
        show_problem(error)
        return None
    st.text(
        f"{many(about.terms, 'term')} in {many(about.documents, 'text')} "
        f"({many(about.mentions, 'mark')}): {by['kept']:,} kept, {by['dropped']:,} dropped. "
        f"Made of {about.source}"
        + (f", marked by {about.model}." if about.model else ", with the marks that they had.")
    )
    return dictionary
