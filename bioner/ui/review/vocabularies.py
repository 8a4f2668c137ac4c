"""Which vocabularies a project uses, whose concepts its marks may get; new ones from files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.corpora.concepts import vocabulary_names, vocabulary_path
from bioner.corpora.concepts_build import build_concepts
from bioner.corpora.vocabulary import read_terms
from bioner.review.offers import choose_vocabularies
from bioner.ui.intake import progress_bar
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.session import act
from bioner.ui.words import many

MADE = "vocabulary_made"
"""Session state: what came of a vocabulary, said once after the page is drawn anew."""


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
    made = st.session_state.pop(MADE, None)
    if made is not None:
        st.success(plain(made), icon=":material/check:")
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
    _draw_new(desk, known)


def _draw_new(desk: Desk, known: Sequence[str]) -> None:
    """Draw what makes a vocabulary of a file, for this project to use."""
    with st.popover("Add a vocabulary", icon=":material/add:"):
        upload = st.file_uploader(
            "A list of names with identifiers",
            type=["obo", "csv", "jsonl"],
            key="vocabulary_file",
            help="OBO; or CSV with the columns id, name, synonyms (between “ | ”), type.",
        )
        stem = Path(upload.name).stem if upload else ""
        name = st.text_input("Name", value=stem, key=f"vocabulary_name_{stem}", max_chars=80)
        if name in known:
            st.caption("There is one of this name: it is made anew.")
        closed = shut(desk, Action.CORPORA, Action.CHANGE, disabled=not (upload and name))
        if st.button("Make it and use it", key="vocabulary_make", type="primary", **closed):
            assert upload is not None
            act(partial(_make, desk, upload.name, upload.getvalue(), name))
        st.caption("For a larger file: `python -m bioner concepts build FILE`.")


def _make(desk: Desk, file: str, content: bytes, name: str) -> None:
    settings = desk.session.settings
    path = vocabulary_path(settings, name)
    with tempfile.TemporaryDirectory() as folder, progress_bar() as heard:
        source = Path(folder, Path(file).name)
        source.write_bytes(content)
        done = build_concepts(path, read_terms(source), actor=desk.session.actor, on_progress=heard)
    left = done.joined + done.unnamed
    tail = f"; {many(left, 'term')} without an identifier of its own" if left else ""
    st.session_state[MADE] = (
        f"{name}: {many(done.concepts, 'concept')}, {many(done.names, 'name')}{tail}"
    )
    chosen = [*desk.project.vocabularies, name]
    choose_vocabularies(desk.store, settings, desk.project.name, chosen, desk.reviewer)
