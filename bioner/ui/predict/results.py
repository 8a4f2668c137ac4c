"""What was found beside the reading view: a line of figures, a table, charts, differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from bioner.evaluation.partings import Parting, partings
from bioner.figures import percent
from bioner.labels import LabelSchema
from bioner.spans import Document, Mention, rivals
from bioner.ui.chips import color_of
from bioner.ui.plain import plain
from bioner.ui.predict.marks import mention_key
from bioner.ui.predict.memory import PredictMemory
from bioner.ui.session import Session
from bioner.ui.words import many

PARTING_WORDS = {
    "other type": "other type",
    "other boundary": "other boundary",
    "only first": "only in {first}",
    "only second": "only in {second}",
}


def summary(document: Document, model: str, seconds: float) -> str:
    """Say in one line what was found, as Markdown."""
    types = len({one.label for one in document.mentions})
    sentences = len(document.sentence_ranges)
    took = f" · {seconds * 1000:,.0f}\u00a0ms" if 0.0005 <= seconds < 60 else ""
    return (
        f"{many(len(document.mentions), 'mention')} of {many(types, 'type')} in "
        f"{many(sentences, 'sentence')} · {plain(model)}{took}"
    )


def draw_results(session: Session, seen: Sequence[Document], names: Sequence[str]) -> None:
    """Draw what the view shows of one document, as one or two models marked it, in tabs."""
    titles = ["Mentions", "Chart"] if len(seen) == 1 else ["Differences", "Mentions", "Chart"]
    tabs = dict(zip(titles, st.tabs(titles), strict=True))
    if "Differences" in tabs:
        with tabs["Differences"]:
            draw_partings(seen, names)
    with tabs["Mentions"]:
        draw_table(session, seen[0])
    with tabs["Chart"]:
        draw_chart(seen[:1], session.schema)


def draw_table(session: Session, document: Document) -> None:
    """Draw the mentions as a table; choosing a row chooses the mention."""
    mentions = document.mentions

    def choose() -> None:
        rows = st.session_state["predict_table"]["selection"]["rows"]
        if rows and rows[0] < len(mentions):
            session.of(PredictMemory).chosen = mention_key(mentions[rows[0]])

    st.dataframe(
        table_rows(document),
        key="predict_table",
        on_select=choose,
        selection_mode="single-row",
        hide_index=True,
        height=min(460, 38 + 35 * max(1, len(mentions))),
        column_config={
            "Sure": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1, width=110
            ),
            **dict.fromkeys(("From", "To"), st.column_config.NumberColumn(width=60)),
        },
        alt="The mentions found, one a row",
    )


def table_rows(document: Document) -> dict[str, list[object]]:
    """Return a document's mentions as columns."""
    mentions = document.mentions
    return {
        "Text": [document.surface(one) for one in mentions],
        "Type": [one.label for one in mentions],
        "Sure": [None if one.score is None else round(one.score, 2) for one in mentions],
        "Second best": [_second(one) for one in mentions],
        "From": [one.start for one in mentions],
        "To": [one.end for one in mentions],
    }


def _second(one: Mention) -> str:
    if not one.alternatives or one.alternatives[0].score < 0.005:
        return ""
    label, score = rivals(one)[0]
    return label if score is None else f"{label} ({percent(score)})"


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
    from bioner.ui import charts  # late: Altair takes longer than the marks

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


def draw_partings(documents: Sequence[Document], names: Sequence[str]) -> None:
    """Draw where two models part, as counts and a table."""
    first, second = documents
    found = partings(first.mentions, second.mentions)
    agreed = len(first.mentions) - sum(one.first is not None for one in found)
    if not found:
        st.success(f"Both models mark the same {many(agreed, 'mention')}.", icon=":material/check:")
        return
    words = {
        kind: text.format(first=names[0], second=names[1]) for kind, text in PARTING_WORDS.items()
    }
    counts = Counter(one.kind for one in found)
    told = ", ".join(f"{counts[kind]:,} {words[kind]}" for kind in words if counts[kind])
    st.caption(f"{agreed:,} the same · {plain(told)}")
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


def _place(one: Parting) -> int:
    found = one.first or one.second
    return found.start if found else 0
