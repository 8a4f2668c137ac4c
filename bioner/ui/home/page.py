"""The Home page: what is here, whether it is safe, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from bioner.errors import BionerError
from bioner.jobs.folder import ACTIVE, Job, list_jobs
from bioner.models.catalogue import ModelEntry, active_model
from bioner.settings import Settings
from bioner.store import Backup, Progress
from bioner.ui import cache
from bioner.ui.merged import open_shelf
from bioner.ui.models import model_label
from bioner.ui.session import Session, page_link, show_problem


@dataclass(frozen=True)
class ProjectState:
    """A project and how far its review is."""

    name: str
    progress: Progress


@dataclass(frozen=True)
class State:
    """Everything that Home tells, read once a run; a part that cannot be read is empty."""

    projects: tuple[ProjectState, ...]
    backups: tuple[Backup, ...]
    models: tuple[ModelEntry, ...]
    active: str
    jobs: tuple[Job, ...]
    problems: tuple[str, ...]
    place: str = ""

    @property
    def waiting(self) -> int:
        """Sentences that wait for a reviewer, in all projects."""
        return sum(one.progress.waiting for one in self.projects)

    @property
    def running(self) -> tuple[Job, ...]:
        """The jobs that are at work or queued."""
        return tuple(job for job in self.jobs if job.state.status in ACTIVE)


def read_state(session: Session) -> State:
    """Read what there is; what cannot be read is told as a problem, in one sentence."""
    settings = session.settings
    problems: list[str] = []
    projects: tuple[ProjectState, ...] = ()
    backups: tuple[Backup, ...] = ()
    active = place = ""
    jobs: tuple[Job, ...] = ()
    try:
        store = cache.store(settings.database_url, str(settings.backups))
        place = store.database.place
        names = [project.name for project in store.projects()]
        projects = tuple(ProjectState(name, store.progress(name)) for name in names)
        backups = tuple(store.backups())
    except BionerError as error:
        problems.append(str(error))
    try:
        active = active_model(settings)
    except BionerError as error:
        problems.append(str(error))
    try:
        jobs = tuple(list_jobs(settings))
    except BionerError as error:
        problems.append(str(error))
    models = tuple(cache.models(settings))
    problems += [f"Model {one.name}: {one.problem}" for one in models if one.problem]
    return State(projects, backups, models, active, jobs, tuple(problems), place)


def draw_next(session: Session, state: State) -> None:
    """Draw the few things worth doing now, the most useful first."""
    st.subheader("What to do next")
    with st.container(horizontal=True):
        if state.running:
            _step(
                "Watch the training",
                f"{_many(len(state.running), 'job')} at work: {state.running[0].spec.title}.",
                "Train",
                job=state.running[0].id,
            )
        if any(entry.can_tag for entry in state.models):
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
        if state.waiting:
            busiest = max(state.projects, key=lambda one: one.progress.waiting)
            _step(
                "Review what waits",
                f"{_many(state.waiting, 'sentence')} of predictions wait to be looked at.",
                "Review",
                project=busiest.name,
            )
        elif not state.projects:
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
        corrected = sum(one.progress.done for one in state.projects)
        if corrected and not state.running:
            _step(
                "Train with the corrections",
                f"{_many(corrected, 'reviewed sentence')} can make the model better.",
                "Train",
            )


def _step(title: str, text: str, page: str, **url: str) -> None:
    with st.container(border=True, width=270, height="stretch"):
        st.markdown(f"**{title}**")
        st.caption(text)
        page_link(page, label=f"Open {page}", **url)


def draw_here(session: Session, state: State) -> None:
    """Draw what is here: corpora, models, reviews, jobs."""
    st.subheader("What is here")
    shelf = open_shelf(session)
    one, two, three, four = st.columns(4)
    with one:
        number = len(shelf.table) if shelf else 0
        st.metric("Corpus sentences", f"{number:,}")
        corpora = len(shelf.corpora) if shelf else 0
        kind = "the shipped sample" if shelf and shelf.is_sample else f"{corpora} corpora"
        st.caption(kind if shelf else "none could be opened")
    with two:
        usable = [entry for entry in state.models if entry.can_tag]
        st.metric("Models", f"{len(usable):,}")
        in_use = next((entry for entry in usable if entry.name == state.active), None)
        st.caption(f"in use: {model_label(in_use)}" if in_use else "none in use")
    with three:
        st.metric("Reviews waiting", f"{state.waiting:,}")
        done = sum(one.progress.done for one in state.projects)
        st.caption(f"{_many(len(state.projects), 'project')}, {done:,} sentences settled")
    with four:
        st.metric("Jobs at work", f"{len(state.running):,}")
        last = state.jobs[0] if state.jobs else None
        st.caption(f"last: {last.spec.title}, {last.state.status}" if last else "none so far")
    if state.projects:
        draw_projects(state)


def draw_projects(state: State) -> None:
    """Draw each project with its progress and a link to go on."""
    for one in state.projects:
        progress = one.progress
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            total = max(1, progress.items)
            st.text(one.name, width=220)
            st.progress(
                (progress.items - progress.waiting) / total,
                f"{progress.done:,} settled, {progress.waiting:,} waiting of "
                f"{_many(progress.items, 'sentence')}",
            )
            page_link("Review", label="Go on", project=one.name)


def draw_safety(settings: Settings, state: State) -> None:
    """Say where people's work is kept and when it was last copied."""
    st.subheader("Where your work is kept")
    st.caption("Corrections and projects, in this database; no clean-up touches it:")
    st.code(state.place or "it cannot be opened", language=None, wrap_lines=True)
    if state.backups:
        last = state.backups[0]
        st.caption(
            f":material/verified_user: Last backup {_ago(last.created)} ({last.reason}), "
            f"{_many(len(state.backups), 'backup')} in:"
        )
    else:
        st.caption(":material/shield: No backup yet: one is made by itself as work is saved, in:")
    st.code(str(settings.backups), language=None, wrap_lines=True)


def draw_problems(state: State) -> None:
    """Say what is wrong here, a sentence each."""
    for problem in state.problems:
        show_problem(BionerError(problem))


def _ago(created: str) -> str:
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return created
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    minutes = int((datetime.now(UTC) - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{_many(minutes, 'minute')} ago"
    hours = minutes // 60
    return f"{_many(hours, 'hour')} ago" if hours < 48 else f"{_many(hours // 24, 'day')} ago"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
