"""The Metrics page's trust view: over-firing, confidence, new surfaces, lenient scores."""

from __future__ import annotations

import streamlit as st

from bioner.evaluation.matching import MATCHINGS
from bioner.evaluation.scores import Report
from bioner.evaluation.standing import Standing
from bioner.figures import SCORE_FORMAT, percent, points
from bioner.ui import charts
from bioner.ui.charts import PALETTE, Bar
from bioner.ui.metrics.charts import reliability
from bioner.ui.metrics.data import corpus_title
from bioner.ui.plain import plain
from bioner.ui.session import Session
from bioner.ui.tables import draw_table

LOOKED, NOT_LOOKED = "where it is looked for", "where nobody looked"
POINTS = st.column_config.NumberColumn(format=SCORE_FORMAT)


def draw_trust(session: Session, shown: Standing) -> None:
    """Draw what says how far the model's marks can be relied on beyond its F1."""
    report = shown.report
    _draw_over_firing(report)
    left, right = st.columns(2)
    with left:
        _draw_reliability(report)
    with right:
        _draw_novelty(report)
    _draw_schemes(report)


def _draw_over_firing(report: Report) -> None:
    st.subheader("Marked where nobody looked")
    measured = {name: one for name, one in report.over_firing.items() if one.uncovered_tokens}
    if not measured:
        st.info(
            "Every sentence here looks for every type, so nothing shows whether the model marks "
            "where it should not.",
            icon=":material/visibility:",
        )
        return
    st.caption(
        "Mentions marked per 1,000 tokens: in corpora that look for the type, and in those that do "
        "not. Some of the latter are right, for nobody looked; a bar as long as the other, or "
        "longer, is a warning."
    )
    rows = [
        bar
        for name, one in measured.items()
        for bar in (
            Bar(name, one.covered, series=LOOKED),
            Bar(name, one.uncovered, series=NOT_LOOKED),
        )
    ]
    charts.show(
        charts.bars(
            rows,
            "Marked mentions per 1,000 tokens",
            value="Per 1,000 tokens",
            number=".1f",
            colors={LOOKED: PALETTE[0], NOT_LOOKED: PALETTE[1]},
        ),
        "; ".join(
            f"{name}: {one.covered:.1f} {LOOKED}, {one.uncovered:.1f} {NOT_LOOKED}"
            for name, one in measured.items()
        ),
        key="metrics_over_firing",
    )
    everywhere = [name for name in report.over_firing if name not in measured]
    if everywhere:
        st.caption(f"Looked for in every sentence here: {plain(', '.join(everywhere))}.")
    ignored = sum(one.in_ignored for one in report.by_corpus.values())
    if ignored:
        st.caption(
            f"{ignored:,} of the marks counted as wrong lie where the mapping ignores the corpus's "
            "own label: they are no evidence against the model."
        )


def _draw_reliability(report: Report) -> None:
    st.subheader("Confidence")
    found = report.reliability
    if not found.bins:
        st.caption("No scored marks: the card of this model has none, or it gives no confidence.")
        return
    charts.show(
        reliability(found),
        "; ".join(
            f"confidence {percent(b.confidence)}: {percent(b.accuracy)} right of {b.count:,}"
            for b in found.bins
        ),
        key="metrics_reliability",
    )
    st.caption(
        f"Bars below the dashed line: surer than right. Mean gap {points(found.error)} points "
        "(expected calibration error). Above each bar, how many mentions."
    )


def _draw_novelty(report: Report) -> None:
    st.subheader("Seen and unseen names")
    rows = [
        {
            "Corpus": corpus_title(report, name),
            "Seen F1": 100 * one.seen.f1 if one.seen.support else None,
            "Unseen F1": 100 * one.unseen.f1 if one.unseen.support else None,
            "Unseen": 100 * one.unseen.support / max(1, one.micro.support),
        }
        for name, one in report.by_corpus.items()
        if one.seen is not None and one.unseen is not None
    ]
    if not rows:
        st.caption("Not measured: the training split was not at hand.")
        return
    st.dataframe(
        rows,
        key="metrics_novelty",
        placeholder="–",
        hide_index=True,
        column_config={
            "Seen F1": POINTS,
            "Unseen F1": POINTS,
            "Unseen": st.column_config.NumberColumn(
                format="%.0f%%", help="Share of the gold mentions whose name is new."
            ),
        },
    )
    st.caption("Seen: the name, with its type, is a mention somewhere in the training split.")


def _draw_schemes(report: Report) -> None:
    st.subheader("Strict and lenient")
    if not report.schemes:
        st.caption("Not measured for this report.")
        return
    draw_table(
        ["Scheme", "F1", "Precision", "Recall", "Counts as right"],
        [
            [
                name.removeprefix("ent_"),
                100 * one.f1,
                100 * one.precision,
                100 * one.recall,
                MATCHINGS[name],
            ]
            for name, one in report.schemes.items()
        ],
    )
    st.caption("nervaluate's schemes over all corpora; the scores of this page are strict.")
