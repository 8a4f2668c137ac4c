"""The reading view: text with its entity mentions marked, nothing in the text ever run.

The text is escaped and never goes through Markdown; labels are drawn by CSS from attributes, so
what is selected and copied is the text itself.
"""

from __future__ import annotations

import heapq
import html
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import streamlit as st
from annotated_text import parameters
from annotated_text.util import get_annotated_html

from bioner.labels import LabelSchema
from bioner.spans import Document, Mention, Range, Sentence, Span, mention

UNKNOWN_COLOR = "#6f7780"
"""For a label that the schema does not name."""

parameters.SHOW_LABEL_SEPARATOR = False
parameters.LABEL_OPACITY = 0.8

_READER = st.components.v2.component(
    "bioner_reader",
    html='<div class="bn-reader"></div>',
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)

_GROUNDS = {
    "bn-hatch": '<span class="bn-hatch" title="Left open: no evidence either way">',
    "bn-hit": '<span class="bn-hit">',
}

_Piece = tuple[int, int, int, int, bool]
"""Start, minus end, mention index, fragment number, and whether it is the mention's last piece."""


def color_of(schema: LabelSchema, label: str) -> str:
    """Return a label's ``#rrggbb``: a type's own, a group's first type's, or grey."""
    first = label.split("/")[0]
    if first in schema.colors:
        return schema.colors[first]
    members = schema.groups.get(label)
    return schema.colors[members[0]] if members else UNKNOWN_COLOR


def highlight_html(
    text: str,
    mentions: Sequence[Mention],
    schema: LabelSchema,
    *,
    show_score: bool = False,
    clickable: bool = False,
    classes: Mapping[int, str] | None = None,
    hatched: Iterable[Range] = (),
    hits: Iterable[Range] = (),
) -> str:
    """Return the HTML of a text with its mentions marked.

    Nested mentions are drawn inside each other; a mention that crosses another's end, and a
    discontinuous one, is drawn in pieces of which the last bears the label. ``show_score`` tints by
    confidence and changes the underline (solid from 0.9, dashed from 0.6, dotted below).
    ``clickable`` makes each piece a focusable button that names its mention's index. ``classes``
    gives single mentions further CSS classes; ``hatched`` marks ranges that are no evidence,
    ``hits`` what a search found.
    """
    grounds = [("bn-hatch", one) for one in hatched] + [("bn-hit", one) for one in hits]
    everything = [*mentions, *(mention(start, end, "") for _, (start, end) in grounds)]
    queue = _pieces(everything)
    heapq.heapify(queue)
    out: list[str] = []
    open_ends: list[int] = []
    position = 0

    def advance(to: int) -> None:
        nonlocal position
        while open_ends and open_ends[-1] <= to:
            out.append(_escape(text[position : open_ends[-1]]))
            position = open_ends.pop()
            out.append("</span>")
        out.append(_escape(text[position:to]))
        position = to

    while queue:
        start, minus_end, index, fragment, is_last = heapq.heappop(queue)
        end = -minus_end
        advance(start)
        if open_ends and end > open_ends[-1]:
            heapq.heappush(queue, (open_ends[-1], minus_end, index, fragment, is_last))
            end, is_last = open_ends[-1], False
        if index < len(mentions):
            extra = (classes or {}).get(index, "")
            out.append(
                _open(text, mentions[index], schema, index, is_last, show_score, clickable, extra)
            )
        else:
            out.append(_GROUNDS[grounds[index - len(mentions)][0]])
        open_ends.append(end)
    advance(len(text))
    return f'<div class="bn-text">{"".join(out)}</div>'


def _pieces(mentions: Sequence[Mention]) -> list[_Piece]:
    return [
        (start, -end, index, number, number == len(one.fragments) - 1)
        for index, one in enumerate(mentions)
        for number, (start, end) in enumerate(one.fragments)
    ]


def _open(
    text: str,
    one: Mention,
    schema: LabelSchema,
    index: int,
    is_last: bool,
    show_score: bool,
    clickable: bool,
    extra: str,
) -> str:
    names = ["bn-m"]
    style = f"--c:{color_of(schema, one.label)}"
    if one.is_discontinuous:
        names.append("bn-part")
    if one.status == "reviewed":
        names.append("bn-reviewed")
    if show_score and one.score is not None:
        names.append(
            "bn-sure" if one.score >= 0.9 else "bn-likely" if one.score >= 0.6 else "bn-unsure"
        )
        style += f";--s:{one.score:.3f}"
    if extra:
        names.append(extra)
    label = f' data-label="{html.escape(one.label)}"' if is_last else ""
    surface = " ".join(text[start:end] for start, end in one.fragments)
    spoken = html.escape(f"{one.label}: {surface[:80]}").replace("\n", " ")
    role = 'role="button" tabindex="0"' if clickable else 'role="group"'
    return (
        f'<span class="{" ".join(names)}" style="{style}"{label} data-m="{index}" {role} '
        f'aria-label="{spoken}" title="{html.escape(describe(one))}">'
    )


def describe(one: Mention) -> str:
    """Say a mention's type, confidence and second best in one line."""
    parts = [one.label]
    if one.score is not None:
        parts.append(f"{one.score:.0%} sure")
    if one.alternatives:
        best = one.alternatives[0]
        parts.append(f"or {best.label} ({best.score:.0%})")
    if one.source_label and one.source_label != one.label:
        parts.append(f"“{one.source_label}” in its corpus")
    return " · ".join(parts)


def _escape(text: str) -> str:
    """Escape, with line ends as references: st.html strips and dedents what it is given."""
    return html.escape(text).replace("\r", "&#13;").replace("\n", "&#10;")


def sentence_mentions(sentence: Sentence, spans: Iterable[Span] | None = None) -> list[Mention]:
    """Return a sentence's spans as mentions over ``sentence.text``."""
    starts = [0]
    for token in sentence.tokens:
        starts.append(starts[-1] + len(token) + 1)
    return [
        mention(
            starts[span.start],
            starts[span.end] - 1,
            span.label,
            source_label=span.source_label,
            status=span.status,
            score=span.score,
            alternatives=span.alternatives,
        )
        for span in (sentence.spans if spans is None else spans)
    ]


def sentence_html(
    sentence: Sentence,
    schema: LabelSchema,
    *,
    show_score: bool = False,
    hits: Iterable[Range] = (),
) -> str:
    """Return a corpus sentence's HTML: other allowed readings dashed, ignored parts hatched.

    ``hits`` are token ranges that a search found.
    """
    spans = sentence_mentions(sentence)
    readings = sentence_mentions(sentence, sentence.readings)
    return highlight_html(
        sentence.text,
        [*spans, *readings],
        schema,
        show_score=show_score,
        classes={len(spans) + i: "bn-reading" for i in range(len(readings))},
        hatched=_characters(sentence, sentence.ignored),
        hits=_characters(sentence, hits),
    )


def _characters(sentence: Sentence, ranges: Iterable[Range]) -> list[Range]:
    """Return token ranges as character ranges of ``sentence.text``."""
    spans = [Span(start, end, "range") for start, end in ranges]
    return [(one.start, one.end) for one in sentence_mentions(sentence, spans)]


def render_document(
    document: Document, schema: LabelSchema, *, show_score: bool = False, height: int | None = None
) -> None:
    """Draw a document with its mentions; ``height`` in pixels makes it scroll."""
    body = highlight_html(document.text, document.mentions, schema, show_score=show_score)
    if height is None:
        st.html(body)
    else:
        with st.container(height=height):
            st.html(body)


def reader(
    body: str, keys: Sequence[str], *, key: str, selected: str, on_select: Callable[[], None]
) -> None:
    """Draw a clickable ``highlight_html``: ``on_select`` is called when a mention is chosen.

    ``keys`` names each mention in the order drawn; ``selected_key(key)`` gives the one last chosen.
    """
    _READER(
        key=key,
        data={"html": body, "keys": list(keys), "selected": selected},
        default={"selected": ""},
        on_selected_change=on_select,
    )


def selected_key(key: str) -> str:
    """Return the name of the mention last chosen in the reader of this key."""
    state = st.session_state.get(key) or {}
    return str(state.get("selected") or "")


def legend_html(counts: Mapping[str, int], schema: LabelSchema) -> str:
    """Return a legend of labels with their counts (st-annotated-text's chips)."""
    chips: list[object] = []
    for label, count in counts.items():
        tint = f"color-mix(in srgb, {color_of(schema, label)} 24%, transparent)"
        chips += [(label, f"{count:,}", tint), " "]
    return f'<div class="bn-legend">{get_annotated_html(*chips)}</div>'


def legend(counts: Mapping[str, int], schema: LabelSchema) -> None:
    """Draw a legend of labels with their counts."""
    st.html(legend_html(counts, schema))


def coverage_html(covers: Collection[str], schema: LabelSchema) -> str:
    """Return a chip for each type: coloured if somebody looked for it, else hatched."""
    chips = "".join(
        f'<span class="bn-chip" style="--c:{color_of(schema, name)}">{html.escape(name)}</span>'
        if name in covers
        else f'<span class="bn-chip bn-hatch" title="Nobody looked for {html.escape(name)} here">'
        f"{html.escape(name)}</span>"
        for name in schema.names
    )
    return f'<div class="bn-legend">{chips}</div>'
