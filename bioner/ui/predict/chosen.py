"""The mention that was clicked: how sure the model is, what else it might be, and why."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bioner.conventions import ANY
from bioner.errors import BionerError
from bioner.figures import percent
from bioner.labels import LabelSchema
from bioner.spans import Document, Mention, Sentence, rivals
from bioner.ui.chips import color_of, label_html
from bioner.ui.merged import open_shelf
from bioner.ui.plain import plain, plain_label
from bioner.ui.predict.marks import mention_key
from bioner.ui.predict.memory import PredictMemory
from bioner.ui.session import Session, page_link
from bioner.ui.snippets import sentence_html
from bioner.ui.words import many

if TYPE_CHECKING:
    from bioner.corpora.overview import Labelled, Shelf

Explain = Callable[[Document, Mention], None]
"""Draws why a mention of a document has its label."""


def draw_chosen(session: Session, parts: Sequence[Document], reasons: Sequence[Explain]) -> None:
    """Draw the card of the chosen mention, or how to choose one; ``reasons``: why, a part each."""
    chosen = session.of(PredictMemory).chosen
    for document, explain in zip(parts, reasons, strict=True):
        for one in document.mentions:
            if mention_key(one) == chosen:
                st.html(chosen_html(document, one, session.schema))
                explain(document, one)
                return
    if any(document.mentions for document in parts):
        st.caption(
            ":material/touch_app: Click a marked mention to see how sure the model is, and why."
        )
    else:
        st.caption("The model marked nothing here that this view shows.")


def chosen_html(document: Document, one: Mention, schema: LabelSchema) -> str:
    """Return the card of one mention: surface, type, confidence, what else it might be."""
    lines = [_bar_html(one.label, one.score, schema)]
    lines += [_bar_html(label, score, schema) for label, score in rivals(one)[:3]]
    known = schema.names and one.label in schema.names
    definition = html.escape(schema.type(one.label).definition) if known else ""
    surface = html.escape(document.surface(one)[:300])
    return (
        f'<div class="bn-card"><div class="bn-surface">{surface}</div>{"".join(lines)}'
        f'<div class="bn-meta">{definition} Characters {one.start:,}–{one.end:,}.</div></div>'
    )


def _bar_html(label: str, score: float | None, schema: LabelSchema) -> str:
    width = 0 if score is None else round(100 * score)
    number = "" if score is None else percent(score)
    name = html.escape(label)
    return (
        f'<div class="bn-row" style="--c:{color_of(schema, label)};--w:{width}%">'
        f'<span>{name}</span><span class="bn-track"></span><span>{html.escape(number)}</span></div>'
    )


def explain(session: Session, convention: str = ANY) -> Explain:
    """Return what draws why a mention has its label: how the corpora label the same words.

    Under a convention its own examples come first: the corpus's, or the project's corrections.
    """

    def draw(document: Document, one: Mention) -> None:
        shelf = open_shelf(session)
        if convention != ANY:
            _draw_convention(session, shelf, convention, document.surface(one))
        if shelf is None:
            return
        surface = document.surface(one)
        uses = shelf.labelled_as(surface)
        st.markdown("**Labelled in the corpora**" + (" (sample)" if shelf.is_sample else ""))
        if not uses:
            st.caption(
                f"“{plain_label(surface)}” is labelled nowhere there: the model goes by its "
                "letters and by the words around it."
            )
            return
        st.html(_uses_html(uses, shelf))
        st.html(_example_html(next((u for u in uses if u.label == one.label), uses[0]), shelf))
        page_link(
            "Corpora",
            label="More such sentences",
            icon=":material/search:",
            part="sentences",
            mention=uses[0].surface,
        )

    return draw


def _draw_convention(session: Session, shelf: Shelf | None, convention: str, surface: str) -> None:
    """Draw how the convention that was told marks these words, with an example."""
    st.markdown(f"**As in {plain(convention)}**")
    uses = shelf.labelled_in(surface, convention) if shelf else ()
    if shelf and uses:
        st.html(_uses_html(uses, shelf))
        st.html(_example_html(uses[0], shelf))
        return
    examples = _corrected(session, convention, surface)
    if examples:
        st.caption(f"Corrected so by reviewers, {many(len(examples), 'time')}.")
        st.html(f'<div class="bn-card">{sentence_html(examples[0], session.schema)}</div>')
        return
    st.caption(
        f"“{plain_label(surface)}” is marked nowhere by these rules: the model goes by how they "
        "mark words like it."
    )


def _corrected(session: Session, project: str, surface: str) -> list[Sentence]:
    """Return the project's reviewed sentences that mark these words, or more words around them."""
    from bioner.corpora.overview import search_words

    words = f" {search_words(surface).lower()} "
    try:
        reviewed = session.store().corrections(project)
    except BionerError:
        return []
    return [
        one
        for one in reviewed
        if any(words in f" {search_words(one.surface(span)).lower()} " for span in one.spans)
    ]


def _uses_html(uses: Sequence[Labelled], shelf: Shelf) -> str:
    rows = "".join(
        f"<div>{label_html(use.label, shelf.schema)} "
        f"{use.mentions:,}× in {html.escape(use.corpus)}</div>"
        for use in uses[:4]
    )
    return f'<div class="bn-uses"><b>{html.escape(uses[0].surface[:80])}</b>{rows}</div>'


def _example_html(use: Labelled, shelf: Shelf) -> str:
    sentence = shelf.sentences([use.row])[0]
    looked = [name for name in shelf.schema.names if name in sentence.covers]
    told = "every type" if len(looked) == len(shelf.schema.names) else ", ".join(looked)
    return (
        f'<div class="bn-card">{sentence_html(sentence, shelf.schema)}'
        f'<div class="bn-meta">{html.escape(sentence.corpus)}, {html.escape(sentence.split)}. '
        f"Its annotators looked for {html.escape(told)}.</div></div>"
    )
