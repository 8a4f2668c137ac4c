"""The reading view: one document as one model marks it, or as two do, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bioner.spans import Document
from bioner.ui.highlight import highlight_html
from bioner.ui.predict.chosen import Explain, draw_chosen
from bioner.ui.predict.marks import mention_key
from bioner.ui.predict.memory import PredictMemory
from bioner.ui.predict.results import summary
from bioner.ui.predict.view import View, in_view, without_hidden
from bioner.ui.predict.windows import part_of, windows
from bioner.ui.reader import reader, selected_key
from bioner.ui.session import Session, keep_in_url, url_int


def draw_reading(
    session: Session,
    documents: Sequence[Document],
    names: Sequence[str],
    view: View,
    reasons: Sequence[Explain],
) -> None:
    """Draw one document as one model, or two side by side, marked it; then the chosen mention."""
    seen = [in_view(document, session.schema, view) for document in documents]
    shown = [without_hidden(document, view) for document in seen]
    everything = tuple(one for document in shown for one in document.mentions)
    low, high = _choose_part(replace(shown[0], mentions=everything))
    parts = [part_of(document, (low, high)) for document in shown]
    if len(parts) == 1:
        left, right = st.columns([7, 3], gap="medium")
        with left:
            _draw_reader(session, parts[0], view, "predict_reader", {})
        with right, st.container(key="chosen"):
            draw_chosen(session, parts, reasons)
        return
    marks = _differing(parts[0], parts[1])
    for column, part, name, marked in zip(
        st.columns(2, gap="medium"), parts, names, marks, strict=True
    ):
        with column:
            st.caption(summary(part, name, 0))
            _draw_reader(session, part, view, f"predict_reader_{name}", marked)
    draw_chosen(session, parts, reasons)


def _choose_part(document: Document) -> tuple[int, int]:
    parts = windows(document)
    if len(parts) == 1:
        return parts[0]
    place = min(url_int("part", 1, low=1), len(parts))
    page = st.pagination(len(parts), default=place, key=f"predict_part_{len(parts)}")
    keep_in_url(part=str(page) if page > 1 else "")
    return parts[page - 1]


def _draw_reader(
    session: Session, part: Document, view: View, key: str, marks: dict[int, str]
) -> None:
    keys = [mention_key(one) for one in part.mentions]
    body = highlight_html(
        part.text,
        part.mentions,
        session.schema,
        show_score=view.has_heat,
        clickable=True,
        classes=marks,
    )

    def choose() -> None:
        session.of(PredictMemory).chosen = selected_key(key)

    reader(body, keys, key=key, selected=session.of(PredictMemory).chosen, on_select=choose)


def _differing(first: Document, second: Document) -> tuple[dict[int, str], dict[int, str]]:
    left = {mention_key(one) for one in first.mentions}
    right = {mention_key(one) for one in second.mentions}
    return (
        {i: "bn-differs" for i, one in enumerate(first.mentions) if mention_key(one) not in right},
        {i: "bn-differs" for i, one in enumerate(second.mentions) if mention_key(one) not in left},
    )
