"""Charts that only the Metrics page needs: confusion to click, differences, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import altair as alt
import streamlit as st

from bioner.evaluation.comparison import Difference
from bioner.tagging.calibration import Reliability
from bioner.ui.charts import (
    BESIDE,
    COLUMN_AXIS,
    PALETTE,
    Bar,
    Cell,
    finished,
    quiet,
    shading,
    turning,
)

BETTER, WORSE = PALETTE[0], PALETTE[1]


@dataclass(frozen=True)
class Choice:
    """A clicked cell of the confusion matrix."""

    row: str
    column: str


def score_bars(
    rows: Sequence[Bar], title: str, *, colors: Mapping[str, str] | None = None
) -> alt.LayerChart:
    """Draw F1 in per cent as bars with their 95% intervals, the number at the right edge."""
    names = [row.name for row in rows]
    palette = [(colors or {}).get(name, PALETTE[0]) for name in names]
    base = alt.Chart(alt.InlineData([asdict(row) for row in rows])).encode(
        y=alt.Y(
            "name:N",
            sort=names,
            title=None,
            axis=alt.Axis(labelLimit=220, labelOverlap=False),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="Name"),
            alt.Tooltip("value:Q", title="F1", format=".1f"),
            alt.Tooltip("low:Q", title="From", format=".1f"),
            alt.Tooltip("high:Q", title="To", format=".1f"),
        ],
    )
    axis = alt.Axis(format=".0f", values=[0, 20, 40, 60, 80, 100])
    scale = alt.Scale(domain=[0, 112])
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        x=alt.X("value:Q", title="F1", axis=axis, scale=scale),
        color=alt.Color("name:N", scale=alt.Scale(domain=names, range=palette), legend=None),
    )
    known = base.transform_filter("datum.low != null")
    low, high = alt.X("low:Q", title="F1"), alt.X2("high:Q")
    shadows = known.mark_rule(strokeWidth=4, color="#000000", opacity=0.6).encode(x=low, x2=high)
    rules = known.mark_rule(strokeWidth=1.5, color="#ffffff").encode(x=low, x2=high)
    texts = base.mark_text(align="right", color=quiet()).encode(
        x=alt.datum(112), text=alt.Text("value:Q", format=".1f")
    )
    chart = alt.LayerChart(layer=[bars, shadows, rules, texts])
    return chart.properties(title=title, height=28 * len(names) + 60)


def confusion(cells: Sequence[Cell], right: Sequence[Cell]) -> alt.LayerChart:
    """Draw mistakes as a shaded matrix, exact matches as plain numbers on its diagonal.

    The types stand in the order of ``right``, in rows and columns alike; what is no type follows.
    """
    rows = list(dict.fromkeys(cell.row for cell in [*right, *cells]))
    columns = list(dict.fromkeys(cell.column for cell in [*right, *cells]))
    top = max((cell.value or 0 for cell in cells), default=1) or 1
    x = alt.X(
        "column:N",
        sort=columns,
        title="The model says",
        axis=COLUMN_AXIS,
        scale=alt.Scale(domain=columns),
    )
    y = alt.Y(
        "row:N",
        sort=rows,
        title="Gold",
        axis=alt.Axis(labelLimit=180, labelOverlap=False),
        scale=alt.Scale(domain=rows),
    )
    tooltip = [
        alt.Tooltip("row:N", title="Gold"),
        alt.Tooltip("column:N", title="The model says"),
        alt.Tooltip("value:Q", title="Mentions", format=",d"),
    ]
    colors, strong, faint = shading()
    picked = alt.selection_point(name="cell", fields=["row", "column"], empty=False)
    wrong = alt.Chart(alt.InlineData([asdict(cell) for cell in cells if cell.value])).encode(
        x=x, y=y, tooltip=tooltip
    )
    shades = wrong.mark_rect(cursor="pointer").encode(
        color=alt.Color(
            "value:Q",
            scale=alt.Scale(range=colors, type="log", domain=[1, max(2, top)]),
            legend=None,
        ),
        stroke=alt.condition(picked, alt.value("#e69f00"), alt.value("#80808040")),
        strokeWidth=alt.condition(picked, alt.value(3), alt.value(1)),
    )
    middle = top ** turning()
    numbers = wrong.mark_text(fontSize=11, cursor="pointer").encode(
        text=alt.Text("value:Q", format=",d"),
        color=alt.condition(f"datum.value > {middle}", alt.value(strong), alt.value(faint)),
    )
    diagonal = (
        alt.Chart(alt.InlineData([asdict(cell) for cell in right]))
        .mark_text(fontSize=11, color=quiet(), fontStyle="italic")
        .encode(x=x, y=y, tooltip=tooltip, text=alt.Text("value:Q", format=",d"))
    )
    chart = alt.LayerChart(layer=[shades.add_params(picked), numbers, diagonal], padding=BESIDE)
    return chart.properties(height=max(150, 30 * len(rows) + 90))


def show_confusion(chart: alt.LayerChart, description: str, *, key: str) -> Choice | None:
    """Draw the confusion matrix and return the cell that was clicked, if one was."""
    event = st.container(key=f"wide_{key}").altair_chart(
        finished(chart),
        key=key,
        alt=description,
        width="stretch",
        on_select="rerun",
        selection_mode="cell",
    )
    points = event.get("selection", {}).get("cell", [])
    if not points:
        return None
    return Choice(str(points[0].get("row", "")), str(points[0].get("column", "")))


def differences(rows: Sequence[Difference], title: str) -> alt.LayerChart:
    """Draw differences in F1 points with their intervals around zero."""
    values = [
        {
            "name": one.name,
            "difference": 100 * one.difference,
            "low": 100 * one.low,
            "high": 100 * one.high,
            "verdict": verdict(one),
        }
        for one in rows
    ]
    base = alt.Chart(alt.InlineData(values)).encode(
        y=alt.Y(
            "name:N",
            sort=[one.name for one in rows],
            title=None,
            axis=alt.Axis(labelLimit=220, labelOverlap=False),
        ),
        color=alt.Color(
            "verdict:N",
            scale=alt.Scale(
                domain=["better", "no clear difference", "worse"], range=[BETTER, quiet(), WORSE]
            ),
            legend=alt.Legend(title=None, orient="top", columns=2),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="Name"),
            alt.Tooltip("difference:Q", title="F1 points", format="+.1f"),
            alt.Tooltip("low:Q", title="From", format="+.1f"),
            alt.Tooltip("high:Q", title="To", format="+.1f"),
        ],
    )
    title_x = "Difference in F1 points (B minus A)"
    bars = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title_x), x2="high:Q")
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("difference:Q", title=title_x, axis=alt.Axis(format="+.0f"))
    )
    zero = (
        alt.Chart(alt.InlineData([{"x": 0}]))
        .mark_rule(strokeDash=[4, 3], color=quiet())
        .encode(x="x:Q")
    )
    chart = alt.LayerChart(layer=[zero, bars, dots])
    return chart.properties(title=title, height=28 * len(rows) + 130)


def verdict(one: Difference) -> str:
    """Say what a difference's interval says."""
    if one.is_significant_fall:
        return "worse"
    return "better" if one.is_significant_rise else "no clear difference"


def reliability(found: Reliability) -> alt.LayerChart:
    """Draw how often predictions of each confidence are right, against what they claim."""
    values = [
        {
            "low": 100 * one.low,
            "high": 100 * one.high,
            "confidence": 100 * one.confidence,
            "accuracy": 100 * one.accuracy,
            "count": one.count,
        }
        for one in found.bins
    ]
    base = alt.Chart(alt.InlineData(values)).encode(
        tooltip=[
            alt.Tooltip("confidence:Q", title="Mean confidence (%)", format=".1f"),
            alt.Tooltip("accuracy:Q", title="Exactly right (%)", format=".1f"),
            alt.Tooltip("count:Q", title="Mentions", format=",d"),
        ]
    )
    axis, scale = alt.Axis(format=".0f"), alt.Scale(domain=[0, 100])
    bars = base.mark_bar(color=PALETTE[0], opacity=0.85, stroke=None).encode(
        x=alt.X("low:Q", bin="binned", title="The model's confidence (%)", axis=axis, scale=scale),
        x2="high:Q",
        y=alt.Y("accuracy:Q", title="Exactly right (%)", axis=axis, scale=scale),
    )
    counts = base.mark_text(dy=-8, fontSize=10, color=quiet()).encode(
        x=alt.X("middle:Q"), y="accuracy:Q", text=alt.Text("count:Q", format=",d")
    )
    counts = counts.transform_calculate(middle="(datum.low + datum.high) / 2")
    line = (
        alt.Chart(alt.InlineData([{"x": 0, "y": 0}, {"x": 100, "y": 100}]))
        .mark_line(strokeDash=[5, 4], color=quiet())
        .encode(x="x:Q", y="y:Q")
    )
    chart = alt.LayerChart(layer=[bars, line, counts])
    return chart.properties(title="Confidence against being right", height=320)
