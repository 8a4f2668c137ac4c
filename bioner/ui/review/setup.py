"""The Review page's choices: project, reviewer, filters; and a project's own settings."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.store import Project, QueueFilter, Store
from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Desk, Memory
from bioner.ui.review.filters import choose_filters
from bioner.ui.roles import shut
from bioner.ui.session import (
    Session,
    act,
    show_problem,
    url_int,
    url_state,
)

PARTS = ("Correct", "Decide", "Suggest", "Documents", "Texts", "Compare", "Project")
SCOPES = ("Sentence", "Document")
LINKED = ("project", "part", "scope", "mine", "label", "concept", "reason", "document", "text")
"""What is bound to the address, but for the reviewer, whom no link changes."""


def open_desk(session: Session) -> tuple[Desk, str] | None:
    """Choose project, reviewer, part and filters; None while there is no project yet."""
    try:
        store = session.store()
        projects = store.projects()
    except BionerError as error:
        show_problem(error)
        return None
    if not projects:
        st.info(
            "A project holds your texts, the types you look for, and everything that reviewers do.",
            icon=":material/folder_open:",
        )
        draw_new_project(session, store)
        return None
    names = [one.name for one in projects]
    _follow_link(session)
    _find_project(store, names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Project", names, key="project", bind="query-params", width=180)
        project = projects[names.index(name)]
        reviewer = _choose_reviewer(session, project)
        part = st.segmented_control(
            "Part",
            PARTS,
            default=PARTS[0],
            required=True,
            key="part",
            bind="query-params",
            label_visibility="collapsed",
        )
        if part == PARTS[0]:
            filters = choose_filters(project, reviewer)
            scope = _choose_scope()
        else:
            filters, scope = QueueFilter(), SCOPES[0]
    session.project, session.reviewer = name, reviewer
    store = session.store()
    return Desk(session, store, project, reviewer, filters, scope, session.of(Memory)), str(part)


def _follow_link(session: Session) -> None:
    """Show what the address says where a link has led here, not what was shown before.

    Streamlit keeps the value of a widget that is bound to the address where a link names its
    default, or nothing for it, and whatever a link from another part of this page says. The first
    part stands in the address of such a link alone: see ``links.link_to_item``.
    """
    url = url_state()
    if session.is_entered:
        session.is_entered = False
        if "project" in url:
            for name in LINKED:
                st.session_state.pop(name, None)
    elif url.get("part") == PARTS[0] and st.session_state.get("part", PARTS[0]) != PARTS[0]:
        st.session_state.pop("scope", None)
        st.session_state["part"] = PARTS[0]


def _find_project(store: Store, projects: Sequence[str]) -> None:
    """Open the project of the sentence in the address where that names no project.

    The first project is in no address, and was another one before a new one came to be the first.
    """
    item = url_int("item", 0, low=1)
    if not item or "project" in st.session_state or "project" in url_state():
        return
    with contextlib.suppress(BionerError):  # there is no such sentence: the part says so
        project = store.open_item(store.successor(item) or item, claim=False).project
        if project in projects:
            st.session_state["project"] = project


def _choose_reviewer(session: Session, project: Project) -> str:
    if session.signed_in is not None:
        return session.signed_in.name
    if project.reviewers:
        names = [name for name, _ in project.reviewers]
        return str(st.selectbox("Reviewer", names, key="reviewer", bind="query-params", width=140))
    return st.text_input(
        "Reviewer",
        key="reviewer",
        bind="query-params",
        width=140,
        placeholder="your name",
        help="Stands beside each of your revisions.",
    ).strip()


def _choose_scope() -> str:
    return str(
        st.segmented_control(
            "Show",
            SCOPES,
            default=SCOPES[0],
            required=True,
            key="scope",
            bind="query-params",
            label_visibility="collapsed",
            help="The sentence with its context, or the whole document with every sentence open.",
        )
    )


def draw_new_project(session: Session, store: Store) -> None:
    """Draw the form that makes a project."""
    names = session.schema.names
    with st.form("new_project", width=640):
        name = st.text_input("Name", value="My review", key="new_name")
        looked_for = st.pills(
            "What do its reviewers look for?",
            names,
            selection_mode="multi",
            default=list(names),
            format_func=plain_label,
            key="new_covers",
            wrap=True,
            help="Only for these types is the absence of a mark evidence in training. It can be "
            "changed later, and for single sentences.",
        )
        independent = st.checkbox(
            "Each reviewer corrects a copy of their own, to be compared", key="new_independent"
        )
        if st.form_submit_button(
            "Create the project",
            type="primary",
            icon=":material/add:",
            **shut(session, Action.CREATE),
        ):
            act(
                lambda: store.create_project(
                    Project(name.strip(), names, frozenset(looked_for), independent=independent)
                )
            )
