"""The store's nouns: Project, Edit, Revision, Event and Backup, as frozen values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bioner.access import LISTED
from bioner.errors import StoreError
from bioner.spans import Mention, Range

Verdict = Literal["accept", "correct", "reject", "unsure"]
Layer = Literal["gold", "prediction", "suggestion"]
ExportLayer = Literal["shown", "correction", "gold", "prediction"]
RevisionKind = Literal["edit", "undo", "redo", "restore", "resplit", "adjudicate", "erase"]

EventKind = Literal[
    "created", "settings", "import", "export", "erase", "restore", "promotion", "job", "audit"
]

VERDICTS: tuple[Verdict, ...] = ("accept", "correct", "reject", "unsure")
ROLES: tuple[str, ...] = tuple(reversed(tuple(LISTED)))
"""A project's roles, the one that may do most first."""


def new_op() -> str:
    """Return a fresh operation id: one for each edit, so that resending cannot double it."""
    return uuid.uuid4().hex


LONGEST_EXAMPLE = 1000
"""An example that is written down has at most so many characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """Words that are marked as a type, or are not, and why.

    Either ``text``, the marked words in ``[[double brackets]]``, or a place of a document: its text
    is not copied, so that an example goes with a text that is erased.
    """

    label: str
    is_positive: bool
    note: str = ""
    text: str = ""
    document: str = ""
    start: int = 0
    end: int = 0

    def __post_init__(self) -> None:
        if bool(self.text.strip()) == bool(self.document):
            raise StoreError(f"an example of {self.label}: write a text, or name a place")
        if self.document and not 0 <= self.start < self.end:
            raise StoreError(f"an example of {self.label}: {self.start}-{self.end} holds no words")
        if max(len(self.text), len(self.note)) > LONGEST_EXAMPLE:
            raise StoreError(
                f"an example of {self.label} has more than {LONGEST_EXAMPLE:,} characters"
            )
        if "\0" in self.text + self.note + self.document:
            raise StoreError("an example holds a NUL character; take it out")


@dataclass(frozen=True)
class Project:
    """What a team works on: its types, what its reviewers look for, guidelines, reviewers.

    ``covers`` are the types for which a reviewed sentence's silence is evidence. ``reviewers`` are
    ``(name, role)``; a *curator* may also adjudicate, erase, restore and change the project, a
    *reader* saves nothing; with none listed, anyone may do all. In an ``independent`` project each
    reviewer corrects a copy of their own, and a curator chooses between them. ``base`` counts the
    changes that were made before these settings were read: settings that somebody has changed
    since are refused. ``vocabularies`` are the names of those whose concepts its marks may get,
    ``examples`` belong to the guidelines.
    """

    name: str
    types: tuple[str, ...]
    covers: frozenset[str]
    guidelines: tuple[tuple[str, str], ...] = ()
    reviewers: tuple[tuple[str, str], ...] = ()
    independent: bool = False
    base: int = field(default=0, compare=False)
    vocabularies: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise StoreError("a project needs a name")
        named = (*self.reviewers, *self.guidelines, (self.name, *self.types, *self.vocabularies))
        if any("\0" in one for pair in named for one in pair):
            raise StoreError("a project's name or settings hold a NUL character; take it out")
        if not self.types or len(set(self.types)) != len(self.types):
            raise StoreError(f"project {self.name!r}: expected at least one type, each once")
        unknown = sorted(self.covers - set(self.types))
        if unknown:
            raise StoreError(
                f"project {self.name!r}: it looks for {', '.join(unknown)}, "
                "which is not among its types"
            )
        strange = sorted({one.label for one in self.examples} - set(self.types))
        if strange:
            raise StoreError(
                f"project {self.name!r}: an example is of {strange[0]}, "
                "which is not among its types"
            )
        for name, role in self.reviewers:
            if role not in ROLES or not name:
                raise StoreError(
                    f"project {self.name!r}: reviewer {name!r} has role {role!r}; "
                    f"expected one of {', '.join(ROLES)}"
                )

    def role(self, reviewer: str) -> str:
        """Return the reviewer's role; everyone is a curator while no reviewer is listed."""
        if not self.reviewers:
            return "curator"
        return dict(self.reviewers).get(reviewer, "")

    def track(self, reviewer: str) -> str:
        """Return the copy that this reviewer corrects: their own, or the one all share (empty)."""
        return reviewer if self.independent else ""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One operation of a reviewer: in this item, the mentions are now these.

    ``surface`` and ``surfaces`` (one a mention, fragments joined by a space) are the texts that the
    reviewer saw; the edit is refused unless the document has exactly these at the offsets.
    ``base`` is the revision that the reviewer saw (0: none). ``verdict`` None is an edit in
    progress. ``covers`` None keeps what the item covers. ``op`` is the client's own id of this
    operation; ``session`` names the browser tab, whose own earlier edits never make it stale;
    edits of one ``batch`` are undone as one. ``generation`` is the one that the item was read in:
    after a restore the edit is refused (empty: it is not asked).
    """

    item: int
    base: int
    surface: str
    mentions: tuple[Mention, ...]
    surfaces: tuple[str, ...]
    reviewer: str
    verdict: Verdict | None = None
    covers: frozenset[str] | None = None
    note: str = ""
    model: str = ""
    schema: str = ""
    op: str = field(default_factory=new_op)
    session: str = ""
    batch: str = ""
    generation: str = ""


class Opened(Protocol):
    """A sentence as somebody has it before them."""

    @property
    def item(self) -> int: ...
    @property
    def base(self) -> int: ...
    @property
    def surface(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def note(self) -> str: ...


def edit_of(seen: Opened, mentions: tuple[Mention, ...], reviewer: str) -> Edit:
    """Return the edit that gives a sentence these mentions, as it was seen; its note stays."""
    return Edit(
        item=seen.item,
        base=seen.base,
        surface=seen.surface,
        mentions=mentions,
        surfaces=surfaces_of(seen.text, mentions),
        reviewer=reviewer,
        note=seen.note,
    )


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One saved change. ``seq`` gives the order, not a clock; ``recorded`` is for reading only.

    ``before`` and ``after`` are the whole item's mentions, by document offsets; ``base`` is the
    revision that made ``before`` (0: none). ``target`` is the
    revision that an undo, redo or restore refers to (0: none). ``track`` is whose copy changed
    (empty: the shared one). An erased revision keeps its row without its content.
    """

    seq: int
    kind: RevisionKind
    project: str
    document: str
    start: int
    end: int
    surface: str
    before: tuple[Mention, ...]
    after: tuple[Mention, ...]
    covers: frozenset[str]
    verdict: Verdict | None
    reviewer: str
    note: str = ""
    model: str = ""
    schema: str = ""
    base: int = 0
    batch: str = ""
    target: int = 0
    track: str = ""
    op: str = ""
    session: str = ""
    recorded: str = ""
    is_erased: bool = False


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was done to a project, or to the whole database (``project`` empty).

    ``is_damaged``: what was before or after cannot be read any more; both are empty then.
    """

    seq: int
    kind: EventKind
    project: str
    who: str
    before: Mapping[str, object]
    after: Mapping[str, object]
    recorded: str
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup file: why it was made, its size in bytes, when (ISO, UTC)."""

    path: str
    reason: str
    size: int
    created: str


def surfaces_of(text: str, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Return each mention's surface in the document's text, fragments joined by a space."""
    return tuple(" ".join(text[start:end] for start, end in one.fragments) for one in mentions)


def within(one: Mention, extent: Range) -> bool:
    """Tell whether a mention lies wholly inside a range."""
    return extent[0] <= one.start and one.end <= extent[1]


def read_in(edits: Iterable[Edit]) -> str:
    """Return the generation in which edits were made, if all were made in one; else nothing."""
    found = {edit.generation for edit in edits if edit.generation}
    return found.pop() if len(found) == 1 else ""
