"""The few things worth doing now, the most useful first."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.ui.home.studio import Studio
from bioner.ui.merged import open_shelf
from bioner.ui.plain import plain
from bioner.ui.session import Session, page_link
from bioner.ui.words import many, usable_said


def draw_next(session: Session, studio: Studio) -> None:
    """Draw the few things worth doing now, the most useful first."""
    st.subheader("What to do next")
    with st.container(horizontal=True, key="next_steps"):
        if not studio.has_store and studio.backups:
            _step(
                "Put a backup back",
                "The database with the reviews cannot be read. Backups of it are there: "
                + (
                    "see “Restore a backup” at the end of this page."
                    if session.may(Action.RESTORE)
                    else "ask a curator to restore one."
                ),
            )
        if studio.running:
            _step(
                "Watch the training",
                f"{many(len(studio.running), 'job')} at work: "
                f"{plain(studio.running[0].spec.title)}.",
                "Train",
                job=studio.running[0].id,
            )
        if any(entry.can_tag for entry in studio.models):
            _step(
                "Find entities in a text",
                "Paste an abstract or upload files, and see what the model marks.",
                "Predict",
            )
        else:
            _step(
                "Train a first model",
                "There is no model here yet that can mark entities.",
                "Train",
            )
        if studio.waiting:
            busiest = max(studio.projects, key=lambda one: one.progress.waiting)
            _step(
                "Review what waits",
                f"{many(studio.waiting, 'sentence')} of predictions wait to be looked at.",
                "Review",
                project=busiest.name,
            )
        elif studio.has_store and not studio.projects:
            _step(
                "Start a review",
                "Make a project: its texts, its types, and what reviewers look for.",
                "Review",
            )
        shelf = open_shelf(session)
        if shelf is None or shelf.is_sample:
            _step(
                "Bring the corpora",
                "Only the small sample is here: build the ten public corpora to train on.",
                "Corpora",
            )
        begun = [one for one in studio.projects if one.progress.open]
        if begun:
            number = sum(one.progress.open for one in begun)
            _step(
                "Finish what is begun",
                f"{many(number, 'sentence')} changed, not accepted: nothing of them is used yet.",
                "Review",
                project=begun[0].name,
                status="open",
            )
        if studio.usable.sentences and not studio.running:
            _step(
                "Train with the corrections",
                f"Go on from the model in use. {usable_said(studio.usable)}",
                "Train",
                view="new",
            )


def _step(title: str, text: str, page: str = "", **url: str) -> None:
    with st.container(border=True, width=270, height="stretch"):
        st.markdown(f"**{title}**")
        st.caption(text)
        if page:
            page_link(page, label=f"Open {page}", **url)
