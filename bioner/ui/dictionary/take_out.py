"""Taking a dictionary out: a table, JSON lines, OBO, spaCy patterns."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.review.dictionary import Dictionary
from bioner.review.dictionary_files import WRITERS, write_dictionary
from bioner.ui.plain import plain_label
from bioner.ui.session import Session
from bioner.ui.words import many


def draw_take_out(session: Session, dictionary: Dictionary) -> None:
    """Draw the format, what goes out, and the button."""
    if not session.actor.may(Action.EXPORT):
        st.info("An annotator takes terms out.", icon=":material/lock:")
        return
    format = st.radio(
        "Format",
        list(WRITERS),
        key="dictionary_format",
        horizontal=True,
        format_func=lambda one: WRITERS[one].title,
    )
    every = st.checkbox("New terms too, not the kept ones alone", key="dictionary_all")
    if not st.button("Write it", key="dictionary_write", icon=":material/description:"):
        return
    with tempfile.TemporaryDirectory(prefix="bioner-") as folder:
        path = Path(folder) / f"{dictionary.name}{WRITERS[format].suffix}"
        done = write_dictionary(dictionary, path, format, only_kept=not every)
        data = path.read_bytes()
    st.caption(
        f"{many(done.written, 'term')} with {many(done.spellings, 'spelling')}; "
        f"{done.left_out:,} left out (dropped, or not decided)."
    )
    for loss, count in done.lost:
        st.caption(f":material/warning: {WRITERS[format].title}: {loss}, {count:,} times")
    st.download_button(
        f"Download {plain_label(path.name)}",
        data,
        file_name=path.name,
        icon=":material/download:",
        on_click="ignore",
        key="dictionary_download",
    )
