"""Whether every mention survives the way to training."""

from __future__ import annotations

import streamlit as st

from bioner.flattening import flatten
from bioner.spans import Document
from bioner.store import (
    ReviewItem,
)


def draw_survival(focus: ReviewItem, counts: tuple[int, int, int, int]) -> None:
    """Say whether every mention survives the way to training, which knows flat word spans only."""
    kept, nested, joined, snapped = counts
    if not focus.mentions:
        return
    losses = [
        f"{nested} inside another left out" if nested else "",
        f"{joined} in several parts taken as one" if joined else "",
        f"{snapped} widened to whole words" if snapped else "",
    ]
    said = ", ".join(filter(None, losses))
    if said:
        st.caption(
            f":material/warning: Of {len(focus.mentions)} mentions, training sees {kept}: {said}."
        )
    else:
        st.caption(
            ":material/verified: Training will use "
            + ("the one mention as it is." if kept == 1 else f"all {kept} mentions as they are.")
        )


def survives(review: ReviewItem) -> tuple[int, int, int, int]:
    """Count how training will see the mentions: kept, nested dropped, parts joined, edges moved."""
    document = Document(review.document, review.text, review.mentions)
    _, report = flatten(document, review.tokens)
    return report.kept, report.nested_dropped, report.discontinuous_joined, report.snapped
