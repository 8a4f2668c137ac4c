"""The Review page's documents: how far each is, whose it is; open one where one stopped."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.errors import BionerError
from bioner.store import DocumentFilter, DocumentPage, DocumentRow
from bioner.store.listing import PAGE, DocumentState, Order
from bioner.ui.plain import plain_label
from bioner.ui.review.assigning import draw_assign, draw_sharing
from bioner.ui.review.desk import Desk
from bioner.ui.review.links import link_to_item
from bioner.ui.session import show_problem
from bioner.ui.words import STATES, ago, many

ANYBODY = "anybody’s"
TABLE = "documents_table"
FILTERED: dict[str, DocumentState] = {
    "any": "", "waiting": "waiting", "open": "open", "done": "done",
}  # fmt: skip
ORDERS: dict[Order, str] = {
    "came": "as they came",
    "name": "name",
    "settled": "least settled first",
    "sentences": "most sentences first",
    "marks": "most marks first",
    "differing": "most differing first",
    "clashes": "most conflicting ids first",
    "changed": "last change first",
}


def draw_documents(desk: Desk) -> None:
    """Draw the list of documents, a page at a time: order, filter, open, assign."""
    try:
        people = desk.store.assignees(desk.project.name)
        bar = st.empty()
        with bar.container():
            filters, order, is_reversed = _choose(people)
        asked = f"{desk.project.name} {filters} {order} {is_reversed}"
        page = desk.store.document_page(
            desk.project.name,
            desk.reviewer,
            filters=filters,
            order=order,
            is_reversed=is_reversed,
            offset=(_number(asked) - 1) * PAGE,
        )
    except BionerError as error:
        show_problem(error)
        return
    if not page.found and filters == DocumentFilter():
        bar.empty()  # there is nothing to choose from
        st.info(
            "No texts in this project yet: bring some in under “Texts”.", icon=":material/inbox:"
        )
        return
    _draw_page(page, asked)
    _draw_chosen(desk, _selected(page, asked), people)
    draw_sharing(desk, filters, people)


def _number(asked: str) -> int:
    """Return the number of the page that is open; another list begins at its first."""
    return int(st.session_state.get(f"documents_page_{asked}", 1))


def _draw_page(page: DocumentPage, asked: str) -> None:
    _draw_table(page.rows, _table_key(page, asked))
    pages = -(-page.found // PAGE)
    with st.container(horizontal=True, vertical_alignment="center"):
        if pages > 1:
            if page.offset // PAGE + 1 != _number(asked):  # there are fewer than there were
                st.session_state[f"documents_page_{asked}"] = page.offset // PAGE + 1
            st.pagination(pages, key=f"documents_page_{asked}")
        shown = f"{page.offset + 1:,} to {page.offset + len(page.rows):,} of "
        st.caption(f"{shown if pages > 1 else ''}{many(page.found, 'document')}", width="content")


def _table_key(page: DocumentPage, asked: str) -> str:
    """Return the table's key: what was ticked on another page is not ticked on this one."""
    return f"{TABLE}_{page.offset}_{asked}"


def _draw_table(shown: Sequence[DocumentRow], key: str) -> None:
    columns: dict[str, list[object]] = {
        "Document": [one.name for one in shown],
        "State": [STATES[one.state] for one in shown],
        "Settled": [100 * one.settled // one.sentences for one in shown],  # 100: none is left
        "Assigned to": [", ".join(one.assignees) for one in shown],
        "Marks": [one.marks for one in shown],
        "Differing": [one.differing for one in shown],
        "Last change": [ago(one.changed) if one.changed else "" for one in shown],
        "Sentences": [one.sentences for one in shown],
    }
    # What no document of this page has takes no room from what is asked of all of them.
    if any(one.clashes for one in shown):
        columns["Conflicting ids"] = [one.clashes for one in shown]
    if any(one.is_test for one in shown):
        columns["My test"] = [one.is_test for one in shown]
    st.dataframe(
        columns,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "Document": st.column_config.TextColumn(width=140),
            "State": st.column_config.TextColumn(width=64),
            "Settled": st.column_config.ProgressColumn(
                format="%d%%",
                help="Sentences that are done or rejected.",
                min_value=0,
                max_value=100,
                width=88,
            ),
            "Assigned to": st.column_config.TextColumn(width=90),
            "Marks": st.column_config.NumberColumn(width=58),
            "Differing": st.column_config.NumberColumn(
                help="Sentences in which models or reviewers mark different things.", width=74
            ),
            "Conflicting ids": st.column_config.NumberColumn(
                help="Names that stand for several concepts in this document: the same words, "
                "marked with the same type, have different identifiers."
            ),
        },
    )


def _choose(people: Sequence[str]) -> tuple[DocumentFilter, Order, bool]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = st.text_input(
            "Document", key="list_named", bind="query-params", placeholder="any name", width=200
        )
        state = st.selectbox(
            "State", list(FILTERED), key="list_state", bind="query-params",
            format_func=lambda name: STATES.get(name, name), width=140,
        )  # fmt: skip
        whose = st.selectbox(
            "Assigned to", [ANYBODY, *people], key="list_whose", width=180, format_func=plain_label
        )
        order: Order = st.selectbox(
            "Order", list(ORDERS), key="list_order", bind="query-params",
            format_func=lambda one: ORDERS[one], width=220,
        )  # fmt: skip
        is_reversed = st.toggle("Reversed", key="list_reversed", bind="query-params")
    filters = DocumentFilter(
        named=named.strip(),
        state=FILTERED[state],
        whose="" if whose == ANYBODY else whose,
    )
    return filters, order, is_reversed


def _selected(page: DocumentPage, asked: str) -> list[DocumentRow]:
    table = st.session_state.get(_table_key(page, asked))
    ticked = table["selection"]["rows"] if table else []
    return [page.rows[at] for at in ticked if at < len(page.rows)]


def _draw_chosen(desk: Desk, chosen: Sequence[DocumentRow], people: Sequence[str]) -> None:
    if not chosen:
        st.caption("Tick a document to open it where it was left, or several to assign them.")
        return
    for one in chosen[:1]:
        left = one.sentences - one.settled
        tail = f", {many(left, 'sentence')} left" if left else ""
        link_to_item(desk, one.next_item, f"Open {one.name}{tail}")
    draw_assign(desk, chosen, people)
