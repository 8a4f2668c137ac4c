"""The Home page: what is here, whether it is safe, and what to do next."""

from __future__ import annotations

import streamlit as st

from bioner.errors import BionerError
from bioner.settings import Settings
from bioner.ui.home.restore import draw_restore
from bioner.ui.home.steps import draw_next
from bioner.ui.home.studio import Studio, read_studio
from bioner.ui.jobs import STATUS
from bioner.ui.merged import open_shelf
from bioner.ui.models import model_label
from bioner.ui.plain import plain
from bioner.ui.session import Session, page_link, show_problem
from bioner.ui.words import ago, many


def draw(session: Session) -> None:
    """Draw the page: problems first, then what to do, what is here, and where it is kept."""
    st.title("BioNER Studio")
    st.caption(
        "Find biomedical entities in text, correct what is wrong, and train a better model from it."
    )
    studio = read_studio(session)
    draw_problems(studio)
    draw_next(session, studio)
    draw_here(session, studio)
    draw_safety(session.settings, studio)
    draw_restore(session, list(studio.backups), is_needed=not studio.has_store)


def draw_here(session: Session, studio: Studio) -> None:
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
        usable = [entry for entry in studio.models if entry.can_tag]
        st.metric("Models", f"{len(usable):,}")
        in_use = next((entry for entry in usable if entry.name == studio.active), None)
        st.caption(f"in use: {plain(model_label(in_use))}" if in_use else "none in use")
    with three:
        st.metric("Reviews waiting", f"{studio.waiting:,}" if studio.has_store else "—")
        settled = sum(one.progress.settled for one in studio.projects)
        st.caption(
            f"{many(len(studio.projects), 'project')}, {many(settled, 'sentence')} settled"
            if studio.has_store
            else "the database cannot be read"
        )
    with four:
        st.metric("Jobs at work", f"{len(studio.running):,}")
        last = studio.jobs[0] if studio.jobs else None
        st.caption(
            f"last: {plain(last.spec.title)}, {STATUS[last.status][2]}" if last else "none so far"
        )
    if studio.projects:
        draw_projects(studio)


def draw_projects(studio: Studio) -> None:
    """Draw each project with its progress and a link to go on."""
    for one in studio.projects:
        progress = one.progress
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            total = max(1, progress.items)
            st.text(one.name, width=220)
            st.progress(
                progress.settled / total,
                f"{progress.settled:,} of {many(progress.items, 'sentence')} settled · "
                f"{progress.waiting:,} waiting · {progress.open:,} begun · "
                f"{progress.unsure:,} unsure",
            )
            page_link("Review", label="Go on", project=one.name)


def draw_safety(settings: Settings, studio: Studio) -> None:
    """Say where people's work is kept and when it was last copied."""
    st.subheader("Where your work is kept")
    st.caption("Corrections and projects, in this database; no clean-up touches it:")
    st.code(studio.place or "it cannot be opened", language=None, wrap_lines=True)
    if studio.backups:
        last = studio.backups[0]
        st.caption(
            f":material/verified_user: Last backup {ago(last.created)} ({plain(last.reason)}), "
            f"{many(len(studio.backups), 'backup')} in:"
        )
    else:
        st.caption(":material/shield: No backup yet: one is made by itself as work is saved, in:")
    st.code(str(settings.backups), language=None, wrap_lines=True)


def draw_problems(studio: Studio) -> None:
    """Say what is wrong here, a sentence each."""
    for problem in studio.problems:
        show_problem(BionerError(problem))
