"""The Corpora page's catalogue: published corpora beside the ten, brought in by one click."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.corpora.adding import remove_corpus
from bioner.corpora.bringing import bring
from bioner.corpora.catalogue import Entry, read_catalogue
from bioner.corpora.own import own_folder
from bioner.errors import BionerError
from bioner.labels import IGNORE
from bioner.ui.chips import coverage_html
from bioner.ui.corpora.memory import CorporaMemory
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import Session, show_problem
from bioner.ui.tables import draw_table
from bioner.ui.words import capital, many


def draw_more(session: Session) -> None:
    """Draw the catalogue, each corpus with its terms and meaning, and what brings it in."""
    told = session.of(CorporaMemory).brought
    if told:
        st.success(plain(told[0]), icon=":material/check:")
        for line in told[1:]:
            st.caption(plain(line))
        session.of(CorporaMemory).brought = ()
    st.caption(
        "Published corpora that are not among the ten. One that is brought in is merged, trained "
        "on and scored like the ten once you build again, by its own rules of marking. The ten "
        "and their scores stay as they are."
    )
    for entry in read_catalogue().values():
        _draw_entry(session, entry)


def _draw_entry(session: Session, entry: Entry) -> None:
    is_here = own_folder(session.settings, entry.id) is not None
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(entry.title)}**", width="stretch")
            if is_here:
                st.badge("Here", icon=":material/check:", color="green")
                key = f"more_remove_{entry.id}"
                if st.button(
                    "Remove",
                    key=key,
                    icon=":material/delete:",
                    **shut(session, Action.CORPORA),
                ):
                    _remove(session, entry)
            elif st.button(
                "Fetch and add",
                key=f"more_fetch_{entry.id}",
                icon=":material/cloud_download:",
                **shut(
                    session,
                    Action.CORPORA,
                    help="Downloads it from its publisher. Nothing of yours is sent.",
                ),
            ):
                _bring(session, entry, None)
        about = capital(entry.annotates)
        st.caption(f"{plain(about)}. Licence: {plain(entry.licence)}.")
        if entry.caution:
            st.caption(f":material/warning: {plain(entry.caution)}")
        with st.expander("What its labels mean here, and adding it from a file"):
            _draw_meaning(session, entry)
            if not is_here:
                _draw_file(session, entry)


def _draw_meaning(session: Session, entry: Entry) -> None:
    draw_table(
        ["In the corpus", "Becomes", "Why"],
        [
            (source, "left open" if label == IGNORE else label, reason)
            for source, rule in entry.mapping.rules.items()
            for label, reason in [
                (rule.label, rule.reason),
                *((one.label, one.reason) for one in rule.by_surface),
            ]
        ],
    )
    st.markdown("**What its annotators looked for**")
    st.html(coverage_html(entry.mapping.covers, session.schema))
    if entry.devel:
        st.caption(
            f"Never trained on: {many(len(entry.devel), 'text')}. {plain(entry.devel_reason)}"
        )
    st.caption(f"{plain(entry.citation)}. Licence said in {plain(entry.licence_source)}.")


def _draw_file(session: Session, entry: Entry) -> None:
    with st.form(f"more_file_{entry.id}", border=False):
        path = st.text_input(
            "Its file or folder on this machine",
            key=f"more_path_{entry.id}",
            help=f"{entry.by_hand} {entry.url}",
        )
        asked = st.form_submit_button(
            "Add from here",
            icon=":material/folder_open:",
            **shut(session, Action.CORPORA, Action.FOLDERS),
        )
    if asked and path.strip():
        _bring(session, entry, Path(path.strip()).expanduser())


def _bring(session: Session, entry: Entry, source: Path | None) -> None:
    with st.spinner(f"Bringing in {plain(entry.id)} …"):
        try:
            made = bring(entry, session.settings, source, actor=session.actor)
        except BionerError as error:
            show_problem(error)
            return
    splits = ", ".join(f"{number:,} {split}" for split, number in made.splits.items())
    session.of(CorporaMemory).brought = (
        f"{entry.id} is added ({splits} sentences). Build the corpora again to merge it.",
        *made.receipt.lines(),
        *made.notes(entry),
    )
    st.rerun()


def _remove(session: Session, entry: Entry) -> None:
    try:
        remove_corpus(session.settings, entry.id, actor=session.actor)
    except BionerError as error:
        show_problem(error)
        return
    session.of(CorporaMemory).brought = (f"{entry.id} is removed. Build the corpora again.",)
    st.rerun()
