"""The Metrics page's way to a better model: the one in use, trained on with the corrections."""

from __future__ import annotations

import streamlit as st

from bioner.errors import BionerError
from bioner.jobs import launch
from bioner.jobs.folder import list_jobs
from bioner.jobs.specs import is_retraining, retraining_spec
from bioner.models import catalogue
from bioner.ui.plain import plain, plain_label
from bioner.ui.session import Session, page_link, show_problem


def draw_retraining(session: Session) -> None:
    """Offer to retrain the model in use with the reviewed sentences; say how one that runs does."""
    settings = session.settings
    try:
        active = catalogue.active_model(settings)
        store = session.store()
        count = len(store.corrections())
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
    if not count:
        return
    has_corpora = (settings.merged / "manifest.json").is_file()
    kept = (
        "A part of the merged corpora is replayed, so that it forgets nothing."
        if has_corpora
        else "There are no merged corpora here: its own marks are replayed instead, and the gate "
        "says what it cannot check."
    )
    noun = "correction" if count == 1 else "corrections"
    if st.button(
        f"Retrain {plain_label(active)} with {count:,} {noun}",
        key="metrics_retrain",
        icon=":material/model_training:",
        help=f"Reviewed sentences; “my test” stays out. {kept} It runs in the background.",
    ):
        try:
            parent = catalogue.find_model(active, settings.models)
            launch.launch(retraining_spec(settings, parent), settings, actor=session.actor)
        except BionerError as error:
            show_problem(error)
            return
        st.rerun()
