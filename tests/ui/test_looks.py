"""Looks that a rule can tell: heads of tables, and numbers on the shades of a matrix."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bioner.labels import CorpusMapping
from bioner.ui import charts
from bioner.ui.charts import Cell, Point
from bioner.ui.corpora.mapping import folded_said
from bioner.ui.metrics.charts import confusion
from bioner.ui.tables import table_html


def test_the_head_of_a_column_of_numbers_stands_over_its_numbers() -> None:
    found = table_html(["What", "How many"], [["read", 131_857], ["left out", 12]])
    assert '<th>What</th><th class="bn-number">How many</th>' in found
    assert '<td class="bn-number">131,857</td>' in found


def test_names_of_a_table_break_at_their_underscores_and_long_texts_get_room() -> None:
    found = table_html(["Label", "Why"], [["Multi-tissue_structure", "an anatomical one " * 4]])
    assert "Multi-tissue_<wbr>structure" in found
    assert '<td class="bn-long">an anatomical one' in found


def test_what_stands_below_a_cells_first_line_is_smaller_and_an_address_there_is_a_link() -> None:
    found = table_html(["Cite"], [["A & B (2014)\nhttps://www.a.org/x_y/"], ["your own"]])
    link = (
        '<a href="https://www.a.org/x_y/" target="_blank" rel="noopener noreferrer">a.org/x_y</a>'
    )
    assert f'<td>A &amp; B (2014)<div class="bn-meta">{link}</div></td>' in found
    assert "<td>your own</td>" in found


def test_a_mapping_says_in_one_breath_which_types_count_as_which() -> None:
    fold = {"Organ": "Anatomy", "Cell": "Anatomy", "Taxon": "Organism"}
    mapping = CorpusMapping("mine", {}, covers=frozenset(), fold=fold)
    assert folded_said(mapping) == "Organ, Cell as Anatomy; Taxon as Organism"


def test_rows_and_columns_of_the_confusions_stand_in_one_order_of_types(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = SimpleNamespace(theme=SimpleNamespace(type="light"))
    monkeypatch.setattr(charts, "st", SimpleNamespace(context=context))
    order = ["Gene", "Protein", "Disease", "Cell"]
    wrong = [Cell("spurious", "Gene", 1), Cell("Disease", "missed", 2), Cell("Cell", "Gene", 1)]
    drawn = confusion(wrong, [Cell(one, one, 3) for one in order]).to_dict()
    axes = drawn["layer"][0]["encoding"]
    assert axes["y"]["scale"]["domain"] == [*order, "spurious"]
    assert axes["x"]["scale"]["domain"] == [*order, "missed"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_number_can_be_read_on_every_shade_of_a_matrix(
    monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    context = SimpleNamespace(theme=SimpleNamespace(type=theme))
    monkeypatch.setattr(charts, "st", SimpleNamespace(context=context))
    shades, strong, faint = charts.shading()
    for step in range(101):
        share = step / 100
        ink = strong if share > charts.turning() else faint
        assert contrast(ink, between(shades, share)) >= 4.5, (share, ink)


@pytest.mark.parametrize("number", [1, 2, 6, 14, 30])
def test_lines_keep_their_height_however_many_have_a_name_in_the_legend(number: int) -> None:
    points = [Point(x, x, series=f"Pathology {i}") for i in range(number) for x in (1, 2)]
    drawn = charts.lines(points, "F1", x="Step", y="F1").to_dict()
    columns = drawn["encoding"]["color"]["legend"]["columns"] if number > 1 else 1
    assert drawn["height"] - 22 * ((number - 1) // columns) >= 260 or number == 1


def between(shades: list[str], share: float) -> tuple[float, ...]:
    """Return the colour at a share of a scale of shades."""
    at = share * (len(shades) - 1)
    low = min(int(at), len(shades) - 2)
    one, two = channels(shades[low]), channels(shades[low + 1])
    return tuple(a + (b - a) * (at - low) for a, b in zip(one, two, strict=True))


def channels(color: str) -> tuple[float, ...]:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def contrast(ink: str, below: tuple[float, ...]) -> float:
    """Return the contrast of two colours as WCAG 2 counts it."""
    high, low = sorted((luminance(channels(ink)), luminance(below)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(color: tuple[float, ...]) -> float:
    parts = (one / 255 for one in color)
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return sum(c * w for c, w in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))
