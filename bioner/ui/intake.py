"""Bringing texts in from a page: the bar while it goes on, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import streamlit as st

from bioner.errors import BionerError
from bioner.jobs.slots import device_beside_jobs
from bioner.models.card import hashes_of_models
from bioner.progress import OnProgress, Progress
from bioner.review.intake import Intake, Order, Tagging
from bioner.settings import Settings
from bioner.spans import Document
from bioner.store import Store
from bioner.store.my_test import TrainedOn
from bioner.ui import cache
from bioner.ui.plain import plain
from bioner.ui.session import Session, page_link, show_problem
from bioner.ui.words import capital, many


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """Draw a bar that hears of progress, and take it away at the end."""
    bar = st.progress(0.0, text="Beginning …")

    def show(heard: Progress) -> None:
        if heard.total is None:
            if heard.done % 200 == 0:
                bar.progress(0.0, text=f"{plain(heard.text)}: {heard.done:,}")
        else:
            of = f"{plain(heard.text)}: {heard.done:,} of {heard.total:,}"
            bar.progress(heard.share or 0.0, text=of)

    try:
        yield show
    finally:
        bar.empty()


def choose_project(
    session: Session, new: str, *, key: str, is_apart: bool = False
) -> tuple[Store, str] | None:
    """Let a person choose where texts go: a project that is there, the one ``new``, any other name.

    At first the project last worked in, else the first one there; ``new`` where there is none, or
    the texts are best kept apart. None, with what is wrong, where the projects cannot be read.
    """
    try:
        store = session.store()
        names = [one.name for one in store.projects()]
    except BionerError as error:
        show_problem(error)
        return None
    options = list(dict.fromkeys([*names, new]))
    first = session.project if session.project in options else new if is_apart else options[0]
    chosen = st.selectbox(
        "Project",
        options,
        index=options.index(first),
        key=key,
        format_func=lambda one: one if one in names else f"{one} (new)",
        accept_new_options=True,
    )
    return store, str(chosen or new)


def order_of(session: Session) -> Order:
    """Return what a page orders the queue by."""
    return Order(
        knowledge=lambda: cache.knowledge(session.settings), group_of=session.schema.group_of
    )


def tagging_of(session: Session, project: str) -> Tagging | None:
    """Return the model in use as what marks a project's texts, by the project's rules if it knows
    them; None, and a hint, where there is none."""
    from bioner.models.catalogue import active_model

    settings: Settings = session.settings
    name = session.model or active_model(settings)
    entry = next((one for one in cache.models(settings) if one.name == name), None)
    if entry is None or entry.problem:
        st.warning(
            f"No usable model named {plain(name)}: the texts come without predictions.",
            icon=":material/model_training:",
        )
        page_link("Train")
        return None
    device = device_beside_jobs(settings)
    convention = cache.conventions(entry).nearest(project)

    def tag(documents: Sequence[Document], on_progress: OnProgress) -> Sequence[Document]:
        return cache.tag_documents(
            documents,
            entry,
            device,
            convention=convention,
            progress=lambda heard: on_progress(replace(heard, text="Marking sentences")),
        )

    return Tagging(model=entry.name, tag=tag)


def trained_here(settings: Settings) -> TrainedOn:
    """Return what tells which sentences the models here were trained on."""
    return partial(hashes_of_models, settings.models)


def draw_intake(took: Intake, source: str) -> None:
    """Say what came of it: counts, each reason with how often, the first places."""
    receipt = took.receipt
    st.info(
        f"{many(receipt.documents_in, 'text')} in, {receipt.documents_placed:,} placed "
        f"({took.test_documents:,} set aside as “my test”); "
        f"{many(receipt.mentions_in, 'mention')} in, {receipt.mentions_placed:,} placed; "
        f"{many(took.items, 'sentence')}"
        + (f", {took.joined:,} joined because a mention crosses them." if took.joined else "."),
        icon=":material/move_to_inbox:",
    )
    st.caption(f":material/school: {took.my_test}")
    if took.known_documents:
        st.caption(
            f"{took.known_documents:,} more would be set aside, had no model been trained on them."
        )
    for line in list(receipt.lines())[1:]:
        st.text(line)
    if receipt.examples:
        with st.expander("Where", icon=":material/search:"):
            st.dataframe(
                {"Place and reason": list(receipt.examples)},
                hide_index=True,
                key=f"intake_{source}_{receipt.mentions_in}_{len(receipt.examples)}",
            )
    if took.unranked:
        st.warning(plain(capital(took.unranked)), icon=":material/sort:")
