"""The Corpora page's empty state: build from a folder, fetch, or look at the sample."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.corpora.build import build
from bioner.corpora.fetch import fetch
from bioner.errors import BionerError
from bioner.progress import Progress
from bioner.ui.corpora.memory import CorporaMemory
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import Session, show_problem


def draw_builder(session: Session, *, is_sample: bool) -> None:
    """Offer to build the merged corpora; while only the sample is here, say so first."""
    if is_sample:
        st.info(
            "You are looking at the small sample that comes with the app. Bring the ten public "
            "corpora to see, search and train on all of them.",
            icon=":material/inventory_2:",
        )
    title = "Bring the ten corpora" if is_sample else "Build again"
    with st.expander(title, icon=":material/construction:"):
        left, right = st.columns(2, gap="large")
        with left:
            _draw_folder(session)
        with right:
            _draw_fetch(session)


def _draw_folder(session: Session) -> None:
    st.markdown("**From a folder on this machine**")
    with st.form("corpora_folder", border=False):
        folder = st.text_input(
            "Folder",
            session.of(CorporaMemory).source or _fetched(session),
            key="corpora_source",
            placeholder="/path/to/MTL-Bioinformatics-2016/data",
            help="The folder that holds AnatEM-IOB, BC2GM-IOB and the others.",
        )
        asked = st.form_submit_button(
            "Build from this folder",
            icon=":material/folder_open:",
            **shut(session, Action.CORPORA, Action.FOLDERS),
        )
    if not asked:
        return
    if not folder.strip():
        st.error("No folder was given: write its path above.", icon=":material/error:")
        return
    session.of(CorporaMemory).source = folder
    _build(session, Path(folder.strip()).expanduser())


def _fetched(session: Session) -> str:
    """Return the folder of fetched corpora, if there is one."""
    return str(session.settings.raw) if session.settings.raw.is_dir() else ""


def _draw_fetch(session: Session) -> None:
    st.markdown("**From the internet**")
    st.caption(
        "Downloads about 45 MB of public files, each checked against its known content. Nothing of "
        "yours is sent. An interrupted download goes on where it stopped."
    )
    if not st.button(
        "Fetch and build",
        key="corpora_fetch",
        icon=":material/cloud_download:",
        **shut(session, Action.CORPORA),
    ):
        return
    bar = st.progress(0.0, "Connecting …")

    def progress(at: Progress) -> None:
        bar.progress(at.share or 0.0, plain(at.text))

    try:
        fetch(session.settings.raw, progress=progress, actor=session.actor)
    except BionerError as error:
        bar.empty()
        show_problem(error)
        return
    bar.empty()
    _build(session, session.settings.raw)


def _build(session: Session, source: Path) -> None:
    with st.status("Building the merged corpora …", expanded=True) as status:
        try:
            build(
                source,
                session.settings.merged,
                session.settings,
                progress=lambda at: status.write(plain(at.text)),
                actor=session.actor,
            )
        except BionerError as error:
            status.update(label="Nothing was built", state="error")
            show_problem(error)
            return
        status.update(label="Built", state="complete")
    st.rerun()
