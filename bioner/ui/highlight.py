"""The reading view: text with its entity mentions marked, nothing in the text ever run.

The text is escaped and never goes through Markdown; labels are drawn by CSS from attributes, so
what is selected and copied is the text itself.
"""

from __future__ import annotations

import heapq
import html
from collections.abc import Iterable, Mapping, Sequence

from bioner.labels import LabelSchema
from bioner.spans import Mention, Range, mention
from bioner.ui.chips import color_of, describe, is_short

_GROUNDS = {
    "bn-hatch": '<span class="bn-hatch" title="Left open: no evidence either way">',
    "bn-hit": '<span class="bn-hit">',
}

_Piece = tuple[int, int, int, int, bool]
"""Start, minus end, mention index, fragment number, and whether it is the mention's last piece."""


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
    if is_short(one):
        names.append("bn-whole")
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


def _escape(text: str) -> str:
    """Return a text as HTML, line ends as references: st.html strips and dedents what it gets."""
    return html.escape(text).replace("\r", "&#13;").replace("\n", "&#10;")
