"""The Predict page's results: reading view, chosen mention, table, chart, differences."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from bioner.labels import LabelSchema
from bioner.spans import Document, Mention
from bioner.ui import charts
from bioner.ui.highlight import color_of, highlight_html, reader, selected_key
from bioner.ui.predict.reading import (
    Difference,
    View,
    differences,
    in_view,
    mention_key,
    part_of,
    windows,
    without_hidden,
)
from bioner.ui.session import Session, keep_in_url

CHOSEN = "predict.chosen"
DIFFERENCE_WORDS = {
    "other type": "other type",
    "other boundary": "other boundary",
    "only first": "only in {first}",
    "only second": "only in {second}",
}


def summary(document: Document, model: str, seconds: float) -> str:
    """Say in one line what was found."""
    types = len({one.label for one in document.mentions})
    sentences = len(document.sentence_ranges)
    took = f" · {seconds * 1000:,.0f} ms" if 0.0005 <= seconds < 60 else ""
    return (
        f"{_many(len(document.mentions), 'mention')} of {_many(types, 'type')} in "
        f"{_many(sentences, 'sentence')} · {model}{took}"
    )


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def draw_reading(
    session: Session,
    documents: Sequence[Document],
    names: Sequence[str],
    view: View,
    explain: Callable[[Document, Mention], None],
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
            _draw_chosen(session, parts, explain)
        return
    marks = _differing(parts[0], parts[1])
    for column, part, name, marked in zip(
        st.columns(2, gap="medium"), parts, names, marks, strict=True
    ):
        with column:
            st.caption(summary(part, name, 0))
            _draw_reader(session, part, view, f"predict_reader_{name}", marked)
    _draw_chosen(session, parts, explain)


def _choose_part(document: Document) -> tuple[int, int]:
    parts = windows(document)
    if len(parts) == 1:
        return parts[0]
    asked = st.query_params.get("part", "1")
    place = min(int(asked), len(parts)) if asked.isdigit() and int(asked) > 0 else 1
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
        session.memory[CHOSEN] = selected_key(key)

    reader(body, keys, key=key, selected=session.recall(CHOSEN), on_select=choose)


def _differing(first: Document, second: Document) -> tuple[dict[int, str], dict[int, str]]:
    left = {mention_key(one) for one in first.mentions}
    right = {mention_key(one) for one in second.mentions}
    return (
        {i: "bn-differs" for i, one in enumerate(first.mentions) if mention_key(one) not in right},
        {i: "bn-differs" for i, one in enumerate(second.mentions) if mention_key(one) not in left},
    )


def _draw_chosen(
    session: Session, parts: Sequence[Document], explain: Callable[[Document, Mention], None]
) -> None:
    chosen = session.recall(CHOSEN)
    for document in parts:
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
    lines += [_bar_html(other.label, other.score, schema) for other in one.alternatives[:3]]
    known = schema.names and one.label in schema.names
    definition = html.escape(schema.type(one.label).definition) if known else ""
    surface = html.escape(document.surface(one)[:300])
    return (
        f'<div class="bn-card"><div class="bn-surface">{surface}</div>{"".join(lines)}'
        f'<div class="bn-meta">{definition} Characters {one.start:,}–{one.end:,}.</div></div>'
    )


def _bar_html(label: str, score: float | None, schema: LabelSchema) -> str:
    width = 0 if score is None else round(100 * score)
    number = "" if score is None else ("<1%" if 0 < score < 0.01 else f"{score:.0%}")
    name = html.escape(label)
    return (
        f'<div class="bn-row" style="--c:{color_of(schema, label)};--w:{width}%">'
        f'<span>{name}</span><span class="bn-track"></span><span>{html.escape(number)}</span></div>'
    )


def draw_table(session: Session, document: Document) -> None:
    """Draw the mentions as a table; choosing a row chooses the mention."""
    mentions = document.mentions

    def choose() -> None:
        rows = st.session_state["predict_table"]["selection"]["rows"]
        if rows and rows[0] < len(mentions):
            session.memory[CHOSEN] = mention_key(mentions[rows[0]])

    st.dataframe(
        table_rows(document),
        key="predict_table",
        on_select=choose,
        selection_mode="single-row",
        hide_index=True,
        height=min(460, 38 + 35 * max(1, len(mentions))),
        column_config={
            "Sure": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
        },
        alt="The mentions found, one a row",
    )


def table_rows(document: Document) -> dict[str, list[object]]:
    """Return a document's mentions as columns."""
    mentions = document.mentions
    seconds = [
        one.alternatives[0] if one.alternatives and one.alternatives[0].score >= 0.005 else None
        for one in mentions
    ]
    return {
        "Text": [document.surface(one) for one in mentions],
        "Type": [one.label for one in mentions],
        "Sure": [None if one.score is None else round(one.score, 2) for one in mentions],
        "Second best": [f"{one.label} ({one.score:.0%})" if one else "" for one in seconds],
        "From": [one.start for one in mentions],
        "To": [one.end for one in mentions],
    }


def draw_chart(documents: Sequence[Document], schema: LabelSchema) -> None:
    """Draw how many mentions of each type there are, and the surfaces found most often."""
    counts = Counter(one.label for document in documents for one in document.mentions)
    if not counts:
        st.caption("Nothing to count yet.")
        return
    where = "this text" if len(documents) == 1 else f"{len(documents):,} texts"
    surfaces = Counter(
        (document.surface(one).lower(), one.label)
        for document in documents
        for one in document.mentions
    )
    top = {f"{s[:40]} ({label})": number for (s, label), number in surfaces.most_common(12)}
    owners = {f"{s[:40]} ({label})": color_of(schema, label) for s, label in surfaces}
    left, right = st.columns(2, gap="medium")
    with left:
        charts.show(
            charts.bars(
                [charts.Bar(label, number) for label, number in counts.most_common()],
                f"Mentions by type in {where}",
                colors={label: color_of(schema, label) for label in counts},
            ),
            "Bars: " + ", ".join(f"{label} {number}" for label, number in counts.most_common()),
            key="predict_chart_types",
        )
    with right:
        charts.show(
            charts.bars(
                [charts.Bar(name, number) for name, number in top.items()],
                "Found most often",
                colors=owners,
            ),
            "Bars: " + ", ".join(f"{name} {number}" for name, number in top.items()),
            key="predict_chart_surfaces",
        )


def draw_differences(documents: Sequence[Document], names: Sequence[str]) -> None:
    """Draw where two models part, as counts and a table."""
    first, second = documents
    found = differences(first.mentions, second.mentions)
    agreed = len(first.mentions) - sum(one.first is not None for one in found)
    if not found:
        st.success(
            f"Both models mark the same {_many(agreed, 'mention')}.", icon=":material/check:"
        )
        return
    words = {
        kind: text.format(first=names[0], second=names[1])
        for kind, text in DIFFERENCE_WORDS.items()
    }
    counts = Counter(one.kind for one in found)
    told = ", ".join(f"{counts[kind]:,} {words[kind]}" for kind in words if counts[kind])
    st.caption(f"{agreed:,} the same · {told}")
    st.dataframe(
        {
            "What": [words[one.kind] for one in found],
            names[0]: [_said(first, one.first) for one in found],
            names[1]: [_said(second, one.second) for one in found],
            "At": [_place(one) for one in found],
        },
        hide_index=True,
        key="predict_differences",
        alt="Where the two models differ, one difference a row",
    )


def _said(document: Document, one: Mention | None) -> str:
    return f"{document.surface(one)} · {one.label}" if one else "–"


def _place(one: Difference) -> int:
    found = one.first or one.second
    return found.start if found else 0


def within_view(document: Document, schema: LabelSchema, view: View) -> Document:
    """Return what is shown of a document: threshold, groups and legend applied."""
    return without_hidden(in_view(document, schema, view), view)
