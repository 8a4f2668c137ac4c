"""What a reviewer did in the editor, as values: operations, the changes that they make and undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

from bioner.errors import StaleRevisionError, StoreError
from bioner.identifiers import concepts_of, without_concepts
from bioner.spans import Alternative, Mention, Range, Status

OperationKind = Literal["add", "delete", "relabel", "resize", "batch", "undo", "redo", "command"]


@dataclass(frozen=True, kw_only=True, slots=True)
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
    kind: OperationKind
    name: str = ""
    removed: tuple[Mention, ...] = ()
    added: tuple[Mention, ...] = ()
    surfaces: tuple[str, ...] = ()
    units: tuple[tuple[int, int], ...] = ()
    selection: Range | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of the text that may be edited: a queue item, its range, its last revision.

    ``is_settled``: it has a verdict, which one on the whole document leaves alone; ``state``: where
    it stands, in a word for the margin.
    """

    id: int
    start: int
    end: int
    base: int = 0
    is_settled: bool = False
    state: str = ""


@dataclass(frozen=True, slots=True)
class Swap:
    """What can be undone or redone as one: the mentions removed and added, in which units."""

    removed: tuple[Mention, ...] = ()
    added: tuple[Mention, ...] = ()
    units: tuple[int, ...] = ()


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


def inverse(operation: Operation) -> Swap:
    """Return the change that takes an operation back."""
    return Swap(removed=operation.added, added=operation.removed)


def difference(
    before: Sequence[Mention], after: Sequence[Mention], units: tuple[int, ...] = ()
) -> Swap:
    """Return what was removed and added between two lists of mentions, duplicates counted."""
    removed, added = list(before), []
    for one in after:
        if one in removed:
            removed.remove(one)
        else:
            added.append(one)
    return Swap(tuple(removed), tuple(added), units)


def retyped(one: Mention, label: str) -> Mention:
    """Return a mention with another type, by a person: that ends what its concept said."""
    return replace(
        one,
        label=label,
        source_label="",
        status="reviewed",
        score=None,
        alternatives=(),
        attributes=without_concepts(one.attributes),
    )


def resized(one: Mention, fragments: tuple[Range, ...]) -> Mention:
    """Return a mention with other limits, by a person: that ends what its concept said too."""
    if fragments == one.fragments:
        return replace(one, status="reviewed")
    return replace(
        one,
        fragments=fragments,
        status="reviewed",
        score=None,
        alternatives=(),
        attributes=without_concepts(one.attributes),
    )


def _identity(one: Mention) -> tuple[tuple[Range, ...], str, str]:
    return (one.fragments, one.label, one.id)


def _order(one: Mention) -> tuple[int, int, str, str]:
    return (one.start, -one.end, one.label, repr(one))


def mention_to_json(one: Mention, offset: int = 0) -> dict[str, Any]:
    """Return a mention as the browser holds it, its offsets counted from ``offset``.

    ``concepts`` are those of its attributes that another label or other limits would belie.
    """
    return {
        "fragments": [[start - offset, end - offset] for start, end in one.fragments],
        "label": one.label,
        "source_label": one.source_label,
        "status": one.status,
        "score": one.score,
        "alternatives": [{"label": a.label, "score": a.score} for a in one.alternatives],
        "attributes": [list(pair) for pair in one.attributes],
        "concepts": [list(pair) for pair in concepts_of(one.attributes)],
        "id": one.id,
    }


def mention_from_json(raw: Mapping[str, Any], offset: int = 0) -> Mention:
    """Return the mention that the browser holds as ``raw``, in document offsets."""
    status = raw.get("status", "reviewed")
    if status not in get_args(Status):
        raise ValueError(f"unknown status {status!r}")
    return Mention(
        fragments=tuple(
            (int(start) + offset, int(end) + offset) for start, end in raw["fragments"]
        ),
        label=str(raw["label"]),
        source_label=str(raw.get("source_label", "")),
        status=cast(Status, status),
        score=None if raw.get("score") is None else float(raw["score"]),
        alternatives=tuple(
            Alternative(a["label"], float(a["score"])) for a in raw.get("alternatives", ())
        ),
        attributes=tuple((str(name), str(value)) for name, value in raw.get("attributes", ())),
        id=str(raw.get("id", "")),
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
    if kind not in get_args(OperationKind):
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
        kind=cast(OperationKind, kind),
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
