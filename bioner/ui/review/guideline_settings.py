"""Writing a project's guidelines: a text by type, examples added and taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.review.guidelines import add_example, drop_example, of_type, write_guideline
from bioner.store import Example, ShownExample
from bioner.ui.plain import plain
from bioner.ui.review.desk import Desk
from bioner.ui.review.guidelines import example_html
from bioner.ui.roles import shut

MARKED, UNMARKED = "to be marked", "not to be marked"


def draw_guideline_settings(desk: Desk) -> None:
    """Draw the guidelines of one type at a time: the words, the examples, a new one."""
    st.subheader("Guidelines", anchor=False)
    st.caption("Shown beside the text: press G on a mark to read those of its type.")
    told = dict(desk.project.guidelines)
    examples = desk.store.examples(desk.project.name)
    counts = {
        name: sum(one.example.label == name for one in examples) for name in desk.project.types
    }
    label = st.selectbox(
        "Type",
        desk.project.types,
        key="guideline_of",
        format_func=lambda name: _title(name, name in told, counts[name]),
    )
    _draw_text(desk, label, told.get(label, ""))
    _draw_examples(desk, examples, label)
    _draw_new(desk, label)


def _draw_text(desk: Desk, label: str, told: str) -> None:
    """Draw the words; what is typed stays where somebody else has changed them meanwhile."""
    place = f"{desk.project.name}_{label}"
    box, seen = f"guideline_text_{place}", f"guideline_seen_{place}"
    if st.session_state.get(box) == st.session_state.get(seen):  # nothing is typed
        st.session_state[box] = st.session_state[seen] = told
    text = st.text_area(
        "What it means in this project",
        height=120,
        key=box,
        disabled=not desk.may(Action.CHANGE),
    )
    known = st.session_state[seen]
    if told != known:
        st.warning(f"Somebody changed it meanwhile; it says now: {plain(told) or 'nothing'}")
    st.button(
        "Save the guideline" if told == known else "Save mine all the same",
        key="guideline_save",
        type="primary",
        on_click=_do,
        args=(partial(_write, desk, label, text, seen),),
        **shut(desk, Action.CHANGE, disabled=text.strip() == told),
    )


def _write(desk: Desk, label: str, text: str, seen: str) -> None:
    write_guideline(desk.store, desk.project, label, text, desk.reviewer)
    st.session_state[seen] = text


def _title(name: str, is_told: bool, examples: int) -> str:
    parts = ["written" if is_told else "", f"{examples} examples" if examples else ""]
    said = ", ".join(filter(None, parts))
    return f"{name} ({said})" if said else name


def _draw_examples(desk: Desk, examples: list[ShownExample], label: str) -> None:
    for title, ones in zip((MARKED, UNMARKED), of_type(examples, label), strict=True):
        if ones:
            st.caption(f"Examples {title}")
        for one in ones:
            words, button = st.columns([5, 1], vertical_alignment="center")
            with words:
                st.html(example_html(desk.session.schema, one))
                source = f"from {one.example.document}" if one.example.document else ""
                st.text(" · ".join(filter(None, (one.example.note, source))))
            button.button(
                "Remove",
                key=f"guideline_drop_{one.number}_{desk.project.base}",
                icon=":material/close:",
                on_click=_do,
                args=(partial(drop_example, desk.store, desk.project, one.number, desk.reviewer),),
                **shut(desk, Action.CHANGE),
            )


def _draw_new(desk: Desk, label: str) -> None:
    with st.form("guideline_example", clear_on_submit=True):
        st.text_area(
            "A new example",
            key="guideline_new",
            height=70,
            placeholder="mutations of [[BRCA1]] in mice",
            help="The words that it is about in double brackets; without them, all of it.",
        )
        st.segmented_control(
            "These words are",
            (MARKED, UNMARKED),
            default=MARKED,
            required=True,
            key="guideline_kind",
            label_visibility="collapsed",
        )
        st.text_input("Why", key="guideline_note", placeholder="may be left empty")
        st.form_submit_button(
            "Add the example",
            on_click=_do,
            args=(partial(_add, desk, label),),
            **shut(desk, Action.CHANGE),
        )


def _add(desk: Desk, label: str) -> None:
    example = Example(
        label=label,
        is_positive=st.session_state["guideline_kind"] == MARKED,
        note=str(st.session_state["guideline_note"]).strip(),
        text=str(st.session_state["guideline_new"]).strip(),
    )
    add_example(desk.store, desk.project, example, desk.reviewer)


def _do(change: Callable[[], object]) -> None:
    """Change the settings; where somebody was faster, say so, and show them as they are now."""
    try:
        change()
    except BionerError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
        return
    st.toast("The guidelines are saved", icon=":material/check:")
