"""The span editor: what the page shows in it, and the operations that come back from it.

The browser's half is a file a noun, joined in the order of ``SCRIPTS``. Operations arrive as the
component's state: a list that the browser repeats until each of its operations is named as
acknowledged or refused, so receiving one twice is normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from bioner.identifiers import Clash
from bioner.labels import EntityType
from bioner.review.operations import (
    Answer,
    Operation,
    Swap,
    Unit,
    mention_to_json,
    read_operations,
)
from bioner.spans import Mention, Range
from bioner.ui.span_editor.concepts import (
    WANTED,
    ConceptHelp,
    Wanted,
    concepts_to_json,
    read_wanted,
)

STATE = "operations"
"""The name of the component's state that holds the operations."""

SCRIPTS = (
    "model.js",
    "view.js",
    "outbox.js",
    "selection.js",
    "edits.js",
    "keys.js",
    "mouse.js",
    "toolbars.js",
    "concepts.js",
    "editor.js",
)
"""Values, the drawn text, then the editor's parts and last what puts them together."""

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Layer:
    """Mentions shown as thin lines under the text: gold, prediction, another reviewer's."""

    name: str
    title: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A key and button of the page: its name comes back as an operation of kind ``command``.

    ``leaves``: another text follows, so that edits wait for it. ``for_all``: it is meant for every
    unsettled unit, so the editor asks once where some of them have not been on the screen.
    """

    name: str
    label: str
    key: str
    title: str
    leaves: bool = False
    primary: bool = False
    needs_selection: bool = False
    for_all: bool = False


@dataclass(frozen=True)
class EditorView:
    """What the editor shows; every offset is the document's, ``text`` begins at ``offset`` there.

    ``revision`` is the last one of this text, ``last_saved`` of the one before it. ``covers`` names
    the types that somebody looked for (None: all); ``undo`` and ``redo`` end with the change whose
    turn it is. ``cut``: whether the document goes on before and after ``text``. ``clashes``: where
    alike marks stand for several concepts; ``concepts``: None where nobody may give any.
    """

    view: str
    text: str
    tokens: Sequence[Range]
    mentions: Sequence[Mention]
    types: Sequence[EntityType]
    units: Sequence[Unit]
    offset: int = 0
    title: str = "Text"
    revision: int = 0
    last_saved: int = 0
    reviewer: str = ""
    session: str = ""
    covers: frozenset[str] | None = None
    layers: Sequence[Layer] = ()
    commands: Sequence[Command] = ()
    undo: Sequence[Swap] = ()
    redo: Sequence[Swap] = ()
    has_more: tuple[bool, bool] = (False, False)
    focus: Range | None = None
    cut: tuple[bool, bool] = (False, False)
    read_only: bool = False
    message: str = ""
    outside: str = "Only the marked sentence can be edited here"
    clashes: Sequence[Clash] = ()
    concepts: ConceptHelp | None = None


def wanted(key: str) -> Wanted | None:
    """Return what concepts the editor of this key asks for, before it is drawn."""
    return read_wanted(_state(key).get(WANTED))


def received(key: str) -> list[Operation]:
    """Return the operations that have arrived for the editor of this key, before it is drawn.

    In a session's first run the state is known only after drawing: see ``draw_editor``.
    """
    return read_operations(_state(key).get(STATE))


def _state(key: str) -> Mapping[str, Any]:
    try:
        state = st.session_state.get(key)
    except KeyError:
        return {}
    return state if isinstance(state, Mapping) else {}


def draw_editor(key: str, view: EditorView, answer: Answer) -> list[Operation]:
    """Draw the editor and return all operations in its state.

    ``answer`` must name every operation that ``received`` gave: those not named come again.
    """
    result = _component()(
        key=key,
        data=_data(key, view, answer),
        on_operations_change=lambda: None,
        on_wanted_change=lambda: None,
        height="content",
    )
    return read_operations(result.get(STATE))


@cache
def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _component() -> Any:
    script = "\n".join(map(_source, SCRIPTS))
    return st.components.v2.component(
        "bioner_span_editor", js=script, css=_source("editor.css"), isolate_styles=False
    )


def _data(key: str, view: EditorView, answer: Answer) -> dict[str, Any]:
    low = view.offset

    def mentions(ones: Iterable[Mention]) -> list[dict[str, Any]]:
        return [mention_to_json(one, low) for one in ones]

    def changes(ones: Iterable[Swap]) -> list[dict[str, Any]]:
        return [
            {
                "removed": mentions(one.removed),
                "added": mentions(one.added),
                "units": list(one.units),
            }
            for one in ones
        ]

    return {
        "editor": key,
        "view": view.view,
        "title": view.title,
        "text": view.text,
        "offset": low,
        "cut": view.cut,
        "tokens": [edge - low for token in view.tokens for edge in token],
        "mentions": mentions(view.mentions),
        "types": [
            {"name": t.name, "color": t.color, "definition": t.definition, "example": t.example}
            for t in view.types
        ],
        "units": [
            {
                "id": u.id,
                "start": u.start - low,
                "end": u.end - low,
                "base": u.base,
                "settled": u.is_settled,
                "state": u.state,
            }
            for u in view.units
        ],
        "covers": None if view.covers is None else sorted(view.covers),
        "layers": [
            {"name": one.name, "title": one.title, "mentions": mentions(one.mentions)}
            for one in view.layers
        ],
        "commands": [
            {
                "name": one.name,
                "label": one.label,
                "key": one.key,
                "title": one.title,
                "leaves": one.leaves,
                "primary": one.primary,
                "needs_selection": one.needs_selection,
                "for_all": one.for_all,
            }
            for one in view.commands
        ],
        "undo": changes(view.undo),
        "redo": changes(view.redo),
        "more": {"undo": view.has_more[0], "redo": view.has_more[1]},
        "revision": view.revision,
        "last_saved": view.last_saved,
        "reviewer": view.reviewer,
        "session": view.session,
        "focus": None if view.focus is None else [view.focus[0] - low, view.focus[1] - low],
        "read_only": view.read_only,
        "message": view.message,
        "outside": view.outside,
        "clashes": [
            {
                "ids": [id for id, _ in one.ids],
                "places": [[start - low, end - low] for start, end in one.places],
            }
            for one in view.clashes
        ],
        "concepts": None if view.concepts is None else concepts_to_json(view.concepts),
        "acknowledged": list(answer.acknowledged),
        "refused": [{"op_id": op, "reason": reason} for op, reason in answer.refused.items()],
    }
