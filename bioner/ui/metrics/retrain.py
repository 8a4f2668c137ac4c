"""The Metrics page's way to a better model: the one in use, trained on with the corrections."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.jobs.folder import list_jobs
from bioner.jobs.specs import is_retraining, retraining_spec
from bioner.models import catalogue
from bioner.review import launching
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, page_link, show_problem
from bioner.ui.words import many, usable_said


def draw_retraining(session: Session) -> None:
    """Offer to retrain the model in use with the reviewed sentences; say how one that runs does."""
    settings = session.settings
    try:
        active = catalogue.active_model(settings)
        usable = session.store().usable()
    except BionerError as error:
        show_problem(error)
        return
    running = next((j for j in list_jobs(settings) if is_retraining(j.spec) and j.is_active), None)
    if running is not None:
        st.info(
            f"{plain(running.spec.title)} is under way: "
            "it will be in the list of models once it is done.",
            icon=":material/hourglass_top:",
        )
        page_link("Train", label="Watch it on Train")
        return
    if not usable.sentences:
        if usable.held_back:
            st.caption(usable_said(usable))
        return
    has_corpora = (settings.merged / "manifest.json").is_file()
    kept = (
        "A part of the merged corpora is replayed, so that it forgets nothing."
        if has_corpora
        else "There are no merged corpora here: its own marks are replayed instead, and the gate "
        "says what it cannot check."
    )
    if st.button(
        f"Retrain {plain_label(active)} with {many(usable.sentences, 'reviewed sentence')}",
        key="metrics_retrain",
        icon=":material/model_training:",
        **shut(
            session,
            Action.JOBS,
            help=f"{usable_said(usable)} {kept} It runs in the background.",
        ),
    ):
        try:
            parent = catalogue.find_model(active, settings.models)
            launching.start(retraining_spec(settings, parent), settings, actor=session.actor)
        except BionerError as error:
            show_problem(error)
            return
        st.rerun()
