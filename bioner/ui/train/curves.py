"""The curves of one run or several over their steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import altair as alt
import streamlit as st

from bioner.jobs.metrics import Metric, parent_score
from bioner.ui import charts
from bioner.ui.charts import PALETTE, Point
from bioner.ui.session import Session

MEAN = "mean of the corpora"
PARENT = "the model before"


def draw_curves(
    runs: Sequence[tuple[str, Sequence[Metric]]], session: Session, *, key: str
) -> None:
    """Draw loss, pace and devel F1 of one run or several over their steps."""
    colors = {name: PALETTE[i] for i, (name, _) in enumerate(runs)}
    loss = [Point(m.step, m.loss, n) for n, ms in runs for m in ms if m.loss is not None]
    pace = [Point(m.step, m.tokens_per_s, n) for n, ms in runs for m in ms if m.tokens_per_s]
    left, right = st.columns(2)
    if loss:
        chart = _over_steps(loss, "Loss", y="Loss", colors=colors)
        with left:
            charts.show(chart, f"Training loss, now {loss[-1].y:.3f}", key=f"train_loss_{key}")
    if pace:
        chart = _over_steps(pace, "Pace", y="Word-pieces/s", colors=colors, number=",.0f")
        with right:
            charts.show(chart, "Real word-pieces a second", key=f"train_pace_{key}")
    scores = [
        Point(m.step, 100 * m.devel_f1, n) for n, ms in runs for m in ms if m.devel_f1 is not None
    ]
    parents = [line for name, metrics in runs for line in _parent_line(name, metrics, len(runs))]
    if not scores and not parents:
        st.caption("F1 on the devel splits comes with the first evaluation.")
        return
    title = "Devel F1"
    if len(runs) == 1:
        title = "Devel F1 by type"
        colors = {**session.schema.colors, MEAN: "#7f7f7f", PARENT: "#d62728"}
        scores = [replace(point, series=MEAN) for point in scores]
        scores += [
            Point(m.step, 100 * score, label)
            for m in runs[0][1]
            for label, score in (m.devel_by_type or {}).items()
        ]
    scores += parents
    names = list(dict.fromkeys(point.series for point in scores))
    scale = alt.Scale(domain=names, range=[colors.get(name, PALETTE[-1]) for name in names])
    chart = (
        _over_steps(scores, title, y="F1", colors=colors, number=".1f")
        .encode(
            y=alt.Y("y:Q", title="F1", scale=alt.Scale(domain=[0, 100])),
            color=alt.Color("series:N", scale=scale, legend=charts.legend(names)),
        )
        .properties(height=340)
    )
    told = "F1 on a sample of the devel splits"
    told += "".join(f"; {one.series} {one.y:.1f}" for one in parents[::2])
    charts.show(chart, told, key=f"train_f1_{key}")


def _parent_line(name: str, metrics: Sequence[Metric], runs: int) -> list[Point]:
    """Return the line at the height of the parent's score, from the first step to the last."""
    parent = parent_score(metrics)
    if parent is None:
        return []
    label = PARENT if runs == 1 else f"{PARENT} of {name}"
    last = max(1, max(m.total_steps for m in metrics))
    return [Point(0, 100 * parent, label), Point(last, 100 * parent, label)]


def _over_steps(
    points: Sequence[Point], title: str, *, y: str, colors: dict[str, str], number: str = ".3f"
) -> alt.Chart:
    """Draw lines over whole steps, as high with a legend as without one."""
    chart = charts.lines(
        points, title, x="Step", y=y, number=number, colors=colors, from_zero=True
    ).encode(x=alt.X("x:Q", title="Step", axis=alt.Axis(format=",d", tickMinStep=1, tickCount=6)))
    has_legend = len({point.series for point in points}) > 1
    drawn: alt.Chart = chart.properties(height=340 if has_legend else 260)
    return drawn
