"""One run on the Train page: progress, numbers, curves, log, run card, and what to do next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.figures import clock, duration, percent, points
from bioner.jobs.folder import Job, card_of, folder_bytes
from bioner.jobs.log import tail_log
from bioner.jobs.metrics import Metric, read_metrics, remaining_s, standing
from bioner.jobs.specs import is_retraining, option, shown_command, shown_path
from bioner.models.card import CARD
from bioner.models.catalogue import active_model
from bioner.review import job_record, launching
from bioner.training.run_card import RunFacts, run_card_json, run_card_markdown
from bioner.ui.engine import draw_place
from bioner.ui.jobs import STATUS, ready_said
from bioner.ui.models import promote_dialog
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import Session, act, keep_in_url, page_link, show_problem
from bioner.ui.train.curves import draw_curves
from bioner.ui.words import capital


def draw_run(session: Session, job: Job) -> None:
    """Draw a run as it is now."""
    metrics = read_metrics(job.id, session.settings)
    _draw_head(job, metrics)
    _draw_actions(session, job)
    if metrics:
        draw_curves([(job.spec.title, metrics)], session, key=f"{job.id}_one")
    elif job.is_active:
        st.caption("The curves begin with the first step.")
    _draw_details(session, job)


def _draw_head(job: Job, metrics: Sequence[Metric]) -> None:
    icon, color, word = STATUS[job.status]
    said = next((m.message for m in reversed(metrics) if m.message), "")
    st.markdown(f"#### {plain(job.spec.title)} :{color}-badge[{icon} {word}]")
    if job.status == "queued" and job.spec.is_here:
        st.info(
            f"Waiting for the {'GPU' if job.spec.device == 'cuda' else 'CPU'}: it starts by itself "
            "when the jobs before it have ended, also while the app is closed.",
            icon=":material/hourglass_top:",
        )
    if job.state.problem:
        mend = f" {capital(job.state.mend)}." if job.state.mend else ""
        text = f"{capital(job.state.problem)}."
        (st.error if job.status in ("failed", "lost") else st.info)(
            plain(f"{text}{mend}"), icon=":material/report:"
        )
    last = metrics[-1] if metrics else None
    if last is not None and last.total_steps and job.status not in ("failed", "lost"):
        share = min(1.0, last.step / last.total_steps)
        left = remaining_s(metrics) if job.is_active else None
        text = f"Step {last.step:,} of {last.total_steps:,}"
        text += f" · about {duration(left)} left" if left else ""
        text += f" · {plain(said)}" if said and job.is_active else ""
        st.progress(share, text=text)
    elif job.is_active:
        st.progress(0.0, text=plain(capital(said) or ready_said(job)))
    _draw_standing(job, metrics)
    _draw_numbers(job, metrics)


def _draw_standing(job: Job, metrics: Sequence[Metric]) -> None:
    """Say where a run has fallen below the model that it goes on from, while it still runs."""
    found = standing(metrics)
    if found is None or not found.is_below:
        return
    said = (
        f"Devel F1 is {points(found.f1)}, below the {points(found.parent_f1)} of the model "
        "that it goes on from."
    )
    if job.is_active and is_retraining(job.spec):
        said += " Averaging the two at the end brings a part of it back."
    elif job.is_active:
        said += " Stop it, and try a smaller rate or the first choice under New run."
    else:
        said += " Check it on Metrics before it is used."
    st.warning(said, icon=":material/trending_down:")


def _draw_numbers(job: Job, metrics: Sequence[Metric]) -> None:
    draw_place(job)
    state = job.state
    loss = next((m.loss for m in reversed(metrics) if m.loss is not None), None)
    f1 = next((m.devel_f1 for m in reversed(metrics) if m.devel_f1 is not None), None)
    pace = next((m.tokens_per_s for m in reversed(metrics) if m.tokens_per_s), None)
    is_on = job.status in ("running", "stopping")
    cells = st.columns(6 if is_on else 5)
    cells[0].metric("Loss", f"{loss:.3f}" if loss is not None else "–")
    cells[1].metric("Devel F1", points(f1) if f1 is not None else "–")
    cells[2].metric("Word-pieces/s", f"{pace:,.0f}" if pace else "–")
    cells[3].metric("Time", clock(job.duration_s) if state.started_at else "–")
    memory = state.memory_bytes if is_on else state.peak_memory_bytes
    cells[4].metric(
        "Memory" if is_on else "Peak memory", f"{memory / 1e9:.1f} GB" if memory else "–"
    )
    if is_on and state.gpu_percent is not None:
        used = (state.gpu_memory_bytes or 0) / 1e9
        cells[5].metric("GPU", percent(state.gpu_percent / 100), help=f"{used:.1f} GB on the card.")
    elif is_on:
        cells[5].metric("CPU", percent(state.cpu_percent / 100), help="100%: a core")
    if is_on and time.time() - state.heartbeat > 60:
        st.warning(
            "No sign of life for a minute: the machine may be asleep or out of memory.",
            icon=":material/heart_broken:",
        )


def _draw_actions(session: Session, job: Job) -> None:
    settings = session.settings
    with st.container(horizontal=True, vertical_alignment="center", key="train_actions"):
        if not job.is_active:
            _draw_next_steps(session, job)
            return
        is_stopping = job.status == "stopping"
        # It keeps its place when it is pressed: a second press is never one of "Stop at once".
        if st.button(
            "Stop",
            key="train_stop",
            icon=":material/stop:",
            **shut(session, Action.JOBS, disabled=is_stopping, help="Saves first."),
        ):
            act(lambda: job_record.stop(job.id, settings, actor=session.actor))
        if is_stopping and st.button(
            "Stop at once",
            key="train_kill",
            icon=":material/dangerous:",
            **shut(session, Action.JOBS, help="What was done since it last saved is lost."),
        ):
            act(lambda: job_record.stop(job.id, settings, force=True, actor=session.actor))


def _draw_next_steps(session: Session, job: Job) -> None:
    settings = session.settings
    if job.status != "finished":
        if st.button(
            "Resume",
            key="train_resume",
            type="primary",
            icon=":material/play_arrow:",
            **shut(session, Action.JOBS),
        ):
            act(lambda: job_record.resume(job.id, settings, actor=session.actor))
        batch = option(job.spec.command, "--batch-size")
        if "smaller batch" in job.state.mend and batch and int(batch) > 1:
            smaller = str(int(batch) // 2)
            if st.button(
                f"Try again with batches of {smaller}",
                key="train_smaller",
                **shut(session, Action.JOBS),
                icon=":material/replay:",
            ):
                _launch_again(session, job, {"--batch-size": smaller})
        elif st.button(
            "Start over", key="train_retry", icon=":material/replay:", **shut(session, Action.JOBS)
        ):
            _launch_again(session, job, {})
    elif (Path(job.spec.out) / CARD).exists():
        name = Path(job.spec.out).name
        is_active = active_model(settings) == name
        if st.button(
            "In use" if is_active else "Use this model",
            key="train_promote",
            type="primary",
            icon=":material/verified:",
            **shut(
                session,
                Action.PROMOTE,
                disabled=is_active,
                help="It is the model that pages and commands use." if is_active else None,
            ),
        ):
            promote_dialog(session, name)
        page_link("Metrics", label="Its scores", model=name)
        page_link("Predict", label="Try it", model=name)
    if st.button(
        "Delete", key="train_delete", icon=":material/delete:", **shut(session, Action.JOBS)
    ):
        _delete_dialog(session, job)


def _launch_again(session: Session, job: Job, changes: dict[str, str]) -> None:
    try:
        again = launching.again(job.id, session.settings, changes, actor=session.actor)
    except BionerError as error:
        show_problem(error)
        return
    keep_in_url(job=again.id)
    st.session_state.pop("train_job", None)
    st.rerun(scope="app")


@st.dialog("Delete this run?", icon=":material/delete:")
def _delete_dialog(session: Session, job: Job) -> None:
    size = folder_bytes(job.folder)
    st.write(
        f"Its log and curves ({size / 1e6:,.1f} MB) go for good. What it has written to "
        f"models/{plain(Path(job.spec.out).name)} stays."
    )
    if st.button("Delete the run", key="train_delete_yes", type="primary"):
        try:
            job_record.delete(job.id, session.settings, actor=session.actor)
        except BionerError as error:
            show_problem(error)
            return
        keep_in_url(job="")
        st.session_state.pop("train_job", None)
        st.rerun()


def _draw_details(session: Session, job: Job) -> None:
    log = tail_log(job.id, session.settings, 60)
    with st.expander(
        "Log", icon=":material/article:", expanded=job.status in ("failed", "lost"), key="train_log"
    ):
        st.code(log or "(nothing yet)", language=None, height=_height(log), wrap_lines=True)
    if job.is_active:
        return
    with st.expander("Run card", icon=":material/id_card:", key="train_card"):
        try:
            card = card_of(job)
        except BionerError as error:
            show_problem(error)
            card = None
        run = run_facts(job)
        text = run_card_markdown(run, card)
        with st.container(horizontal=True):
            st.download_button(
                "Markdown",
                text,
                f"{job.id}.md",
                "text/markdown",
                key="train_card_md",
                icon=":material/download:",
            )
            st.download_button(
                "JSON",
                run_card_json(run, card),
                f"{job.id}.json",
                "application/json",
                key="train_card_json",
                icon=":material/download:",
            )
        st.code(text, language=None, wrap_lines=True, height=420)


def run_facts(job: Job) -> RunFacts:
    return RunFacts(
        id=job.id,
        title=job.spec.title,
        status=job.status,
        started=job.spec.created,
        base=shown_path(job.spec.base),
        device=job.spec.device,
        command=shown_command(job.spec),
        duration_s=job.duration_s,
        peak_memory_bytes=job.state.peak_memory_bytes,
        spec=asdict(job.spec),
    )


def _height(text: str) -> int | Literal["content"]:
    return 300 if text.count("\n") > 12 else "content"
