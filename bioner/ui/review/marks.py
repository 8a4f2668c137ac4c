"""A sentence with one version of its marks, to be read beside another version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bioner.spans import Mention
from bioner.store import ReviewItem
from bioner.ui.review.desk import Desk
from bioner.ui.snippets import marked_html


def draw_marks(desk: Desk, review: ReviewItem, mentions: Sequence[Mention]) -> None:
    """Draw the sentence with these mentions, whose offsets are the document's."""
    moved = [
        replace(
            one,
            fragments=tuple((s - review.start, e - review.start) for s, e in one.fragments),
        )
        for one in mentions
    ]
    st.html(marked_html(review.surface, moved, desk.session.schema))
