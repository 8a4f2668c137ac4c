"""From the Metrics page to Review: mistakes' sentences as a queue, gold and prediction beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.reports import Evaluation
from bioner.store import Priority, Project, Reason, Store
from bioner.ui import cache
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
                f"They are {stored.key.split} sentences: a model that is trained on their "
                "corrections is no longer scored on them; evaluation leaves them out and says so."
            )
        try:
            store = cache.store(session.settings.database_url, str(session.settings.backups))
            names = [project.name for project in store.projects()]
        except BionerError as error:
            show_problem(error)
            return
        options = list(dict.fromkeys([*names, NEW_PROJECT]))
        preferred = session.project if session.project in options else NEW_PROJECT
        name = st.selectbox(
            "Project",
            options,
            index=options.index(preferred),
            key=f"{key}_project",
            format_func=lambda one: one if one in names else f"{one} (new)",
        )
        if st.button("Send to Review", key=f"{key}_send", type="primary"):
            try:
                send(session, store, str(name), stored, dict(list(by_row.items())[:MOST]))
            except BionerError as error:
                show_problem(error)
                return
            session.project = str(name)
            go_to("Review", project=str(name))


def send(
    session: Session,
    store: Store,
    name: str,
    stored: Evaluation,
    by_row: Mapping[int, Sequence[Mistake]],
) -> int:
    """Import the sentences with gold and prediction and rank them; return how many there are."""
    if name not in [project.name for project in store.projects()]:
        types = session.schema.names
        store.create_project(Project(name, types, frozenset(types)))
    judged = stored.sentences(list(by_row))
    source = f"mistakes of {stored.key.model} on {stored.key.split}"
    schema = stored.schema.fingerprint
    store.import_sentences(
        name, [one.raw_gold for one in judged], as_layer="gold", schema=schema, source=source
    )
    store.import_sentences(
        name,
        [one.raw for one in judged],
        as_layer="prediction",
        model=stored.key.model,
        schema=schema,
        source=source,
    )
    priorities = []
    for one in judged:
        reasons = _reasons(by_row[one.row])
        for item in store.items_of(name, one.raw_gold.id):
            priorities.append(Priority(item, max(r.score for r in reasons), reasons))
    store.set_priorities(name, priorities)
    return len(judged)


def _reasons(mistakes: Sequence[Mistake]) -> tuple[Reason, ...]:
    found: dict[str, float] = {}
    for one in mistakes:
        score = one.predicted.score if one.predicted else None
        found[one.kind] = max(found.get(one.kind, 0.0), score if score is not None else 0.5)
    return tuple(Reason(kind, score) for kind, score in found.items())
