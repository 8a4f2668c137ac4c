"""Chips and snippets: a label, or words with theirs, in the label's colour.

Both are made by st-annotated-text's ``annotation`` and joined by its ``get_annotated_html``; they
are drawn with ``st.html``, so nothing in a text is ever read as Markdown or run. Our style sheet
lets long mentions wrap and keeps the labels out of what is selected and copied.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from annotated_text import parameters
from annotated_text.util import annotation, get_annotated_html

from bioner.figures import percent
from bioner.labels import LabelSchema
from bioner.spans import Mention, rivals

UNKNOWN_COLOR = "#6f7780"
"""For a label that the schema does not name."""

Element = Any
"""An element of htbuilder, which has no types: what ``annotation`` returns."""

parameters.SHOW_LABEL_SEPARATOR = False
parameters.LABEL_OPACITY = 1


def color_of(schema: LabelSchema, label: str) -> str:
    """Return a label's ``#rrggbb``: a type's own, a group's first type's, or grey."""
    first = label.split("/")[0]
    if first in schema.colors:
        return schema.colors[first]
    members = schema.groups.get(label)
    return schema.colors[members[0]] if members else UNKNOWN_COLOR


def chip(body: str, label: str, color: str, *, names: str = "bn-chip", title: str = "") -> Element:
    """Make a chip of words and, where there is one, their label; ``names`` are its CSS classes.

    The one place where chips are made.
    """
    made = annotation(
        body, label, f"color-mix(in srgb, {color} 24%, transparent)", **{"--c": color}
    )
    made(_class=html.escape(names))
    if title:
        made(title=html.escape(title))
    return made


def chips_html(parts: Iterable[str | Element]) -> str:
    """Return texts and chips in their order as HTML, without line ends: st.html dedents them."""
    joined = str(get_annotated_html(*parts))
    return joined.replace("\r", "&#13;").replace("\n", "&#10;")


def label_html(label: str, schema: LabelSchema) -> str:
    """Return a label's chip."""
    return chips_html([chip(label, "", color_of(schema, label))])


def coverage_html(covers: Collection[str], schema: LabelSchema) -> str:
    """Return a chip for each type: coloured if somebody looked for it, else hatched."""
    chips = [
        chip(name, "", color_of(schema, name))
        if name in covers
        else chip(
            name,
            "",
            color_of(schema, name),
            names="bn-chip bn-hatch",
            title=f"Nobody looked for {name} here",
        )
        for name in schema.names
    ]
    return f'<div class="bn-legend">{chips_html(chips)}</div>'


def snippet_html(
    text: str,
    mentions: Sequence[Mention],
    schema: LabelSchema,
    *,
    classes: Mapping[int, str] | None = None,
) -> str:
    """Return a short text with its mentions marked, none of which may touch another (``is_flat``).

    ``classes`` gives single mentions further CSS classes.
    """
    parts: list[str | Element] = []
    position = 0
    for index, one in sorted(enumerate(mentions), key=lambda pair: pair[1].start):
        whole = "bn-whole " * is_short(one)
        names = f"bn-mark {whole}{(classes or {}).get(index, '')}".strip()
        parts.append(text[position : one.start])
        parts.append(
            chip(
                text[one.start : one.end],
                one.label,
                color_of(schema, one.label),
                names=names,
                title=describe(one),
            )
        )
        position = one.end
    return f'<div class="bn-text">{chips_html([*parts, text[position:]])}</div>'


def is_short(one: Mention) -> bool:
    """Tell whether a narrow window holds the mention in one line: no line ends at its hyphens."""
    return sum(end - start for start, end in one.fragments) <= 24


def is_flat(mentions: Sequence[Mention]) -> bool:
    """Tell whether no mention is in several parts, overlaps another or is within one."""
    ordered = sorted(mentions, key=lambda one: one.start)
    return not any(one.is_discontinuous for one in ordered) and all(
        a.end <= b.start for a, b in pairwise(ordered)
    )


def describe(one: Mention) -> str:
    """Say a mention's type, confidence and second best in one line."""
    parts = [one.label]
    if one.score is not None:
        parts.append(f"{percent(one.score)} sure")
    for label, score in rivals(one)[:1]:
        parts.append(f"or {label}" if score is None else f"or {label} ({percent(score)})")
    if one.source_label and one.source_label != one.label:
        parts.append(f"“{one.source_label}” in its corpus")
    return " · ".join(parts)
