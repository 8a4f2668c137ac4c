"""The charts of the pages: each takes plain rows, has a title, and says in words what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import altair as alt
import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Iterable

SEQUENTIAL = ("#d5ecf1", "#8cc5d3", "#4397ad", "#17667d", "#0b3a4a")
"""One hue from faint to strong, readable with any colour vision; turned round on a dark page."""

FRAME = 90
"""Pixels of a chart's height that its title and axis take."""

LEGEND_LINE_PX = 22
LEGEND_PX = 320
"""What a legend may be wide: the narrowest window shows it whole."""

NAME_AXIS = alt.Axis(labelLimit=220, labelOverlap=False, labelFlush=False)
COLUMN_AXIS = alt.Axis(
    labelAngle=-60, orient="top", labelLimit=140, labelOverlap=False, labelFlush=False
)
"""Every column's name stands above it, however narrow the column."""
BESIDE = {"left": 5, "top": 5, "right": 45, "bottom": 5}
"""Room for the last column's name, which leans out of the chart."""

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b8a800")
"""Okabe and Ito's colour-blind-safe hues, for series without a colour of their own."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its value, an interval around it, and the series it belongs to."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    series: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a heatmap; ``value`` None means that nobody looked."""

    row: str
    column: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a line."""

    x: float
    y: float
    series: str = ""


def legend(names: Sequence[str]) -> alt.Legend:
    """Return a legend above the chart, in as many columns as the narrowest window has room for."""
    longest = max((len(name) for name in names), default=1)
    columns = max(1, min(6, int(LEGEND_PX / (26 + 6.3 * longest))))
    return alt.Legend(
        title=None, orient="top", columns=columns, symbolLimit=40, labelLimit=280, offset=8
    )


def legend_px(names: Sequence[str]) -> int:
    """Return what the lines of a legend after its first take of a chart's height, in pixels."""
    columns = int(legend(names).to_dict()["columns"])
    return LEGEND_LINE_PX * ((len(names) - 1) // columns)


def count_axis(number: str) -> alt.Axis:
    """Return the axis of a quantity; of whole numbers none stands there twice."""
    if number.endswith("d"):
        return alt.Axis(format=number, tickCount=5, tickMinStep=1)
    return alt.Axis(format=number, tickCount=5)


def bars(
    rows: Sequence[Bar],
    title: str,
    *,
    value: str = "Mentions",
    colors: Mapping[str, str] | None = None,
    number: str = ",d",
    limit: float | None = None,
) -> alt.LayerChart:
    """Draw horizontal bars in the rows' order, with their numbers and any intervals.

    ``colors`` maps names (or, if the rows have series, series) to ``#rrggbb``.
    """
    has_series = any(row.series for row in rows)
    keyed = "series" if has_series else "name"
    names = list(dict.fromkeys(row.name for row in rows))
    series = list(dict.fromkeys(getattr(row, keyed) for row in rows))
    scale = alt.Scale(domain=series, range=_colors(series, colors, plain=not has_series))
    top = limit if limit is not None else max((row.high or row.value for row in rows), default=1)
    base = alt.Chart(_values(rows)).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=NAME_AXIS),
        x=alt.X(
            "value:Q",
            title=value,
            axis=count_axis(number),
            scale=alt.Scale(domain=[0, (top or 1) * (1.12 if limit is None else 1)]),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="Name"),
            *([alt.Tooltip("series:N", title="Series")] if has_series else []),
            alt.Tooltip("value:Q", title=value, format=number),
        ],
    )
    if has_series:
        base = base.encode(yOffset=alt.YOffset("series:N", sort=series))
    marks = base.mark_bar(cornerRadiusEnd=2).encode(
        color=alt.Color(
            f"{keyed}:N",
            scale=scale,
            legend=legend(series) if has_series else None,
        )
    )
    layers = [marks]
    if any(row.low is not None for row in rows):
        layers.append(
            base.transform_filter("datum.low != null")
            .mark_rule(strokeWidth=1.5, color="#6f7780")
            .encode(x=alt.X("low:Q", title=value), x2="high:Q")
        )
    if not has_series:
        layers.append(
            base.mark_text(align="left", dx=4, color=quiet()).encode(
                text=alt.Text("value:Q", format=number)
            )
        )
    step = max(24, 14 * len(series)) if has_series else 24
    height = step * len(names) + FRAME + (30 if has_series else 0)
    return alt.LayerChart(layer=layers).properties(title=title, height=height)


def stacked(rows: Sequence[Bar], title: str, *, value: str) -> alt.Chart:
    """Draw horizontal bars whose series stand one after another, as parts of a whole."""
    names = list(dict.fromkeys(row.name for row in rows))
    series = list(dict.fromkeys(row.series for row in rows))
    chart: alt.Chart = (
        alt.Chart(_values(rows))
        .mark_bar()
        .encode(
            y=alt.Y("name:N", sort=names, title=None, axis=NAME_AXIS),
            x=alt.X("sum(value):Q", title=value, axis=count_axis(",d")),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=series, range=_colors(series, None)),
                legend=legend(series),
            ),
            order=alt.Order("series_order:Q"),
            tooltip=[
                alt.Tooltip("name:N", title="Name"),
                alt.Tooltip("series:N", title="Part"),
                alt.Tooltip("value:Q", title=value, format=",d"),
            ],
        )
        .transform_calculate(series_order=f"indexof({series!r}, datum.series)")
        .properties(title=title, height=24 * len(names) + FRAME + 30)
    )
    return chart


def shading() -> tuple[list[str], str, str]:
    """Return the colours from few to many, and those of text on many and on few, in this theme."""
    if st.context.theme.type == "dark":
        return list(SEQUENTIAL[::-1]), "#000000", "#ffffff"
    return list(SEQUENTIAL), "#ffffff", "#000000"


def turning() -> float:
    """Return the share of the shades, from few to many, at which the text's colour turns.

    There both colours have a contrast of 4.5:1 with the shade, which is darker than the middle one.
    """
    return 0.38 if st.context.theme.type == "dark" else 0.62


def quiet() -> str:
    """Return the colour of numbers and strokes that are not the point, readable in this theme."""
    return "#a9b1ba" if st.context.theme.type == "dark" else "#5f6770"


def heatmap(
    cells: Sequence[Cell],
    title: str,
    *,
    row: str,
    column: str,
    value: str = "Mentions",
    number: str = ",d",
    is_log: bool = True,
    unlooked: str = "not looked for",
) -> alt.LayerChart:
    """Draw a matrix: a shade and a number where there is something, 0 where there is nothing.

    A cell whose value is None is crossed out: nobody looked there, which is not zero.
    """
    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    base = alt.Chart(_values(cells)).encode(
        x=alt.X(
            "column:N",
            sort=columns,
            title=column,
            axis=COLUMN_AXIS,
        ),
        y=alt.Y("row:N", sort=rows, title=row, axis=NAME_AXIS),
    )
    found = base.transform_filter("datum.value != null && datum.value > 0")
    numbers = [cell.value for cell in cells if cell.value]
    middle = _middle(numbers, is_log=is_log)
    tooltip = [
        alt.Tooltip("row:N", title=row),
        alt.Tooltip("column:N", title=column),
        alt.Tooltip("value:Q", title=value, format=number),
    ]
    colors, strong, faint = shading()
    scale = alt.Scale(range=colors, type="log" if is_log else "linear")
    shades = found.mark_rect(stroke="#80808040").encode(
        color=alt.Color("value:Q", scale=scale, legend=None), tooltip=tooltip
    )
    texts = found.mark_text(fontSize=10 if len(columns) > 10 else 11).encode(
        text=alt.Text("value:Q", format=number),
        color=alt.condition(f"datum.value > {middle}", alt.value(strong), alt.value(faint)),
    )
    nothing = base.transform_filter("datum.value === 0")
    zeros = nothing.mark_text(fontSize=11, color=quiet(), text="0").encode(tooltip=tooltip)
    unseen = base.transform_filter("datum.value === null").transform_calculate(note=f"'{unlooked}'")
    crosses = unseen.mark_point(
        shape="M-1,1L1,-1", size=380, stroke=quiet(), strokeWidth=1.2, opacity=0.55
    ).encode(
        tooltip=[
            alt.Tooltip("row:N", title=row),
            alt.Tooltip("column:N", title=column),
            alt.Tooltip("note:N", title=value),
        ]
    )
    chart = alt.LayerChart(layer=[shades, zeros, crosses, texts], padding=BESIDE)
    return chart.properties(title=title, height=30 * len(rows) + FRAME + 60)


def histogram(
    counts: Mapping[int, int],
    title: str,
    *,
    x: str,
    y: str = "Sentences",
    step: int = 5,
    limit: int | None = None,
) -> alt.Chart:
    """Draw how often each whole number occurs, in bins of ``step``; the last bin takes the rest.

    Numbers from ``limit`` on are counted in the bin that begins there.
    """
    bins: dict[int, int] = {}
    for exact, count in counts.items():
        number = exact if limit is None else min(exact, limit)
        bins[number // step * step] = bins.get(number // step * step, 0) + count
    rows = [{"low": low, "high": low + step, "count": bins[low]} for low in sorted(bins)]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(rows))
        .mark_bar(color=PALETTE[0], stroke=None)
        .encode(
            x=alt.X("low:Q", bin="binned", title=x, axis=alt.Axis(format="d")),
            x2="high:Q",
            y=alt.Y("count:Q", title=y, axis=count_axis(",d")),
            tooltip=[
                alt.Tooltip("low:Q", title=f"{x} from"),
                alt.Tooltip("high:Q", title="to below"),
                alt.Tooltip("count:Q", title=y, format=",d"),
            ],
        )
        .properties(title=title, height=220)
    )
    return chart


def lines(
    points: Sequence[Point],
    title: str,
    *,
    x: str,
    y: str,
    number: str = ".3f",
    colors: Mapping[str, str] | None = None,
    from_zero: bool = False,
) -> alt.Chart:
    """Draw lines over a quantity, one a series."""
    series = list(dict.fromkeys(point.series for point in points))
    chart: alt.Chart = (
        alt.Chart(_values(points))
        .mark_line(point=len(points) <= 60 * max(1, len(series)), strokeWidth=2)
        .encode(
            x=alt.X("x:Q", title=x, axis=alt.Axis(format=",d", tickCount=6)),
            y=alt.Y("y:Q", title=y, scale=alt.Scale(zero=from_zero)),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=series, range=_colors(series, colors)),
                legend=legend(series) if len(series) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("series:N", title="Series"),
                alt.Tooltip("x:Q", title=x, format=",~r"),
                alt.Tooltip("y:Q", title=y, format=number),
            ],
        )
        .properties(title=title, height=260 + (legend_px(series) if len(series) > 1 else 0))
    )
    return chart


def show(
    chart: alt.Chart | alt.LayerChart, description: str, *, key: str, is_wide: bool = False
) -> None:
    """Draw a chart and describe it for people who cannot see it; its menu saves SVG and PNG.

    A wide one keeps its width in a narrow window and is moved sideways there.
    """
    place = st.container(key=f"wide_{key}") if is_wide else st.container()
    place.altair_chart(finished(chart), key=key, alt=description, width="stretch")


def finished(chart: alt.Chart | alt.LayerChart) -> alt.Chart | alt.LayerChart:
    """Return the chart as it is drawn: its names readable, its menu saving SVG and PNG.

    Streamlit's own grey of the names on axes and legends has a contrast of 3.7:1.
    """
    color = quiet()
    config = alt.Config(
        axis=alt.AxisConfig(labelColor=color, titleColor=color),
        legend=alt.LegendConfig(labelColor=color, titleColor=color),
    )
    actions = {"export": True, "source": False, "compiled": False, "editor": False}
    return chart.properties(config=config, usermeta={"embedOptions": {"actions": actions}})


def _values(rows: Iterable[Bar | Cell | Point]) -> alt.InlineData:
    return alt.InlineData([asdict(row) for row in rows])


def _colors(
    names: Sequence[str], colors: Mapping[str, str] | None, *, plain: bool = False
) -> list[str]:
    given = colors or {}
    return [
        given.get(name, PALETTE[0] if plain else PALETTE[i % len(PALETTE)])
        for i, name in enumerate(names)
    ]


def _middle(numbers: Sequence[float], *, is_log: bool) -> float:
    if not numbers:
        return 0.0
    low, high, share = min(numbers), max(numbers), turning()
    if is_log and low > 0:
        return float(low * (high / low) ** share)
    return low + (high - low) * share
