"""The Metrics page's choices: model, split and view; what its numbers rest on; evaluation jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.evaluation.standing import Standing
from bioner.figures import duration
from bioner.jobs.folder import Job
from bioner.jobs.log import tail_log
from bioner.jobs.metrics import read_metrics, remaining_s
from bioner.machine import computed_on
from bioner.models.catalogue import ModelEntry, active_model
from bioner.review import job_record
from bioner.ui import models
from bioner.ui.jobs import follow, ready_said
from bioner.ui.merged import build_sample
from bioner.ui.metrics.board import draw_board
from bioner.ui.metrics.compare import draw_comparison
from bioner.ui.metrics.data import (
    Data,
    evaluation_job,
    find_data,
    find_shown,
    start_evaluation,
)
from bioner.ui.metrics.mistakes import draw_mistakes
from bioner.ui.metrics.scores import draw_scores
from bioner.ui.metrics.trust import draw_trust
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import (
    Session,
    act,
    choose_in_url,
    keep_in_url,
    page_link,
    show_problem,
    url_choice,
)
from bioner.ui.times import when
from bioner.ui.words import many

VIEWS = {
    "scores": ":material/bar_chart: Scores",
    "mistakes": ":material/rule: Mistakes",
    "trust": ":material/verified_user: Trust",
    "compare": ":material/compare_arrows: Compare",
    "board": ":material/leaderboard: Leaderboard",
}
SENTENCES_PER_S = 85
"""Sentences that a small model tags in a second on two cores."""


@dataclass
class MetricsMemory:
    """Which split the page's scores are on."""

    split: str = "test"


def draw(session: Session) -> None:
    """Draw the page: a model and split are chosen, then one view of their scores."""
    st.title("Metrics")
    st.caption(
        "How good a model is, by type and by corpus; its mistakes; and the proof of progress."
    )
    entry = choose_model(session)
    if entry is not None:
        shown, data = open_scores(session, entry)
        draw_view(choose_view(), session, shown, data)


def choose_model(session: Session) -> ModelEntry | None:
    """Let a person choose the model; None, with what to do, where there is none that can tag."""
    usable = models.offer_models(session, "to score")
    if not usable:
        return None
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    name = models.choose_model(session, usable, key="metrics_model", place=left)
    split = right.segmented_control(
        "Scored on",
        ["test", "devel"],
        default=url_choice("split", ("test", "devel"), "test"),
        key="metrics_split",
        required=True,
        help="Test is for judging. Devel is what choices in training may be tuned on.",
    )
    session.of(MetricsMemory).split = str(split)
    is_plain = name == active_model(session.settings)
    keep_in_url(model="" if is_plain else name, split="" if split == "test" else str(split))
    return usable[name]


def open_scores(session: Session, entry: ModelEntry) -> tuple[Standing | None, Data | None]:
    """Find the model's scores; say what they rest on; offer to measure what is not measured."""
    split = session.of(MetricsMemory).split
    try:
        data = find_data(session.settings, split)
        shown = find_shown(session.settings, entry, data, split)
    except BionerError as error:
        show_problem(error)
        return None, None
    job = evaluation_job(session.settings, entry.name, split)
    if job is not None:
        follow(session, job, _draw_job)
    if shown is not None:
        _tell_basis(shown, data)
    if (shown is None or not shown.is_current) and (job is None or not job.is_active):
        _offer_evaluation(session, entry, data, split, shown)
    return shown, data


def _draw_job(session: Session, job: Job) -> None:
    if job.status in ("failed", "lost"):
        problem = job.state.problem or "the evaluation ended without a word"
        st.error(f"The evaluation failed: {plain(problem)}", icon=":material/error:")
        with st.expander("Its last lines", icon=":material/notes:"):
            st.code(tail_log(job.id, session.settings, 15) or "(nothing)", language=None)
        return
    _draw_progress(session, job)


def _draw_progress(session: Session, job: Job) -> None:
    metrics = read_metrics(job.id, session.settings)
    name = job.spec.details["model"]
    if job.status == "queued":
        st.info(
            f"The evaluation of {plain(name)} waits for the jobs before it on this device.",
            icon=":material/hourglass_top:",
        )
    elif metrics and metrics[-1].total_steps:
        last, left = metrics[-1], remaining_s(metrics)
        text = f"Evaluating {plain(name)}: {last.step:,} of {last.total_steps:,} sentences"
        text += f", about {duration(left)} left" if left else ""
        st.progress(min(1.0, last.step / last.total_steps), text=text)
    else:
        st.progress(0.0, text=plain(ready_said(job)))
    if st.button(
        "Stop the evaluation",
        key="metrics_stop",
        icon=":material/stop:",
        **shut(session, Action.JOBS),
    ):
        act(lambda: job_record.stop(job.id, session.settings, force=True, actor=session.actor))


def _tell_basis(shown: Standing, data: Data | None) -> None:
    report, stored = shown.report, shown.stored
    split = report.split
    corpora = f"{len(report.by_corpus)} corpora"
    if len(report.by_corpus) == 1:
        corpora = f"one corpus, {next(iter(report.by_corpus))}"
    count = sum(one.sentences for one in report.by_corpus.values())
    number = f" ({count:,})" if count else ""
    what = f"Exact matches on the {split} sentences of {corpora}{number}, each in its own terms"
    told = "from the model's card, measured when it was made"
    if stored is not None:
        told = f"tagged {when(stored.created)} {computed_on(stored.backend)}"
    st.caption(f"{what} · {plain(told)}.")
    if data is not None and data.is_sample and shown.is_current:
        st.warning(
            f"These are scores on the shipped sample ({data.sentences} sentences of our own): they "
            "show how the page works, not how good the model is.",
            icon=":material/science:",
        )
    if stored is not None and data is not None and not shown.is_current:
        st.warning(
            "These scores are of other data than the merged corpora that are here now.",
            icon=":material/history:",
        )
    if report.unknown_types:
        st.warning(
            f"The model has no tag for {plain(', '.join(report.unknown_types))}: every such "
            "mention counts as missed.",
            icon=":material/label_off:",
        )
    if stored is not None and not stored.is_same_schema:
        st.info(
            "The model was trained by other types and mappings than the data here was merged by. "
            "Types with the same name are taken to mean the same.",
            icon=":material/schema:",
        )
    if report.leaked:
        st.info(
            f"Left out because the model was trained on them: {many(report.leaked, 'sentence')}.",
            icon=":material/water_drop:",
        )
    elif stored is not None and not stored.has_hashes:
        st.info(
            "The model does not say what it was trained on, so it may have seen some of these "
            "sentences.",
            icon=":material/help:",
        )


def _offer_evaluation(
    session: Session, entry: ModelEntry, data: Data | None, split: str, shown: Standing | None
) -> None:
    if data is None:
        _offer_sample(session, entry, split, is_scored=shown is not None)
        return
    minutes = max(1, round(data.sentences / SENTENCES_PER_S / 60))
    if shown is None:
        st.info(
            f"{plain(entry.name)} has not been scored on these {data.sentences:,} "
            f"{plain(split)} sentences yet.",
            icon=":material/monitoring:",
        )
    if st.button(
        "Evaluate" if shown is None else "Evaluate on what is here",
        key="metrics_evaluate",
        type="primary",
        icon=":material/play_arrow:",
        **shut(
            session,
            Action.JOBS,
            help=f"About {minutes} min for a small model on two cores. It runs in the background.",
        ),
    ):
        act(
            lambda: start_evaluation(session.settings, entry.name, data, split, actor=session.actor)
        )


def _offer_sample(session: Session, entry: ModelEntry, split: str, *, is_scored: bool) -> None:
    told = (
        "The corpora are not on this machine, so there are no sentences to look at. "
        if is_scored
        else f"{plain(entry.name)} has not been scored, and the corpora are not on this machine. "
    )
    st.info(
        told + "Build them on the Corpora page; or try the page on the small sample of our own "
        "sentences that came with it.",
        icon=":material/library_books:",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        page_link("Corpora", label="Get the corpora")
        if st.button(
            "Try it on the sample",
            key="metrics_sample",
            icon=":material/science:",
            **shut(session, Action.CORPORA, Action.JOBS),
        ):
            act(lambda: _try_sample(session, entry, split))


def _try_sample(session: Session, entry: ModelEntry, split: str) -> None:
    build_sample(session.settings, actor=session.actor)
    data = find_data(session.settings, split)
    if data is not None:
        start_evaluation(session.settings, entry.name, data, split, actor=session.actor)


def choose_view() -> str:
    """Let a person choose what the page shows; the choice is in the URL."""
    return choose_in_url("Show", VIEWS, name="view", key="metrics_view")


def draw_view(view: str, session: Session, shown: Standing | None, data: Data | None) -> None:
    """Draw the chosen view of a model's scores."""
    if view == "board":
        draw_board(session, session.of(MetricsMemory).split)
        return
    if shown is None:
        return
    if view == "compare":
        draw_comparison(session, shown, data)
        return
    draw: dict[str, Callable[[Session, Standing], None]] = {
        "scores": draw_scores,
        "mistakes": draw_mistakes,
        "trust": draw_trust,
    }
    draw[view](session, shown)
