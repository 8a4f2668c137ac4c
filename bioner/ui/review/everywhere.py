"""Every occurrence of a surface in the project's texts, marked as one batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from bioner.access import Action
from bioner.review.decisions import said
from bioner.review.everywhere import MOST, Place, likely_label, marked, places
from bioner.store import Ruling, Settling
from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Act, Desk
from bioner.ui.roles import shut
from bioner.ui.words import STATES, VERDICTS_SAID, many


def draw_everywhere(desk: Desk, act: Act) -> None:
    """Preview every occurrence in the project's texts; marking them is one batch, undone as one."""
    wanted = desk.memory.everywhere
    if wanted is None:
        return
    surface, label = wanted
    found = places(desk.store, desk.project.name, surface, reviewer=desk.reviewer)
    with st.container(border=True):
        choices = list(desk.project.types)
        proposed = label or likely_label(found)
        label = st.selectbox(
            f"Mark every “{plain_label(surface)}” in this project as",
            choices,
            index=choices.index(proposed) if proposed in choices else 0,
            key="everywhere_label",
        )
        unmarked = [one for one in found if not one.is_marked(label)]
        _tell(unmarked, is_cut=len(found) == MOST)
        key = f"everywhere_places_{label}"
        if unmarked:
            _draw_places(unmarked, surface, key)
        with st.container(horizontal=True):
            st.button(
                "Mark them",
                key="everywhere_do",
                type="primary",
                **shut(desk, Action.ANNOTATE, disabled=not unmarked),
                on_click=act,
                args=(_mark, desk, unmarked, surface, label, key),
            )
            st.button("Leave it", key="everywhere_leave", on_click=act, args=(_leave, desk))


def _tell(unmarked: Sequence[Place], *, is_cut: bool) -> None:
    sentences = {one.review.item for one in unmarked}
    reopened = {one.review.item for one in unmarked if one.reopens}
    told = (
        f"{many(len(unmarked), 'place')} in {many(len(sentences), 'sentence')} not marked so yet."
    )
    if is_cut:
        told += f" Only the first {MOST} places are listed: do it again for the rest."
    st.caption(told)
    if reopened:
        st.warning(
            f"{many(len(reopened), 'sentence')} of them with a verdict would be open again and "
            "wait for another one. Untick what shall stay as it is.",
            icon=":material/lock_open:",
        )


def _draw_places(unmarked: Sequence[Place], surface: str, key: str) -> None:
    st.data_editor(
        {
            "Mark": [True] * len(unmarked),
            "Text": [f"…{one.before}«{surface}»{one.after}…" for one in unmarked],
            "The model says": [one.model_label for one in unmarked],
            "Sentence": [_state(one) for one in unmarked],
            "Document": [one.review.document for one in unmarked],
        },
        key=key,
        hide_index=True,
        disabled=["Text", "The model says", "Sentence", "Document"],
        height=min(320, 38 + 35 * len(unmarked)),
    )


def _state(one: Place) -> str:
    verdict = VERDICTS_SAID[one.review.verdict]
    return f"{verdict}: opens again" if one.reopens else STATES[one.review.status]


def _mark(desk: Desk, unmarked: Sequence[Place], surface: str, label: str, key: str) -> None:
    ticked = chosen(unmarked, st.session_state.get(key))
    desk.memory.everywhere = None
    changes = marked(ticked, label)
    if not changes:
        return
    desk.memory.forget_opened()
    places = Counter(one.review.item for one in ticked)
    settled = desk.store.decide(
        desk.project.name,
        Ruling(surface=surface, label=label, kind="everywhere"),
        [
            Settling(edit=desk.edit(review, mentions), marks=places[review.item])
            for review, mentions in changes
        ],
        desk.reviewer,
    )
    desk.memory.message = f"{said(settled)}. Undo in any of them takes all back."


def chosen(unmarked: Sequence[Place], table: object) -> list[Place]:
    """Return the places that are ticked in the table: all but those that somebody unticked."""
    edited = table.get("edited_rows", {}) if isinstance(table, Mapping) else {}
    return [one for i, one in enumerate(unmarked) if edited.get(i, {}).get("Mark", True)]


def _leave(desk: Desk) -> None:
    desk.memory.everywhere = None
