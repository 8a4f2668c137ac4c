"""The folders that were tagged, or are: how far each is, what could not be read, where it goes."""

from __future__ import annotations

import streamlit as st

from bioner.access import Action
from bioner.figures import duration, percent
from bioner.jobs.bulk import BULK, bulk_source
from bioner.jobs.folder import Job, list_jobs
from bioner.jobs.log import tail_log
from bioner.jobs.specs import shown_path
from bioner.review import job_record
from bioner.tagging.standing import STANDING, Standing, read_standing
from bioner.ui.engine import draw_place
from bioner.ui.jobs import STATUS, follow, ready_said
from bioner.ui.plain import plain
from bioner.ui.predict.bulk_output import draw_output
from bioner.ui.roles import shut
from bioner.ui.session import Session, act
from bioner.ui.tables import draw_table
from bioner.ui.times import when
from bioner.ui.words import capital

SHOWN = 20
"""So many runs are listed, the newest first."""
LISTED = 500
"""So many files that went wrong are named."""
FEW = 8
"""More of them scroll."""


def draw_bulk_runs(session: Session) -> None:
    """Draw each run that tagged a folder, the newest open."""
    found = [job for job in list_jobs(session.settings) if job.spec.kind == BULK]
    if not found:
        return
    st.subheader("Tagged folders", anchor=False)
    for number, job in enumerate(found[:SHOWN]):
        _, _, word = STATUS[job.status]
        begun = when(job.spec.created)
        with st.expander(
            f"{plain(job.spec.title)} · {word} · {begun}",
            expanded=number == 0 or job.is_active,
            key=f"bulk_run_{job.id}",
        ):
            follow(session, job, _draw_run)
    if len(found) > SHOWN:
        st.caption(f"{len(found) - SHOWN:,} older ones: `python -m bioner jobs list`.")


def _draw_run(session: Session, job: Job) -> None:
    standing = read_standing(job.folder)
    _draw_standing(job, standing)
    _draw_actions(session, job)
    if standing:
        _draw_unread(job, standing)
        if standing.documents and not job.is_active and session.may(Action.FOLDERS):
            draw_output(session, job, standing)
    is_told = standing is not None and (standing.failed or standing.unreadable)
    if job.status in ("failed", "lost") and not is_told:
        st.code(
            tail_log(job.id, session.settings, 20) or "(nothing)", language=None, wrap_lines=True
        )


def _draw_standing(job: Job, standing: Standing | None) -> None:
    if job.status == "queued":
        st.info(
            "Waiting for its device: it starts by itself when the jobs before it have ended.",
            icon=":material/hourglass_top:",
        )
    if job.state.problem:
        text = f"{capital(job.state.problem)}."
        st.warning(plain(text), icon=":material/report:")
    draw_place(job)
    source = bulk_source(job.spec)
    st.caption(
        plain(f"{source} → {shown_path(job.spec.out)}, by {job.spec.details.get('model', '')}")
    )
    if standing is None:
        if job.is_active:
            st.progress(0.0, text=plain(ready_said(job)))
        return
    if job.is_active:
        left = "" if standing.left_s is None else f" · about {duration(standing.left_s)} left"
        st.progress(standing.share, text=f"{percent(standing.share)} of the bytes read{left}")
    done = standing.inputs_done + standing.inputs_skipped
    rate = standing.documents_per_s
    if rate is None and not job.is_active and job.duration_s:
        rate = standing.documents / job.duration_s
    before = f"{standing.inputs_skipped:,} of them were done before and skipped."
    there = f"{standing.parts_skipped:,} more were there already."
    with st.container(horizontal=True, gap="large", key=f"bulk_figures_{job.id}"):
        for heading, figure, meaning in (
            ("Files done", f"{done:,} of {standing.inputs:,}", before),
            ("Parts written", f"{standing.parts:,}", there),
            ("Failed", f"{len(standing.failed) + len(standing.unreadable):,}", None),
            ("Texts", f"{standing.documents:,}", None),
            ("Texts a second", f"{rate:,.1f}" if rate else "–", None),
        ):
            st.metric(heading, figure, help=meaning, width="content")


def _draw_actions(session: Session, job: Job) -> None:
    settings, actor = session.settings, session.actor
    with st.container(horizontal=True, key=f"bulk_actions_{job.id}"):
        if job.status in ("queued", "running"):
            if st.button(
                "Stop",
                key=f"bulk_stop_{job.id}",
                icon=":material/stop:",
                **shut(session, Action.JOBS, help="What is done stays, and is skipped next time."),
            ):
                act(lambda: job_record.stop(job.id, settings, actor=actor))
            return
        if job.status == "stopping":
            return
        if job.status != "finished" and st.button(
            "Go on",
            key=f"bulk_resume_{job.id}",
            icon=":material/play_arrow:",
            type="primary",
            **shut(session, Action.JOBS, help="What is done is skipped."),
        ):
            act(lambda: job_record.resume(job.id, settings, actor=actor))
        if st.button(
            "Forget this run",
            key=f"bulk_delete_{job.id}",
            icon=":material/delete:",
            **shut(session, Action.JOBS, help="Its log goes; what it has written stays."),
        ):
            act(lambda: job_record.delete(job.id, settings, actor=actor))


def _draw_unread(job: Job, standing: Standing) -> None:
    rows = [
        (name, what, why)
        for what, found in (("unreadable", standing.unreadable), ("failed", standing.failed))
        for name, why in found.items()
    ]
    if not rows:
        return
    st.markdown("**Could not be tagged to the end**")
    with st.container(height=360 if len(rows) > FEW else "content", key=f"bulk_unread_{job.id}"):
        draw_table(("File", "What", "Why"), rows[:LISTED])
    if len(rows) > LISTED:
        st.caption(f"{len(rows) - LISTED:,} more: {plain(shown_path(str(job.folder / STANDING)))}")
