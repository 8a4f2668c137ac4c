"""What a bulk tagging has written: searched, sent to Review, made into a dictionary."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.formats import read_documents
from bioner.jobs.folder import Job
from bioner.jobs.specs import shown_path
from bioner.review.intake import Origin, open_project, take_in
from bioner.review.texts import Texts, suggest_meanings
from bioner.tagging.found import Hit, Wanted, find_marks, made_by
from bioner.tagging.standing import Standing
from bioner.ui.intake import choose_project, draw_intake, order_of, progress_bar, trained_here
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import Session, page_link, show_problem
from bioner.ui.tables import draw_table

HITS = 50
MOST_SENT = 5_000
"""Texts that a page sends to Review at once; the command takes any number."""


def draw_output(session: Session, job: Job, standing: Standing) -> None:
    """Draw what can be done with the output of a run."""
    out = Path(job.spec.out)
    search, review, dictionary = st.tabs(["Search", "To Review", "To a dictionary"])
    with search:
        _draw_search(session, job, out)
    with review:
        _draw_send(session, job, out, standing)
    with dictionary:
        st.caption("Its marks become the terms of a dictionary, which the Dictionary page shows:")
        command = f"dictionary build {shown_path(str(out))} --marked --name {job.spec.title}"
        st.code(f"python -m bioner {command}", language="sh", wrap_lines=True)
        page_link("Dictionary")


def _draw_search(session: Session, job: Job, out: Path) -> None:
    left, middle, right = st.columns(3)
    wanted = Wanted(
        words=left.text_input("Words", key=f"bulk_words_{job.id}").strip(),
        surface=middle.text_input(
            "A mention", key=f"bulk_surface_{job.id}", help="In any spelling: TNF-α, tnf alpha."
        ).strip(),
        label=right.selectbox(
            "Type",
            ["", *session.schema.names],
            key=f"bulk_type_{job.id}",
            format_func=lambda name: name or "Any type",
        ),
    )
    if wanted == Wanted():
        st.caption(f"The first {HITS} sentences are shown; the files are read from the beginning.")
        return
    try:
        with st.spinner("Reading …"):
            hits = list(islice(find_marks(out, wanted), HITS))
    except BionerError as error:
        show_problem(error)
        return
    if not hits:
        st.info("Nothing is like that.", icon=":material/search_off:")
        return
    draw_table(
        ("Text", "Sentence", "Marks"), [(one.document, one.sentence, _told(one)) for one in hits]
    )


def _told(hit: Hit) -> str:
    return ", ".join(f"{hit.surface(one)} [{one.label}]" for one in hit.marks)


def _draw_send(session: Session, job: Job, out: Path, standing: Standing) -> None:
    command = f"review import {shown_path(str(out))} --project PROJECT"
    if standing.documents > MOST_SENT:
        st.caption(
            f"{standing.documents:,} texts are more than the {MOST_SENT:,} that this page sends at "
            "once; the command takes any number:"
        )
        st.code(f"python -m bioner {command}", language="sh", wrap_lines=True)
        return
    place = choose_project(session, job.spec.title, key=f"bulk_project_{job.id}")
    if place is None:
        return
    store, name = place
    if not st.button(
        "Send to Review",
        key=f"bulk_send_{job.id}",
        icon=":material/rate_review:",
        **shut(session, Action.IMPORT),
    ):
        return
    try:
        read = read_documents(out)
        open_project(store, name, session.schema.names)
        labels = suggest_meanings(read.report.labels, store.project(name).types, session.schema)
        with progress_bar() as heard:
            took = take_in(
                store,
                name,
                Texts(documents=read.documents, read=read.report, labels=labels),
                Origin(
                    source=job.spec.title,
                    schema=session.schema.fingerprint,
                    trained=trained_here(session.settings),
                    model=made_by(out),
                ),
                order=order_of(session),
                on_progress=heard,
            )
    except BionerError as error:
        show_problem(error)
        return
    draw_intake(took, job.id)
    page_link("Review", label=f"Review {plain(name)}", project=name)
