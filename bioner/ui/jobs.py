"""A job on a page: how it stands, followed to its end, and what a person does about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from bioner.errors import BionerError
from bioner.jobs.bulk import BULK, bulk_source
from bioner.jobs.folder import Job, read_job
from bioner.jobs.specs import shown_path
from bioner.ui.session import Session, show_problem

REFRESH_S = 2.0
"""How often a job at work is looked at."""

STATUS = {
    "queued": (":material/hourglass_top:", "gray", "waiting"),
    "running": (":material/play_arrow:", "blue", "running"),
    "stopping": (":material/front_hand:", "orange", "stopping"),
    "stopped": (":material/pause_circle:", "orange", "stopped"),
    "finished": (":material/check_circle:", "green", "finished"),
    "failed": (":material/error:", "red", "failed"),
    "lost": (":material/help:", "red", "lost"),
}
"""State → its icon, its colour, its word."""


def follow(session: Session, job: Job, draw: Callable[[Session, Job], None]) -> None:
    """Draw a job, and again as it goes on; at its end the page runs once more."""
    with st.container(key=f"live_{job.id}"):
        st.fragment(_draw_now, run_every=REFRESH_S if job.is_active else None)(
            session, job.id, draw, was_active=job.is_active
        )


def _draw_now(
    session: Session, id: str, draw: Callable[[Session, Job], None], *, was_active: bool
) -> None:
    try:
        job = read_job(id, session.settings)
    except BionerError as error:
        show_problem(error)
        return
    if was_active and not job.is_active:
        st.rerun()
    draw(session, job)


def ready_said(job: Job) -> str:
    """Say what is made ready before a job's first figures come."""
    if job.spec.kind == BULK:
        source, model = bulk_source(job.spec), job.spec.details.get("model", "the model")
        return f"Listing the files of {source}, loading {model} …"
    if job.spec.kind == "evaluate":
        return f"Loading {job.spec.details.get('model', 'the model')} and the sentences …"
    base = Path(shown_path(job.spec.base)).name or "the base"
    return f"Loading {base}, reading the sentences to train on …"
