"""The Metrics page's scores: by type, by corpus, and each type in each corpus."""

from __future__ import annotations

import streamlit as st

from bioner.evaluation.scores import Report, Score
from bioner.evaluation.standing import Standing
from bioner.figures import SCORE_FORMAT, points
from bioner.ui import charts
from bioner.ui.charts import Bar, Cell, Point
from bioner.ui.metrics.board import partial_corpora
from bioner.ui.metrics.charts import score_bars
from bioner.ui.metrics.data import corpus_title, learning_curve, to_csv
from bioner.ui.plain import plain
from bioner.ui.session import Session

COLUMNS = {
    "Precision": st.column_config.NumberColumn(
        format=SCORE_FORMAT,
        width=72,
        help="Of the mentions the model marked, the share that is exactly right.",
    ),
    "Recall": st.column_config.NumberColumn(
        format=SCORE_FORMAT,
        width=58,
        help="Of the gold mentions, the share that the model found exactly.",
    ),
    "F1": st.column_config.NumberColumn(format=SCORE_FORMAT, width=48, help="Their harmonic mean."),
    "F1, any": st.column_config.NumberColumn(
        format=SCORE_FORMAT,
        width=60,
        help="F1 of the same model, told nobody's rules in particular.",
    ),
    "From": st.column_config.NumberColumn(
        format=SCORE_FORMAT, width=52, help="95% bootstrap interval of F1, its lower end."
    ),
    "To": st.column_config.NumberColumn(
        format=SCORE_FORMAT, width=52, help="95% bootstrap interval of F1, its upper end."
    ),
    "Support": st.column_config.NumberColumn(format="localized", width=64, help="Gold mentions."),
    "Marked": st.column_config.NumberColumn(
        format="localized", width=64, help="Mentions the model marked."
    ),
}


def draw_scores(session: Session, shown: Standing) -> None:
    """Draw the numbers, the bars with their intervals, the tables and the matrix."""
    report = shown.report
    if not report.by_corpus:
        st.info("There is not one sentence to score.", icon=":material/search_off:")
        return
    _draw_numbers(report)
    st.subheader("By type")
    _draw_types(session, report)
    if len(report.by_corpus) > 1:
        st.subheader("By corpus")
        _draw_corpora(report)
    _draw_matrix(session, report)
    _draw_learning(session, shown)


def _draw_numbers(report: Report) -> None:
    cells = st.columns(4)
    whole = len(report.mean_over)
    is_small = not partial_corpora(report).isdisjoint(report.mean_over)
    title = f"Mean F1 of {whole} corpora" if whole != 1 else "F1 of the one corpus"
    cells[0].metric(
        f"{title}, in part" if is_small else title,
        points(report.mean_f1) if whole else "–",
        help="Each corpus counts alike; a corpus of which only a part is here stays out, and so do "
        "corpora beside the ten."
        if not is_small
        else "Each corpus counts alike. The test sentences here are far fewer than the published "
        "ones, so the leaderboard gives no mean to set beside quoted scores.",
    )
    micro = report.micro
    cells[1].metric(
        "F1 of all mentions",
        points(micro.f1),
        help="Counts added up over the corpora (micro)."
        + (
            f" 95% interval {points(micro.low)} to {points(micro.high)}."
            if micro.low is not None and micro.high is not None
            else ""
        ),
    )
    cells[2].metric(
        "Mean F1 of the types", points(report.macro_f1), help="Each type counts alike (macro)."
    )
    sentences = sum(one.sentences for one in report.by_corpus.values())
    cells[3].metric("Gold mentions", f"{micro.support:,}", help=f"In {sentences:,} sentences.")
    if report.by_corpus_any:
        st.caption(f"Told no corpus's rules of marking: {points(report.mean_f1_any)} on average.")


def _bar(name: str, score: Score) -> Bar:
    return Bar(
        name,
        100 * score.f1,
        None if score.low is None else 100 * score.low,
        None if score.high is None else 100 * score.high,
    )


def _row(title: str, name: str, score: Score) -> dict[str, object]:
    return {
        title: name,
        "F1": 100 * score.f1 if score.support else None,
        "From": None if score.low is None or not score.support else 100 * score.low,
        "To": None if score.high is None or not score.support else 100 * score.high,
        "Precision": 100 * score.precision if score.predicted else None,
        "Recall": 100 * score.recall if score.support else None,
        "Support": score.support,
        "Marked": score.predicted,
    }


def _draw_table(rows: list[dict[str, object]], key: str, file: str) -> None:
    st.dataframe(
        rows,
        key=key,
        hide_index=True,
        column_config=COLUMNS,
        height=35 * len(rows) + 38,
        placeholder="–",
    )
    st.download_button(
        "CSV",
        to_csv(list(rows[0]), [list(row.values()) for row in rows]),
        file,
        "text/csv",
        key=f"{key}_csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _draw_types(session: Session, report: Report) -> None:
    scored = {name: one for name, one in report.by_type.items() if one.support}
    chart, table = st.columns([4, 9])
    with chart:
        charts.show(
            score_bars(
                [_bar(name, one) for name, one in scored.items()],
                "F1 and 95% interval",
                colors=session.schema.colors,
            ),
            "F1 of each type: "
            + ", ".join(f"{name} {points(one.f1)}" for name, one in scored.items()),
            key="metrics_types",
        )
    with table:
        _draw_table(
            [_row("Type", name, one) for name, one in report.by_type.items()],
            "metrics_type_table",
            f"{report.model}-{report.split}-types.csv",
        )
    absent = [name for name in session.schema.names if name not in scored]
    folded = [name for name in absent if name not in report.by_type]
    empty = [name for name in absent if name in report.by_type]
    told = []
    if folded:
        told.append(f"No corpus here has gold mentions of {plain(', '.join(folded))}: no score.")
    if empty:
        told.append(
            f"{', '.join(empty)}: marked by the model, but without a single gold mention, so there "
            "is no F1."
        )
    if told:
        st.caption(" ".join(told))


def _draw_corpora(report: Report) -> None:
    by_corpus = {corpus_title(report, name): one for name, one in report.by_corpus.items()}
    chart, table = st.columns([4, 9])
    with chart:
        charts.show(
            score_bars(
                [_bar(name, one.micro) for name, one in by_corpus.items()],
                "F1 and 95% interval",
            ),
            "F1 of each corpus: "
            + ", ".join(f"{name} {points(one.micro.f1)}" for name, one in by_corpus.items()),
            key="metrics_corpora",
        )
    with table:
        _draw_table(
            [
                {**_row("Corpus", name, one.micro), **_untold(report, corpus)}
                for (name, one), corpus in zip(by_corpus.items(), report.by_corpus, strict=True)
            ],
            "metrics_corpus_table",
            f"{report.model}-{report.split}-corpora.csv",
        )
    if report.by_corpus_any:
        st.caption(
            "F1 by each corpus's own rules of marking, which the model was told; *any*: the same "
            "model told nobody's."
        )
    if report.parts:
        st.caption(
            f"Only a part of {plain(', '.join(report.parts))} is here: its number is not "
            "comparable with published ones and stays out of the mean."
        )


def _untold(report: Report, corpus: str) -> dict[str, object]:
    """Return the cell of a corpus's F1 where the model was told no convention, if it knows any."""
    if not report.by_corpus_any:
        return {}
    found = report.by_corpus_any.get(corpus)
    return {"F1, any": 100 * found.micro.f1 if found and found.micro.support else None}


def _draw_learning(session: Session, shown: Standing) -> None:
    curve = learning_curve(session.settings, shown.entry)
    if len(curve) < 2:
        return
    st.subheader("How it learned")
    charts.show(
        charts.lines(
            [Point(one.step, 100 * one.devel_f1) for one in curve if one.devel_f1 is not None],
            "F1 on a part of devel while it was trained",
            x="Step",
            y="Mean F1",
            number=".1f",
        ),
        f"F1 on devel from {points(curve[0].devel_f1 or 0)} at step {curve[0].step:,} to "
        f"{points(curve[-1].devel_f1 or 0)} at step {curve[-1].step:,}.",
        key="metrics_learning",
    )


def _draw_matrix(session: Session, report: Report) -> None:
    st.subheader("Each type in each corpus")
    types = [name for name in session.schema.names if name in report.by_type]
    types += [name for name in report.by_type if name not in types]
    cells: list[Cell] = []
    rows: list[list[object]] = []
    for corpus, scores in report.by_corpus.items():
        for name in types:
            one = scores.by_type.get(name)
            value = 100 * one.f1 if one and one.support else None
            cells.append(Cell(corpus_title(report, corpus), name, value))
            if one:
                rows.append(
                    [
                        corpus_title(report, corpus),
                        name,
                        one.precision,
                        one.recall,
                        one.f1 if one.support else None,
                        one.support,
                        one.predicted,
                    ]
                )
    charts.show(
        charts.heatmap(
            cells,
            "F1, in the corpus's own terms",
            row="Corpus",
            column="Type",
            value="F1",
            number=".0f",
            is_log=False,
            unlooked="no gold mentions",
        ),
        "; ".join(f"{c.row}, {c.column}: {c.value:.0f}" for c in cells if c.value is not None),
        key="metrics_matrix",
        is_wide=True,
    )
    header = ["corpus", "type", "precision", "recall", "f1", "support", "marked"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "CSV",
            to_csv(header, rows),
            f"{report.model}-{report.split}-corpora-types.csv",
            "text/csv",
            key="metrics_matrix_csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption("Crossed out: the corpus has no such mentions. A chart's menu saves SVG or PNG.")
