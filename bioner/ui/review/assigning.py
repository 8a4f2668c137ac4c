"""Assigning documents: those that are ticked, or all that are shown shared out evenly."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review.assigning import assign_shares, open_documents
from bioner.store import DocumentFilter, DocumentRow
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.desk import Desk
from bioner.ui.roles import shut
from bioner.ui.words import many


def draw_assign(desk: Desk, chosen: Sequence[DocumentRow], assigned: Sequence[str]) -> None:
    """Draw whose the ticked documents are to be; ``assigned``: who has documents already."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choose_people(desk, assigned, f"Assign {many(len(chosen), 'document')} to", "assign_to")
        st.button(
            "Assign",
            key="assign_do",
            icon=":material/assignment_ind:",
            on_click=_assign,
            args=(desk, [one.name for one in chosen]),
            **shut(desk, Action.CHANGE),
        )


def _choose_people(desk: Desk, assigned: Sequence[str], title: str, key: str) -> list[str]:
    known = [name for name, role in desk.project.reviewers if role != "reader"]
    options = list(dict.fromkeys([*known, *filter(None, [desk.reviewer]), *assigned]))
    return st.multiselect(
        title,
        options,
        key=key,
        format_func=plain_label,
        accept_new_options=not known,
        placeholder="nobody: everybody’s",
        width=320,
    )


def _assign(desk: Desk, names: Sequence[str]) -> None:
    people = [str(name) for name in st.session_state.get("assign_to", ())]
    try:
        count = desk.store.assign(desk.project.name, names, people, desk.reviewer)
    except BionerError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
        return
    whose = ", ".join(map(plain, people)) or "everybody"
    st.toast(f"{many(count, 'document')}: {whose}", icon=":material/assignment_ind:")


def draw_sharing(desk: Desk, filters: DocumentFilter, assigned: Sequence[str]) -> None:
    """Draw how the documents of the list are shared out, and how many of them several see."""
    panel = st.expander("Share out", icon=":material/groups:", key="open_share", on_change="rerun")
    if not panel.open:
        return
    with panel:
        people = _choose_people(desk, assigned, "Among", "share_among")
        left, right = st.columns(2)
        is_shared = not desk.project.independent
        overlap = left.number_input(
            "Percent of the documents that several see",
            0,
            100,
            0 if is_shared else 20,
            step=5,
            key="share_overlap",
            disabled=is_shared,
            help="Only where each corrects a copy of their own; chosen at random."
            if is_shared
            else "Chosen at random; from these is told how far reviewers agree.",
        )
        by = right.number_input(
            "How many see each of those", 2, max(2, len(people)), 2, key="share_by"
        )
        is_anew = st.checkbox("Also those that are somebody’s already", key="share_anew")
        listed = desk.store.document_sizes(desk.project.name, desk.reviewer, filters=filters)
        waiting = open_documents(listed, is_anew=is_anew)
        st.button(
            f"Share out {many(len(waiting), 'document')}",
            key="share_do",
            icon=":material/groups:",
            on_click=_share,
            args=(desk, [name for name, _ in waiting], people, overlap / 100, by),
            **shut(
                desk,
                Action.CHANGE,
                disabled=not (waiting and people) or (overlap > 0 and len(people) < by),
                help="Evenly by sentences; each one’s own come first in their queue.",
            ),
        )


def _share(
    desk: Desk, names: Sequence[str], people: Sequence[str], overlap: float, by: int
) -> None:
    try:
        shares = assign_shares(
            desk.store,
            desk.project.name,
            people,
            overlap=overlap,
            by=by,
            only=names,
            is_anew=True,
            reviewer=desk.reviewer,
        )
    except BionerError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
        return
    told = ", ".join(f"{plain(who)} {many(n, 'sentence')}" for who, n in shares.loads.items())
    st.toast(
        f"{many(len(shares.of), 'document')} shared out, {shares.overlapping:,} seen by several: "
        f"{told}",
        icon=":material/groups:",
        duration="long",
    )
