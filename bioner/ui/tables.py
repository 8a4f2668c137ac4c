"""Small tables whose text wraps, drawn as escaped HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

Cell = str | int | float

LINKED = ("http://", "https://")
LONG = 40
"""Characters from which a text gets room for a few words a line; a narrow window is moved then."""


def table_html(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table: numbers right-aligned with thousands separated, ``https://`` lines linked.

    A text of several lines is drawn as its first one, with the others below it, smaller.
    """
    head = "".join(_head(header, [row[i] for row in rows]) for i, header in enumerate(headers))
    body = "".join(f"<tr>{''.join(_cell(one) for one in row)}</tr>" for row in rows)
    table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    scroll = 'class="bn-scroll" tabindex="0" role="group" aria-label="Table"'  # by keys as well
    return f'<div {scroll}><table class="bn-table">{table}</table></div>'


def _head(header: str, cells: Sequence[Cell]) -> str:
    """Return a column's head, on the side on which its cells stand."""
    is_number = all(isinstance(one, int | float) for one in cells)
    kind = ' class="bn-number"' if is_number else ""
    return f"<th{kind}>{html.escape(header)}</th>"


def _cell(value: Cell) -> str:
    if isinstance(value, int | float):
        number = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return f'<td class="bn-number">{number}</td>'
    first, *others = value.split("\n")
    below = "".join(f'<div class="bn-meta">{_line_html(one)}</div>' for one in others if one)
    kind = ' class="bn-long"' if len(value) > LONG else ""
    if first.startswith(LINKED):
        kind = ' class="bn-link"'
    return f"<td{kind}>{_line_html(first)}{below}</td>"


def _line_html(text: str) -> str:
    """Return a line of a cell; what is an address alone is a link."""
    shown = html.escape(text)
    if not text.startswith(LINKED):
        return shown.replace("_", "_<wbr>")
    name = html.escape(text.partition("://")[2].removeprefix("www.").rstrip("/"))
    return f'<a href="{shown}" target="_blank" rel="noopener noreferrer">{name}</a>'


def draw_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Draw a small table whose text wraps."""
    st.html(table_html(headers, rows))
