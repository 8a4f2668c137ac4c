"""Mending a wrong sentence split: cut where a word begins, join with a neighbour."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.spans import Range
from bioner.store import ReviewItem
from bioner.ui.review.desk import Act, Desk
from bioner.ui.roles import shut


def cut(ranges: Sequence[Range], text: str, at: int) -> list[Range]:
    """Return the sentence ranges with one more that begins at ``at``; white space stays outside."""
    made: list[Range] = []
    for start, end in ranges:
        if start < at < end and text[start:at].strip():
            made += [(start, start + len(text[start:at].rstrip())), (at, end)]
        else:
            made.append((start, end))
    return made


def join(ranges: Sequence[Range], first: Range) -> list[Range]:
    """Return the sentence ranges with ``first`` and the next one as one."""
    index = list(ranges).index(first)
    if index + 1 == len(ranges):
        return list(ranges)
    return [*ranges[:index], (first[0], ranges[index + 1][1]), *ranges[index + 2 :]]


def ranges_of(desk: Desk, document: str) -> list[Range]:
    """Return a document's sentence ranges in the order of the text."""
    items = desk.store.items_of(desk.project.name, document)
    reviews = [desk.open(item) for item in items]
    return [(one.start, one.end) for one in reviews]


def cut_here(desk: Desk, item: int, at: int) -> None:
    """Begin a new sentence at an offset of the item's document."""
    review = desk.open(item)
    _save(desk, review, cut(ranges_of(desk, review.document), review.text, at), at)


def draw_split(desk: Desk, focus: ReviewItem, act: Act) -> None:
    """Draw what joins this sentence with its neighbours."""
    with st.popover("Sentence split", icon=":material/splitscreen:", width="stretch"):
        st.caption("“Split” (I) begins a new sentence at the selection. Marks move along.")
        for title, item, key in (
            ("Join with the one before", focus.previous, "join_before"),
            ("Join with the next", focus.following and focus.item, "join_next"),
        ):
            st.button(
                title,
                key=key,
                **shut(desk, Action.ANNOTATE, disabled=not item),
                on_click=act,
                args=(_join, desk, focus, item),
            )

        st.button(
            "Undo the last change",
            key="undo_split",
            icon=":material/undo:",
            **shut(
                desk,
                Action.ANNOTATE,
                help="The document's sentences as they were before the last split or join.",
            ),
            on_click=act,
            args=(_undo, desk, focus),
        )


def _undo(desk: Desk, focus: ReviewItem) -> None:
    desk.memory.forget_opened()
    try:
        ids = desk.store.undo_resplit(desk.project.name, focus.document, desk.reviewer)
    except BionerError as error:
        desk.memory.message = str(error)
        return
    _stay_at(desk, ids, focus.start)
    desk.memory.message = "The sentences are as they were before."


def _stay_at(desk: Desk, ids: Sequence[int], at: int) -> None:
    for item in ids:
        one = desk.open(item)
        if one.start <= at < one.end:
            desk.memory.item = item


def _join(desk: Desk, focus: ReviewItem, item: int | None) -> None:
    if item is None:
        return
    first = desk.open(item)
    ranges = join(ranges_of(desk, focus.document), (first.start, first.end))
    _save(desk, focus, ranges, focus.start)


def _save(desk: Desk, review: ReviewItem, ranges: Sequence[Range], at: int) -> None:
    desk.memory.forget_opened()
    try:
        ids = desk.store.resplit(desk.project.name, review.document, ranges, desk.reviewer)
    except BionerError as error:
        desk.memory.message = str(error)
        return
    _stay_at(desk, ids, at)
    desk.memory.message = "The sentence split is mended; changed sentences are open again."
