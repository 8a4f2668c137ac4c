"""A project's own settings: what is looked for, guidelines, reviewers; erasing, backups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.evaluation.erasing import erase_everywhere
from bioner.review.new_types import add_types, type_name
from bioner.store import Project
from bioner.store.values import ROLES
from bioner.ui.ordering import order_queue
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.desk import Desk
from bioner.ui.review.guideline_settings import draw_guideline_settings
from bioner.ui.review.record import draw_record
from bioner.ui.review.setup import draw_new_project
from bioner.ui.review.vocabularies import draw_vocabularies
from bioner.ui.roles import shut
from bioner.ui.session import act, show_problem
from bioner.ui.times import when
from bioner.ui.words import many

ORDERED = "review_ordered"
"""Session state: how many sentences were ranked, said once after the page is drawn anew."""

SAVED = "review_project_saved"
"""Session state: that the settings were saved, said once after the page is drawn anew."""


def draw_project(desk: Desk) -> None:
    """Draw the settings of the project, a form for another one, erasing and backups."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("This project")
        _draw_settings(desk)
        draw_guideline_settings(desk)
    with right:
        _draw_order(desk)
        draw_vocabularies(desk)
        with st.expander("Another project", icon=":material/create_new_folder:"):
            draw_new_project(desk.session, desk.store)
        with st.expander("Erase a document", icon=":material/delete_forever:"):
            _draw_erase(desk)
        with st.expander("Backups", icon=":material/backup:", expanded=True):
            _draw_backups(desk)
        draw_record(desk)


def _draw_order(desk: Desk) -> None:
    st.subheader("The queue")
    st.caption(
        "New texts are ranked as they come in: first what the model is unsure of, what training "
        "treats in two ways, what looks missed. Each sentence says why it waits where it does."
    )
    said = st.session_state.pop(ORDERED, None)
    if said is not None:
        st.success(f"{said:,} waiting sentence{'s' * (said != 1)} ranked.", icon=":material/sort:")
    if st.button(
        "Rank all waiting sentences anew",
        key="order_queue",
        icon=":material/sort:",
        **shut(
            desk,
            Action.PRIORITIES,
            help="By the newest predictions and what the corpora on this machine say now.",
        ),
    ):
        ranked = order_queue(desk.session, desk.store, desk.project.name)
        if ranked:
            desk.memory.place = ""
            st.session_state[ORDERED] = ranked
            st.rerun()


def _draw_settings(desk: Desk) -> None:
    project = desk.project
    is_curator = desk.may(Action.CHANGE)
    if not is_curator:
        st.caption("Only a curator changes these.")
    covers = st.pills(
        "What its reviewers look for",
        project.types,
        selection_mode="multi",
        default=[name for name in project.types if name in project.covers],
        format_func=plain_label,
        key=f"covers_of_{project.name}",
        disabled=not is_curator,
        wrap=True,
        help="Only for these types is the absence of a mark evidence in training.",
    )
    independent = st.checkbox(
        "Each reviewer corrects a copy of their own",
        value=project.independent,
        key=f"independent_{project.name}",
        disabled=not is_curator,
    )
    st.caption("Reviewers. While none is listed, anyone may do everything.")
    people = st.data_editor(
        [{"Name": name, "Role": role} for name, role in project.reviewers]
        or [{"Name": "", "Role": "curator"}],
        column_config={"Role": st.column_config.SelectboxColumn(options=list(ROLES))},
        num_rows="dynamic",
        hide_index=True,
        disabled=not is_curator,
        key=f"reviewers_{project.name}",
    )
    if is_curator:
        _draw_new_type(desk)
    if st.button(
        "Save the project",
        key="save_project",
        type="primary",
        **shut(desk, Action.CHANGE),
    ):
        act(partial(_save, desk, frozenset(covers), independent, _rows(people)))
    if st.session_state.pop(SAVED, False):
        st.toast("The project is saved", icon=":material/check:")


def _draw_new_type(desk: Desk) -> None:
    """Offer the types that the project lacks: the studio's, or one that is new to it."""
    lacking = [name for name in desk.session.schema.names if name not in desk.project.types]
    with st.popover("Add a type", icon=":material/new_label:"):
        chosen = st.selectbox(
            "Type",
            lacking,
            index=None,
            key="add_type",
            accept_new_options=True,
            placeholder="choose one, or name a new one",
            help="A type that is new to the studio is learned once the corpora are built anew.",
        )
        if st.button("Add it", key="add_type_do", disabled=not chosen) and chosen:
            act(
                lambda: add_types(
                    desk.session.settings,
                    desk.store,
                    desk.project.name,
                    [type_name(chosen)],
                    reviewer=desk.reviewer,
                )
            )


def _rows(edited: object) -> list[Mapping[str, Any]]:
    return cast(list[Mapping[str, Any]], edited)


def _save(
    desk: Desk,
    covers: frozenset[str],
    independent: bool,
    people: list[Mapping[str, Any]],
) -> None:
    def text(row: Mapping[str, Any], name: str) -> str:
        return str(row.get(name) or "").strip()

    changed: Project = replace(
        desk.project,
        covers=covers,
        independent=independent,
        reviewers=tuple(
            (text(row, "Name"), text(row, "Role") or "reviewer")
            for row in people
            if text(row, "Name")
        ),
    )
    desk.store.update_project(changed, desk.reviewer)
    st.session_state[SAVED] = True  # what else is on the page must know the new settings


def _draw_erase(desk: Desk) -> None:
    st.caption(
        "Removes the text, every mark and the content of every revision of one document, in the "
        "automatic backups and in frozen corpora too. It cannot be undone; that it was done is "
        "recorded."
    )
    name = st.text_input("Its name", key="erase_name", placeholder="as shown above its sentences")
    again = st.text_input("The same name again, to be sure", key="erase_again")
    if st.button(
        "Erase it for good",
        key="erase_do",
        icon=":material/delete_forever:",
        **shut(
            desk,
            Action.ERASE,
            disabled=not name or name != again,
            help="Type its name twice." if not name or name != again else None,
        ),
    ):
        try:
            done = erase_everywhere(
                desk.store, desk.session.settings, desk.project.name, name, desk.reviewer
            )
        except BionerError as error:
            show_problem(error)
            return
        desk.memory.place = ""
        st.cache_data.clear()
        st.success(f"Erased; recorded as revision {done.revision.seq}.", icon=":material/check:")
        if done.evaluations:
            st.caption(f"{many(done.evaluations, 'kept evaluation')} with sentences of it deleted.")
        for one in done.struck:
            st.caption(
                f"Struck from the frozen corpus {plain(one.corpus)}, version {plain(one.version)}: "
                f"{many(one.sentences, 'sentence')}. Build the corpora again."
            )
        for path in done.left:
            st.warning(f"{plain(str(path))} holds a sentence of it: delete it, or its job.")
        if done.server:
            st.info(plain(done.server))


def _draw_backups(desk: Desk) -> None:
    settings = desk.session.settings
    st.caption(
        f"The database is in {plain(str(settings.home))}, its backups in "
        f"{plain(str(settings.backups))}."
    )
    if st.button(
        "Back up now", key="backup_now", icon=":material/save:", **shut(desk, Action.BACKUP)
    ):
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        try:
            path = desk.store.backup(settings.backups / f"by-hand-{stamp}.sqlite3")
            st.success(f"Written to {plain(str(path))}", icon=":material/check:")
        except BionerError as error:
            show_problem(error)
    found = desk.store.backups()
    if found:
        st.dataframe(
            {
                "When": [when(one.created) for one in found],
                "Why": [one.reason for one in found],
                "MB": [max(0.1, round(one.size / 1e6, 1)) for one in found],
                "File": [one.path for one in found],
            },
            hide_index=True,
            key="backups",
        )
    st.caption("To put one back: “Restore a backup” on Home.")
