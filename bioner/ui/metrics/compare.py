"""The Metrics page's comparison: model A against B, what was fixed, what broke, and the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.evaluation.comparison import Difference, Paired, fixed_and_broken
from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.reports import Evaluation
from bioner.evaluation.standing import Standing
from bioner.figures import SCORE_FORMAT, points_changed
from bioner.models import catalogue
from bioner.models.catalogue import ModelEntry
from bioner.ui import cache, charts
from bioner.ui.metrics.charts import differences, verdict
from bioner.ui.metrics.data import (
    Data,
    corpus_title,
    evaluation_job,
    find_shown,
    start_evaluation,
    to_csv,
)
from bioner.ui.metrics.gate import draw_gate, draw_record
from bioner.ui.metrics.mistakes import STYLE, draw_found
from bioner.ui.metrics.retrain import draw_retraining
from bioner.ui.models import model_label
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, act, choose_in_url, keep_in_url, show_problem, url_text
from bioner.ui.words import many

POINTS = st.column_config.NumberColumn(format="%+.1f")
PLAIN = st.column_config.NumberColumn(format=SCORE_FORMAT)


def draw_comparison(session: Session, shown: Standing, data: Data | None) -> None:
    """Draw the chosen model (B) against another (A), paired sentence by sentence."""
    draw_retraining(session)
    _draw_pair(session, shown, data)
    draw_record(session)


def _draw_pair(session: Session, shown: Standing, data: Data | None) -> None:
    entries = {entry.name: entry for entry in cache.models(session.settings) if entry.can_tag}
    others = [name for name in entries if name != shown.entry.name]
    if not others:
        st.info(
            "There is no other model to compare with: train one, and come back.",
            icon=":material/compare_arrows:",
        )
        return
    active = catalogue.active_model(session.settings)
    asked = url_text("against", active)
    name = st.selectbox(
        "Against (A)",
        others,
        index=others.index(asked) if asked in others else 0,
        key="metrics_against",
        format_func=lambda one: model_label(entries[one], active=active),
        help="The model of this page is B: a positive difference means that it is better than A.",
        width=420,
    )
    keep_in_url(against="" if name == active else name)
    split = shown.report.split
    other = find_shown(session.settings, entries[name], data, split)
    if not shown.stored or not other or not other.stored or not other.is_current:
        _offer(session, entries[name], shown, other, data, split)
        draw_gate(session, shown.entry.name, name)
        return
    try:
        compared = cache.comparison(other.stored, shown.stored)
    except BionerError as error:
        show_problem(error)
        return
    draw_gate(session, shown.entry.name, name)
    _draw_differences(shown, compared)
    _draw_changes(session, shown.stored, other.stored, compared.paired)


def _offer(
    session: Session,
    entry: ModelEntry,
    shown: Standing,
    other: Standing | None,
    data: Data | None,
    split: str,
) -> None:
    if other is not None:
        a, b = other.report.by_corpus, shown.report.by_corpus
        alike = [c for c in b if c in a and a[c].micro.support == b[c].micro.support]
        if alike:
            st.dataframe(
                [
                    {
                        "Corpus": corpus_title(shown.report, corpus),
                        entry.name: 100 * a[corpus].micro.f1,
                        shown.entry.name: 100 * b[corpus].micro.f1,
                        "Difference": 100 * (b[corpus].micro.f1 - a[corpus].micro.f1),
                    }
                    for corpus in alike
                ],
                key="metrics_plain_differences",
                hide_index=True,
                column_config={entry.name: PLAIN, shown.entry.name: PLAIN, "Difference": POINTS},
            )
        if len(alike) < len(set(a) & set(b)):
            st.caption(
                "Corpora on which the two were scored on other sentences are not set side by side."
            )
    if data is None or shown.stored is None or not shown.is_current:
        st.info(
            "Without both models' marks on the same sentences there are no intervals and no lists "
            "of what was fixed: evaluate both on the corpora here.",
            icon=":material/compare_arrows:",
        )
        return
    job = evaluation_job(session.settings, entry.name, split)
    if job is not None and job.is_active:
        st.info(f"{plain(entry.name)} is being evaluated.", icon=":material/hourglass_top:")
        return
    st.info(
        f"{plain(entry.name)} has not been scored on this data yet.", icon=":material/monitoring:"
    )
    if st.button(
        f"Evaluate {plain_label(entry.name)}",
        key="metrics_evaluate_other",
        icon=":material/play_arrow:",
        **shut(session, Action.JOBS),
    ):
        act(
            lambda: start_evaluation(session.settings, entry.name, data, split, actor=session.actor)
        )


def _draw_differences(shown: Standing, compared: cache.Comparison) -> None:
    if compared.paired.left_out:
        st.caption(
            f"Left out because one of the two was trained on them: "
            f"{many(compared.paired.left_out, 'sentence')}."
        )
    for rows, title, key in (
        (compared.by_corpus, "By corpus", "corpus"),
        (compared.by_type, "By type", "type"),
    ):
        named = [
            replace(one, name=corpus_title(shown.report, one.name)) for one in rows if one.support
        ]
        st.subheader(title)
        chart, table = st.columns([5, 9])
        with chart:
            charts.show(
                differences(named, "Difference with 95% intervals"),
                "; ".join(
                    f"{one.name} {points_changed(one.difference)} ({verdict(one)})" for one in named
                ),
                key=f"metrics_difference_{key}",
            )
        with table:
            _draw_table(named, key, shown.report.model)
    st.caption(
        "A is the model compared with, B the one of this page. Intervals: paired bootstrap over "
        "the sentences, both models on the same draw."
    )


def _draw_table(rows: Sequence[Difference], key: str, model: str) -> None:
    table = [
        {
            key.capitalize(): one.name,
            "A": 100 * one.a,
            "B": 100 * one.b,
            "Difference": 100 * one.difference,
            "From": 100 * one.low,
            "To": 100 * one.high,
            "Verdict": verdict(one),
        }
        for one in rows
    ]
    if not table:
        return
    st.dataframe(
        table,
        key=f"metrics_difference_{key}_table",
        hide_index=True,
        height=35 * len(table) + 38,
        column_config={
            "A": PLAIN, "B": PLAIN, "Difference": POINTS, "From": POINTS, "To": POINTS,
        },
    )  # fmt: skip
    st.download_button(
        "CSV",
        to_csv(list(table[0]), [list(row.values()) for row in table]),
        f"{model}-difference-{key}.csv",
        "text/csv",
        key=f"metrics_difference_{key}_csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _draw_changes(session: Session, b: Evaluation, a: Evaluation, paired: Paired) -> None:
    fixed, broken = fixed_and_broken(paired.a.mistakes, paired.b.mistakes)
    st.subheader("What was fixed, what broke")
    st.html(STYLE)
    options = {
        "broken": f":material/heart_broken: Broke: {len(broken):,}",
        "fixed": f":material/build: Fixed: {len(fixed):,}",
    }
    chosen = choose_in_url("Changes", options, name="changes", key="metrics_changes")
    found: Sequence[Mistake] = fixed if chosen == "fixed" else broken
    if not found:
        st.caption("Nothing.")
        return
    st.caption(
        "Mistakes of A that B does not make; the marks shown are A's."
        if chosen == "fixed"
        else "Mistakes of B that A does not make; the marks shown are B's."
    )
    source = a if chosen == "fixed" else b
    draw_found(session, source, _as_in(source, found), key=f"metrics_{chosen}")


def _as_in(stored: Evaluation, found: Sequence[Mistake]) -> list[Mistake]:
    """Return the report's own mistakes for these, whose rows may be numbered otherwise."""
    wanted = {(m.sentence, m.kind, m.gold, m.predicted) for m in found}
    return [m for m in stored.mistakes if (m.sentence, m.kind, m.gold, m.predicted) in wanted]
