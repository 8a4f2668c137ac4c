"""What each type means: by definition, in this project with examples, in the corpora."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.labels import LabelSchema
from bioner.review.guidelines import add_example, example_of, of_type
from bioner.spans import Range, mention
from bioner.store import ReviewItem, ShownExample
from bioner.store.training_data import REVIEWED
from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Act, Desk
from bioner.ui.roles import shut
from bioner.ui.snippets import marked_html

OPEN, TYPE = "open_guidelines", "guideline_type"


def turn_to(desk: Desk, label: str, words: Range | None) -> None:
    """Open the guidelines on a type, with the words that are selected."""
    st.session_state[OPEN] = True
    if label in desk.project.types:
        st.session_state[TYPE] = label
    desk.memory.words = words


def draw_guidelines(desk: Desk, focus: ReviewItem, act: Act) -> None:
    """Draw what each type of the project means: by definition, here, in the corpora."""
    panel = st.expander("Guidelines", icon=":material/menu_book:", key=OPEN, on_change="rerun")
    if not panel.open:
        return
    with panel:
        label = st.selectbox("Type", desk.project.types, key=TYPE)
        schema = desk.session.schema
        if label in schema.names:
            one = schema.type(label)
            st.text(one.definition)
            if one.example:
                st.text(f"For example: {one.example}")
        else:
            st.caption("The label schema does not define this type.")
        own = dict(desk.project.guidelines).get(label)
        if own:
            st.caption("In this project")
            st.text(own)
        draw_examples(schema, desk.store.examples(desk.project.name), label)
        _draw_take(desk, focus, label, act)
        _draw_corpora(schema, label)


def draw_examples(schema: LabelSchema, examples: Sequence[ShownExample], label: str) -> None:
    """Draw what is marked as a type, and what is not."""
    marked, unmarked = of_type(examples, label)
    for title, ones in (("Marked so", marked), ("Not marked so", unmarked)):
        if ones:
            st.caption(title)
        for one in ones:
            st.html(example_html(schema, one))
            if one.example.note:
                st.text(one.example.note)


def example_html(schema: LabelSchema, one: ShownExample) -> str:
    """Return an example with its words marked, struck through where they are not to be."""
    start, end = one.marked or (0, len(one.text))
    marks = [mention(start, end, one.example.label)]
    classes = {} if one.example.is_positive else {0: "bn-gone"}
    return marked_html(one.text, marks, schema, classes=classes)


def _draw_take(desk: Desk, focus: ReviewItem, label: str, act: Act) -> None:
    """Offer the words that are selected as an example."""
    words = desk.memory.words
    if words is None or not (focus.start <= words[0] < words[1] <= focus.end):
        st.caption("Select words or a mark and press G: they can become an example.")
        return
    surface = plain_label(focus.text[words[0] : words[1]], 40)
    is_reviewed = focus.verdict in REVIEWED
    why = None if is_reviewed else "Accept the sentence first."
    st.caption(f"“{surface}” as an example of what is")
    with st.container(horizontal=True):
        for is_positive, which in ((True, "marked so"), (False, "not marked so")):
            st.button(
                which,
                key=f"guideline_take_{is_positive}",
                icon=":material/add:",
                on_click=act,
                args=(partial(_take, desk, focus, words, label, is_positive),),
                **shut(desk, Action.CHANGE, disabled=not is_reviewed, help=why),
            )


def _take(desk: Desk, focus: ReviewItem, words: Range, label: str, is_positive: bool) -> None:
    try:
        example = example_of(desk.open(focus.item), words, label, is_positive=is_positive)
        add_example(desk.store, desk.store.project(desk.project.name), example, desk.reviewer)
    except BionerError as error:
        desk.memory.message = str(error)
        return
    desk.memory.words = None
    desk.memory.message = "The example is saved"


def _draw_corpora(schema: LabelSchema, label: str) -> None:
    """Draw what corpora call it and why, to be read whole however narrow the place is."""
    rows = [
        (corpus, source, rule.reason)
        for corpus, mapping in schema.corpora.items()
        for source, rule in mapping.rules.items()
        if label in rule.targets
    ]
    if not rows:
        return
    st.caption("In the corpora")
    lines = "".join(
        f"<div><b>{html.escape(corpus)}</b> · {html.escape(source)}<br>{html.escape(reason)}</div>"
        for corpus, source, reason in rows
    )
    st.html(f'<div class="bn-read">{lines}</div>')
