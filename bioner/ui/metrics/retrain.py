"""The Metrics page's way to a better model: the one in use, trained on with the corrections."""

from __future__ import annotations

import sys

import streamlit as st

from bioner.errors import BionerError
from bioner.jobs import launch
from bioner.jobs.folder import Job, JobSpec, list_jobs
from bioner.machine import resolve_device
from bioner.models import catalogue
from bioner.settings import Settings
from bioner.ui import cache
from bioner.ui.session import Session, page_link, show_problem

KIND = "retraining"


def draw_retraining(session: Session) -> None:
    """Offer to retrain the model in use with the reviewed sentences; say how one that runs does."""
    settings = session.settings
    try:
        active = catalogue.active_model(settings)
        store = cache.store(settings.database_url, str(settings.backups))
        count = len(store.corrections())
    except BionerError as error:
        show_problem(error)
        return
    running = next((j for j in list_jobs(settings) if _is_retraining(j) and j.is_active), None)
    if running is not None:
        st.info(
            f"{running.spec.title} is under way: it will be in the list of models once it is done.",
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
        f"Retrain {active} with {count:,} {noun}",
        key="metrics_retrain",
        icon=":material/model_training:",
        help=f"Reviewed sentences; “my test” stays out. {kept} It runs in the background.",
    ):
        try:
            start_retraining(settings, active)
        except BionerError as error:
            show_problem(error)
            return
        st.rerun()


def _is_retraining(job: Job) -> bool:
    return KIND in job.spec.details


def start_retraining(settings: Settings, parent: str) -> Job:
    """Launch the retraining of a model as a background job. Raises JobError or ModelError."""
    folder = catalogue.find_model(parent, settings.models)
    out = settings.models / free_name(settings, folder.name)
    device = resolve_device(settings.device)
    command = (
        *(sys.executable, "-m", "bioner", "retrain"),
        *("--base", str(folder), "--out", str(out), "--device", device),
    )
    spec = JobSpec(
        command,
        out.name,
        device=device,
        out=str(out),
        base=str(folder),
        details={"base": folder.name, KIND: True, "corrections": True},
    )
    return launch.launch(spec, settings)


def free_name(settings: Settings, parent: str) -> str:
    """Return the first name after the parent's that no model has: NAME-2, NAME-3, …"""
    stem, _, number = parent.rpartition("-")
    stem, start = (stem, int(number) + 1) if stem and number.isdigit() else (parent, 2)
    while (settings.models / f"{stem}-{start}").exists():
        start += 1
    return f"{stem}-{start}"
