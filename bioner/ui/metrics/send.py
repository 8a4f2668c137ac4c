"""From the Metrics page to Review: mistakes' sentences as a queue, gold and prediction beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.reports import Evaluation
from bioner.review.intake import Judged, Origin, judged_reasons, open_project, take_in_judged
from bioner.store import Store
from bioner.ui.intake import choose_project, progress_bar, trained_here
from bioner.ui.plain import plain
from bioner.ui.roles import shut
from bioner.ui.session import Session, go_to, show_problem

NEW_PROJECT = "Mistakes"
MOST = 500
"""Sentences sent at once."""


def draw_send(
    session: Session, stored: Evaluation, by_row: Mapping[int, Sequence[Mistake]], *, key: str
) -> None:
    """Draw the button that puts these sentences into a project's review queue."""
    count = min(len(by_row), MOST)
    with st.popover(
        f"Send {count:,} to Review" if count > 1 else "Send it to Review",
        icon=":material/rate_review:",
    ):
        st.caption(
            "Puts the sentences into the queue of a project, with gold as it is and the model's "
            "marks beside it, the surest mistakes first."
            + (f" The first {MOST} of {len(by_row):,}." if len(by_row) > MOST else "")
        )
        if stored.key.split != "train":
            st.caption(
                f"They are {plain(stored.key.split)} sentences: a model that is trained on their "
                "corrections is no longer scored on them; evaluation leaves them out and says so."
            )
        place = choose_project(session, NEW_PROJECT, key=f"{key}_project", is_apart=True)
        if place is None:
            return
        store, name = place
        if st.button(
            "Send to Review", key=f"{key}_send", type="primary", **shut(session, Action.IMPORT)
        ):
            try:
                send(session, store, name, stored, dict(list(by_row.items())[:MOST]))
            except BionerError as error:
                show_problem(error)
                return
            session.project = name
            go_to("Review", project=name)


def send(
    session: Session,
    store: Store,
    name: str,
    stored: Evaluation,
    by_row: Mapping[int, Sequence[Mistake]],
) -> None:
    """Bring the sentences into the project, made first if it is new, gold and prediction beside."""
    open_project(store, name, session.schema.names)
    judged = [
        Judged(
            gold=one.raw_gold,
            predicted=one.raw,
            reasons=judged_reasons([(m.kind, m.score) for m in by_row[one.row]]),
        )
        for one in stored.sentences(list(by_row))
    ]
    origin = Origin(
        source=f"mistakes of {stored.key.model} on {stored.key.split}",
        schema=stored.schema.fingerprint,
        trained=trained_here(session.settings),
        model=stored.key.model,
    )
    with progress_bar() as heard:
        take_in_judged(store, name, judged, origin, on_progress=heard)
