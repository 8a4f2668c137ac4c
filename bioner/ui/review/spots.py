"""One place of a sentence that several have: any of their marks, none, or one of one's own."""

from __future__ import annotations

from functools import partial

import streamlit as st

from bioner.review.alignment import KINDS_SAID, Spot
from bioner.spans import Mention, mention
from bioner.store import SideBySide
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.desk import Desk

NONE, OTHER = -2, -1
"""Choices beside the numbers of the variants: no mark here, or one of the curator's own."""


def draw_spot(
    desk: Desk, sentence: SideBySide, number: int, spot: Spot, picks: dict[int, Mention | None]
) -> None:
    """Draw the choice at one place, and put what is chosen among the picks."""
    key = f"{sentence.item}_{sentence.base}_{number}"
    none = ", ".join(plain_label(name) for name in spot.without)
    said = [
        f"{plain_label(one.mention.label)}: {plain_label(sentence.text_of(one.mention), 40)} "
        f"({', '.join(plain_label(name) for name in one.holders)})"
        for one in spot.variants
    ]
    said += [f"no mark ({none})" if none else "no mark", "another …"]
    options = [*range(len(spot.variants)), NONE, OTHER]
    first = _first(sentence, spot)
    surface = sentence.text_of(spot.variants[0].mention)
    what, choices = st.columns([1, 3], vertical_alignment="center")
    what.markdown(f"**{plain(surface)}**  \n:small[{KINDS_SAID[spot.kind]}]")
    with choices:
        choice = st.radio(
            "Which mark",
            options,
            index=None if first is None else options.index(first),
            format_func=lambda at: said[at],
            key=f"curate_pick_{key}",
            horizontal=True,
            label_visibility="collapsed",
        )
    if choice is None:
        return
    if choice == OTHER:
        base = spot.variants[0].mention
        made = draw_own(desk, sentence, key, base)
        if made is not None:
            picks[number] = made
    else:
        picks[number] = None if choice == NONE else spot.variants[choice].mention


def _first(sentence: SideBySide, spot: Spot) -> int | None:
    """Return what is chosen before anybody chooses: what was curated, else what most say."""
    if sentence.chosen is not None:
        held = {(one.fragments, one.label) for one in sentence.chosen.mentions}
        places = [(one.mention.fragments, one.mention.label) for one in spot.variants]
        return next((at for at, place in enumerate(places) if place in held), NONE)
    is_said, mark = spot.majority
    if not is_said:
        return None
    return NONE if mark is None else 0


def draw_own(desk: Desk, sentence: SideBySide, key: str, near: Mention | None) -> Mention | None:
    """Draw a type and a range of words, and return the mark that they make."""
    if not sentence.tokens:
        return None
    inside = [
        at
        for at, (start, end) in enumerate(sentence.tokens)
        if near is not None and start < near.end and end > near.start
    ] or [0]
    left, right = st.columns([1, 4])
    label = left.selectbox(
        "Type",
        desk.project.types,
        index=desk.project.types.index(near.label)
        if near is not None and near.label in desk.project.types
        else 0,
        key=f"curate_type_{key}",
    )
    first, last = right.select_slider(
        "From word, to word",
        range(len(sentence.tokens)),
        value=(inside[0], inside[-1]),
        format_func=partial(_word, sentence),
        key=f"curate_words_{key}",
    )
    return mention(sentence.tokens[first][0], sentence.tokens[last][1], label, status="reviewed")


def _word(sentence: SideBySide, at: int) -> str:
    start, end = sentence.tokens[at]
    return sentence.surface[start - sentence.start : end - sentence.start]
