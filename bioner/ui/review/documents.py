"""The Review page's documents: how far each is, whose it is; open one where one stopped."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.store import DocumentRow
from bioner.ui.plain import plain_label
from bioner.ui.review.assigning import draw_assign, draw_sharing
from bioner.ui.review.desk import Desk
from bioner.ui.session import page_link, show_problem, url_text
from bioner.ui.words import STATES, ago, many

ANYBODY = "anybody’s"
TABLE = "documents_table"


def draw_documents(desk: Desk) -> None:
    """Draw the list of documents: sort by a column's head, filter, open, assign."""
    try:
        rows = desk.store.overview(desk.project.name, desk.reviewer)
    except BionerError as error:
        show_problem(error)
        return
    if not rows:
        st.info(
            "No texts in this project yet: bring some in under “Texts”.", icon=":material/inbox:"
        )
        return
    shown = _choose(desk, rows)
    st.caption(f"{many(len(shown), 'document')} of {len(rows):,}")
    st.dataframe(
        {
            "Document": [one.name for one in shown],
            "State": [STATES[one.state] for one in shown],
            "Settled": [one.settled / one.sentences for one in shown],
            "Sentences": [one.sentences for one in shown],
            "Marks": [one.marks for one in shown],
            "Differing": [one.differing for one in shown],
            "Unlike ids": [one.clashes for one in shown],
            "Assigned to": [", ".join(one.assignees) for one in shown],
            "Last change": [ago(one.changed) if one.changed else "" for one in shown],
            "My test": [one.is_test for one in shown],
        },
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "Settled": st.column_config.ProgressColumn(
                format="percent",
                help="Sentences that are done or rejected.",
                min_value=0,
                max_value=1,
            ),
            "Differing": st.column_config.NumberColumn(
                help="Sentences in which models or reviewers mark different things."
            ),
            "Unlike ids": st.column_config.NumberColumn(
                help="Names that stand for several concepts in this document: the same words, "
                "marked with the same type, have different identifiers."
            ),
        },
    )
    _draw_chosen(desk, [shown[at] for at in _selected() if at < len(shown)])
    draw_sharing(desk, shown)


def _choose(desk: Desk, rows: Sequence[DocumentRow]) -> list[DocumentRow]:
    people = sorted({name for one in rows for name in one.assignees})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = st.text_input(
            "Document", key="list_named", bind="query-params", placeholder="any name", width=200
        )
        state = st.selectbox(
            "State", ["any", "waiting", "open", "done"], key="list_state", bind="query-params",
            format_func=lambda name: STATES.get(name, name), width=140,
        )  # fmt: skip
        whose = st.selectbox(
            "Assigned to", [ANYBODY, *people], key="list_whose", width=180, format_func=plain_label
        )
    return [
        one
        for one in rows
        if named.strip().casefold() in one.name.casefold()
        and state in ("any", one.state)
        and (whose == ANYBODY or whose in one.assignees)
    ]


def _selected() -> list[int]:
    table = st.session_state.get(TABLE)
    return list(table["selection"]["rows"]) if table else []


def _draw_chosen(desk: Desk, chosen: Sequence[DocumentRow]) -> None:
    if not chosen:
        st.caption("Tick a document to open it where it was left, or several to assign them.")
        return
    for one in chosen[:1]:
        left = one.sentences - one.settled
        tail = f", {many(left, 'sentence')} left" if left else ""
        page_link(
            "Review",
            label=f"Open {plain_label(one.name)}{tail}",
            icon=":material/menu_book:",
            project=desk.project.name,
            reviewer=url_text("reviewer"),
            scope="Document",
            item=str(one.next_item),
        )
    draw_assign(desk, chosen)
