"""What a new run is trained on: a merged folder; where there is none, how to come by one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.ui.merged import build_sample
from bioner.ui.roles import shut
from bioner.ui.session import Session, act, page_link


def choose_data(session: Session) -> Path | None:
    """Let a person choose among several merged folders; None, with what to do, where none is."""
    settings = session.settings
    folders = sorted(path.parent for path in settings.data.glob("*/manifest.json"))
    if not folders:
        st.info(
            "There is nothing to train on yet. Bring the public corpora; or take the small sample "
            "of our own sentences, to see in a minute what a training is like.",
            icon=":material/library_books:",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            page_link("Corpora", label="Get the corpora")
            _draw_sample(session)
        return None
    if settings.merged in folders:
        folders.insert(0, folders.pop(folders.index(settings.merged)))
    if len(folders) == 1:
        return folders[0]
    return st.selectbox(
        "Merged data", folders, key="train_data", format_func=lambda folder: folder.name
    )


def _draw_sample(session: Session) -> None:
    if not st.button(
        "Take the sample",
        key="train_sample",
        icon=":material/science:",
        **shut(session, Action.CORPORA),
    ):
        return
    with st.spinner("Merging the sample …"):
        act(lambda: build_sample(session.settings, actor=session.actor))
