"""A sentence with one version of its marks, to be read beside another version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bioner.spans import Mention
from bioner.store import ReviewItem, SideBySide
from bioner.ui.review.desk import Desk
from bioner.ui.snippets import marked_html


def draw_marks(desk: Desk, review: ReviewItem, mentions: Sequence[Mention]) -> None:
    """Draw an open sentence with these mentions, whose offsets are the document's."""
    _draw(desk, review.surface, review.start, mentions)


def draw_sentence(desk: Desk, sentence: SideBySide, mentions: Sequence[Mention]) -> None:
    """Draw a sentence that several have with these mentions, by the document's offsets."""
    _draw(desk, sentence.surface, sentence.start, mentions)


def _draw(desk: Desk, text: str, low: int, mentions: Sequence[Mention]) -> None:
    moved = [
        replace(one, fragments=tuple((s - low, e - low) for s, e in one.fragments))
        for one in mentions
    ]
    st.html(marked_html(text, moved, desk.session.schema))
