"""The marks of a group in their sentences, each ticked, and how the corpora mark the surface."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import streamlit as st

from bioner.errors import BionerError
from bioner.review.groups import Group, Where, core, examples, where
from bioner.spans import mention
from bioner.store import Standing, WaitingMark
from bioner.ui.merged import ready_index
from bioner.ui.plain import plain
from bioner.ui.review.desk import Desk
from bioner.ui.snippets import marked_html
from bioner.ui.words import many

FEW = 3
"""Examples that are shown at first."""
MOST = 200
"""Examples that are shown at most."""
CORPORA = 6


def shown_marks(group: Group, *, is_open: bool) -> list[WaitingMark]:
    """Return the marks whose sentences are shown, those that tell most first."""
    return examples(group, MOST if is_open else FEW)


def included_key(mark: WaitingMark) -> str:
    """Return the key of the tick beside a mark."""
    said = hashlib.blake2b(repr(where(mark)).encode(), digest_size=8).hexdigest()
    return f"decide_tick_{said}"


def draw_alike(desk: Desk, group: Group, excluded: set[Where], *, is_open: bool) -> None:
    """Draw the examples, each ticked: what is unticked joins the excluded ones."""
    marks = shown_marks(group, is_open=is_open)
    found = desk.store.standing(
        desk.project.name, sorted({one.item for one in marks}), desk.reviewer
    )
    by_item = {one.item: one for one in found}
    with st.container(key="alike"):
        for mark in marks:
            if mark.item in by_item:
                _draw_example(desk, by_item[mark.item], mark, excluded)
    left = group.size - len(marks)
    if left > 0:
        st.caption(f"{many(left, 'more mark')} alike: “Show all” opens up to {MOST}.")
    _draw_conventions(desk, group)


def _turn(excluded: set[Where], mark: Where) -> None:
    excluded ^= {mark}


def _draw_example(desk: Desk, standing: Standing, mark: WaitingMark, excluded: set[Where]) -> None:
    one = replace(
        mention(0, 1, mark.label, status="predicted", score=mark.score),
        fragments=tuple((a - standing.start, b - standing.start) for a, b in mark.at),
    )
    tick, text = st.columns([1, 24], vertical_alignment="center")
    with tick:
        # A button, not a checkbox: while a checkbox has the focus, no key settles the group.
        is_left = where(mark) in excluded
        st.button(
            "Left out" if is_left else "Included",  # read aloud, not drawn: the tick says it
            key=included_key(mark),
            icon=":material/check_box_outline_blank:" if is_left else ":material/check_box:",
            type="tertiary",
            help="Left out of the decision." if is_left else "Part of the decision.",
            on_click=_turn,
            args=(excluded, where(mark)),
        )
    with text:
        st.html(marked_html(standing.surface, [one], desk.session.schema))


def _draw_conventions(desk: Desk, group: Group) -> None:
    index = ready_index(desk.session)
    if index is None:
        return
    try:
        rows = index.conventions(core(group.surface))
        edges = index.boundaries(core(group.surface) + " gene")
    except BionerError:
        return
    if rows:
        told = ", ".join(f"{corpus} {label} ×{n:,}" for corpus, label, n in rows[:CORPORA])
        st.caption(f"In the corpora: {plain(told)}")
    if edges is not None:
        told = "; ".join(
            f"“{one.value}” in " + ", ".join(name for name, _ in one.by_corpus[:CORPORA])
            for one in edges.variants[:3]
        )
        st.caption(f"How far they mark: {plain(told)}")
