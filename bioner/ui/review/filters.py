"""Which sentences the queue gives: their state, whose, what is in them."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from bioner.review import named
from bioner.store import Project, QueueFilter
from bioner.store.queue_items import AssignedFilter, StatusFilter
from bioner.ui.plain import plain_label
from bioner.ui.session import keep_in_url, page_key, url_choice, url_text
from bioner.ui.words import STATES

ANY = "any"
STATUSES: tuple[StatusFilter, ...] = get_args(StatusFilter)
MINE: tuple[AssignedFilter, ...] = ("any", "first", "only")
WHOSE = {"any": "as all", "first": "first", "only": "only"}
SAID = {**STATES, "first": "mine first", "only": "only mine"}
"""A filter's value in the URL as the button of the filters says it."""


def choose_filters(project: Project, reviewer: str) -> QueueFilter:
    """Choose which sentences the queue gives; the choice is in the URL."""
    named_in_url = ("status", "mine", "label", "concept", "reason", "document", "text")
    given = [url_text(name) for name in named_in_url]
    said = ", ".join(SAID.get(one, one) for one in given if one and one != ANY)
    with st.popover(
        f"Filter: {plain_label(said)}" if said else "Filter", icon=":material/filter_alt:"
    ):
        asked = url_choice("status", STATUSES, STATUSES[0])
        status = st.selectbox(
            "Status",
            STATUSES,
            index=STATUSES.index(asked),
            key=page_key("status"),
            format_func=lambda name: STATES.get(name, name),
            help="Begun: changed, but not accepted yet.",
        )
        keep_in_url(status="" if status == STATUSES[0] else str(status))
        mine = st.segmented_control(
            "My documents",
            MINE,
            default=MINE[0],
            required=True,
            key="mine",
            bind="query-params",
            format_func=lambda name: WHOSE[name],
            disabled=not reviewer,
            help="Those that were assigned to you under “Documents”.",
        )
        label = st.selectbox(
            "Type", [ANY, *project.types], key="label", bind="query-params",
            help="A type among the marks shown.",
        )  # fmt: skip
        concept = st.text_input(
            "Concept", key="concept", bind="query-params", placeholder="any identifier",
            help="The identifier of a mark that is shown: MESH:D003110, or D003110.",
        )  # fmt: skip
        reason = st.text_input(
            "Reason", key="reason", bind="query-params", placeholder="any",
            help="A reason, in the words that stand beside the sentence.",
        )  # fmt: skip
        document = st.text_input("Document", key="document", bind="query-params", placeholder="any")
        text = st.text_input("Containing", key="text", bind="query-params", placeholder="any words")
    return QueueFilter(
        status=status,
        label="" if label == ANY else label,
        reason=named(reason.strip()),
        document=document.strip(),
        text=text.strip(),
        concept=concept.strip(),
        assigned=mine if reviewer else MINE[0],
        whose=reviewer if mine != MINE[0] else "",
    )
