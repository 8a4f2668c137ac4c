"""The span editor: what the page shows in it, and the operations that come back from it.

The browser's half is ``span_model.js`` (values), ``span_view.js`` (drawing) and ``span_editor.js``
(keys, mouse, outbox). Operations arrive as the component's state: a list that the browser repeats
until each of its operations is named as acknowledged or refused, so receiving one twice is normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import streamlit as st

from bioner.errors import StaleRevisionError, StoreError
from bioner.labels import EntityType
from bioner.spans import Alternative, Mention, Range, Status

Kind = Literal["add", "delete", "relabel", "resize", "batch", "undo", "redo", "command"]
STATE = "operations"
"""The name of the component's state that holds the operations."""

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a reviewer did: mentions removed and added at once, or a named command.

    Offsets are the document's. ``surfaces`` holds what the browser showed for each added mention;
    ``units`` the queue items that it touches, each with the revision that it was made on.
    ``selection`` and ``label`` say what was selected, for commands that act on it.
    """

    op_id: str
    seq: int
    view: str
    session: str
    reviewer: str
    kind: Kind
    name: str = ""
    removed: tuple[Mention, ...] = ()
    added: tuple[Mention, ...] = ()
    surfaces: tuple[str, ...] = ()
    units: tuple[tuple[int, int], ...] = ()
    selection: Range | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of the text that may be edited: a queue item, its range, its last revision."""

    id: int
    start: int
    end: int
    base: int = 0


@dataclass(frozen=True, slots=True)
class Layer:
    """Mentions shown as thin lines under the text: gold, prediction, another reviewer's."""

    name: str
    title: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A key and button of the page: its name comes back as an operation of kind ``command``.

    ``leaves``: another text follows, so that edits wait for it.
    """

    name: str
    label: str
    key: str
    title: str
    leaves: bool = False
    primary: bool = False
    needs_selection: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What can be undone or redone as one: the mentions removed and added, in which units."""

    removed: tuple[Mention, ...] = ()
    added: tuple[Mention, ...] = ()
    units: tuple[int, ...] = ()


@dataclass(frozen=True)
class EditorView:
    """What the editor shows; every offset is the document's, ``text`` begins at ``offset`` there.

    ``revision`` is the last one of this text, ``last_saved`` of the one before it. ``covers`` names
    the types that somebody looked for (None: all); ``undo`` and ``redo`` end with the change whose
    turn it is. ``cut``: whether the document goes on before and after ``text``.
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
    undo: Sequence[Change] = ()
    redo: Sequence[Change] = ()
    has_more: tuple[bool, bool] = (False, False)
    focus: Range | None = None
    cut: tuple[bool, bool] = (False, False)
    read_only: bool = False
    message: str = ""
    outside: str = "Only the marked sentence can be edited here"


@dataclass(frozen=True)
class Answer:
    """Which operations are saved, and which are refused and why."""

    acknowledged: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def apply_operation(mentions: Iterable[Mention], operation: Operation) -> tuple[Mention, ...]:
    """Return the mentions after an operation, sorted; overlapping and nested ones stay as they are.

    Raises StaleRevisionError where a mention that it removes is not there.
    """
    rest = list(mentions)
    for removed in operation.removed:
        try:
            rest.remove(removed)
        except ValueError:
            found = next((one for one in rest if _identity(one) == _identity(removed)), None)
            if found is None:
                raise StaleRevisionError(
                    f"{removed.label} at {removed.start}-{removed.end} is not there any more: "
                    "look at the newer revision and edit again"
                ) from None
            rest.remove(found)
    return tuple(sorted([*rest, *operation.added], key=_order))


def inverse(operation: Operation) -> Change:
    """Return the change that takes an operation back."""
    return Change(removed=operation.added, added=operation.removed)


def difference(
    before: Sequence[Mention], after: Sequence[Mention], units: tuple[int, ...] = ()
) -> Change:
    """Return what was removed and added between two lists of mentions, duplicates counted."""
    removed, added = list(before), []
    for one in after:
        if one in removed:
            removed.remove(one)
        else:
            added.append(one)
    return Change(tuple(removed), tuple(added), units)


def _identity(one: Mention) -> tuple[tuple[Range, ...], str, str]:
    return (one.fragments, one.label, one.id)


def _order(one: Mention) -> tuple[int, int, str, str]:
    return (one.start, -one.end, one.label, repr(one))


def mention_to_json(one: Mention, offset: int = 0) -> dict[str, Any]:
    """Return a mention as the browser holds it, its offsets counted from ``offset``."""
    return {
        "fragments": [[start - offset, end - offset] for start, end in one.fragments],
        "label": one.label,
        "source_label": one.source_label,
        "status": one.status,
        "score": one.score,
        "alternatives": [{"label": a.label, "score": a.score} for a in one.alternatives],
        "attributes": [list(pair) for pair in one.attributes],
        "id": one.id,
    }


def mention_from_json(raw: Mapping[str, Any], offset: int = 0) -> Mention:
    """Return the mention that the browser holds as ``raw``, in document offsets."""
    status = raw.get("status", "reviewed")
    if status not in get_args(Status):
        raise ValueError(f"unknown status {status!r}")
    return Mention(
        tuple((int(start) + offset, int(end) + offset) for start, end in raw["fragments"]),
        str(raw["label"]),
        str(raw.get("source_label", "")),
        cast(Status, status),
        None if raw.get("score") is None else float(raw["score"]),
        tuple(Alternative(a["label"], float(a["score"])) for a in raw.get("alternatives", ())),
        tuple((str(name), str(value)) for name, value in raw.get("attributes", ())),
        str(raw.get("id", "")),
    )


def read_operations(raw: object) -> list[Operation]:
    """Read the operations from the component's state; raises StoreError on anything else."""
    if raw is None:
        return []
    try:
        return [_operation(one) for one in cast(Sequence[Mapping[str, Any]], raw)]
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the editor sent what is not an edit ({error}); reload the page and try again"
        ) from error


def _operation(raw: Mapping[str, Any]) -> Operation:
    offset = int(raw.get("offset", 0))
    kind = raw["kind"]
    if kind not in get_args(Kind):
        raise ValueError(f"unknown kind {kind!r}")
    added = tuple(mention_from_json(one, offset) for one in raw["added"])
    surfaces = tuple(str(one) for one in raw["surfaces"])
    if len(added) != len(surfaces):
        raise ValueError(f"{len(added)} mentions but {len(surfaces)} surfaces")
    return Operation(
        op_id=str(raw["op_id"]),
        seq=int(raw["seq"]),
        view=str(raw["view"]),
        session=str(raw["session"]),
        reviewer=str(raw["reviewer"]),
        kind=cast(Kind, kind),
        name=str(raw.get("name", "")),
        removed=tuple(mention_from_json(one, offset) for one in raw["removed"]),
        added=added,
        surfaces=surfaces,
        units=tuple((int(unit["id"]), int(unit["base"])) for unit in raw["units"]),
        selection=_selection(raw.get("selection"), offset),
        label=str(raw.get("label", "")),
    )


def _selection(raw: Sequence[int] | None, offset: int) -> Range | None:
    return (int(raw[0]) + offset, int(raw[1]) + offset) if raw else None


def received(key: str) -> list[Operation]:
    """Return the operations that have arrived for the editor of this key, before it is drawn.

    In a session's first run the state is known only after drawing: see ``draw_editor``.
    """
    try:
        state = st.session_state.get(key)
    except KeyError:
        return []
    return read_operations(state.get(STATE) if isinstance(state, Mapping) else None)


def draw_editor(key: str, view: EditorView, answer: Answer) -> list[Operation]:
    """Draw the editor and return all operations in its state.

    ``answer`` must name every operation that ``received`` gave: those not named come again.
    """
    result = _component()(
        key=key, data=_data(key, view, answer), on_operations_change=lambda: None, height="content"
    )
    return read_operations(result.get(STATE))


@cache
def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _component() -> Any:
    script = "\n".join(map(_source, ("span_model.js", "span_view.js", "span_editor.js")))
    return st.components.v2.component(
        "bioner_span_editor", js=script, css=_source("span_editor.css"), isolate_styles=False
    )


def _data(key: str, view: EditorView, answer: Answer) -> dict[str, Any]:
    low = view.offset

    def mentions(ones: Iterable[Mention]) -> list[dict[str, Any]]:
        return [mention_to_json(one, low) for one in ones]

    def changes(ones: Iterable[Change]) -> list[dict[str, Any]]:
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
            {"id": u.id, "start": u.start - low, "end": u.end - low, "base": u.base}
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
        "acknowledged": list(answer.acknowledged),
        "refused": [{"op_id": op, "reason": reason} for op, reason in answer.refused.items()],
    }
