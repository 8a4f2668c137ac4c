"""The store's nouns: Project, Edit, Revision, ReviewItem and the reports, as frozen values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bioner.access import LISTED
from bioner.errors import StaleRevisionError, StoreError
from bioner.flattening import Flattening
from bioner.spans import Mention, Range, Sentence

Verdict = Literal["accept", "correct", "reject", "unsure"]
Layer = Literal["gold", "prediction"]
ShownLayer = Literal["correction", "gold", "prediction", "none"]
ExportLayer = Literal["shown", "correction", "gold", "prediction"]
ItemStatus = Literal["waiting", "open", "done", "unsure", "rejected"]
StatusFilter = Literal["waiting", "open", "done", "unsure", "rejected", "all"]
RevisionKind = Literal["edit", "undo", "redo", "restore", "resplit", "adjudicate", "erase"]

EventKind = Literal[
    "created", "settings", "import", "export", "erase", "restore", "promotion", "job"
]

VERDICTS: tuple[Verdict, ...] = ("accept", "correct", "reject", "unsure")
ROLES: tuple[str, ...] = tuple(reversed(tuple(LISTED)))
"""A project's roles, the one that may do most first."""


def new_op() -> str:
    """Return a fresh operation id: one for each edit, so that resending cannot double it."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Project:
    """What a team works on: its types, what its reviewers look for, guidelines, reviewers.

    ``covers`` are the types for which a reviewed sentence's silence is evidence. ``reviewers`` are
    ``(name, role)``; a *curator* may also adjudicate, erase, restore and change the project, a
    *reader* saves nothing; with none listed, anyone may do all. In an ``independent`` project each
    reviewer corrects a copy of their own, and a curator chooses between them. ``base`` counts the
    changes that were made before these settings were read: settings that somebody has changed
    since are refused.
    """

    name: str
    types: tuple[str, ...]
    covers: frozenset[str]
    guidelines: tuple[tuple[str, str], ...] = ()
    reviewers: tuple[tuple[str, str], ...] = ()
    independent: bool = False
    base: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise StoreError("a project needs a name")
        named = (*self.reviewers, *self.guidelines, (self.name, *self.types))
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


class StaleEditError(StaleRevisionError):
    """The edit was made on an older revision; ``revision`` is the newer one, to show beside it."""

    def __init__(self, message: str, revision: Revision) -> None:
        super().__init__(message)
        self.revision = revision


class StaleSettingsError(StoreError):
    """The settings were changed since they were read; ``project`` is what they are now."""

    def __init__(self, message: str, project: Project) -> None:
        super().__init__(message)
        self.project = project


class RestoredMeanwhileError(StoreError):
    """A backup was put in the database's place since this was begun: look again, then go on."""


class UnsureError(StoreError):
    """The connection broke while something was being saved: whether it was is not known yet."""


class DatabaseLostError(StoreError):
    """The database is damaged or gone; a backup can be put in its place."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One named reason to review a sentence, 0..1."""

    name: str
    score: float


@dataclass(frozen=True)
class Priority:
    """The place of an item in the queue, and why."""

    item: int
    priority: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """One model's mentions of an item."""

    model: str
    schema: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class Other:
    """Another reviewer's copy of an item (the empty name is the shared one)."""

    reviewer: str
    mentions: tuple[Mention, ...]
    verdict: Verdict | None
    seq: int


@dataclass(frozen=True)
class Evidence:
    """Reviewed sentences as training data, and what is not in them.

    ``flattening`` counts what the rule from mentions to flat spans dropped, joined or snapped;
    ``held_back`` the reviewed sentences of "my test"; ``undecided`` those of an independent project
    whose reviewers disagree and where no curator has chosen.
    """

    sentences: tuple[Sentence, ...] = ()
    flattening: Flattening = field(default_factory=Flattening)
    held_back: int = 0
    undecided: int = 0

    def __add__(self, other: Evidence) -> Evidence:
        a, b = self.flattening, other.flattening
        return Evidence(
            self.sentences + other.sentences,
            Flattening(
                a.kept + b.kept,
                a.nested_dropped + b.nested_dropped,
                a.discontinuous_joined + b.discontinuous_joined,
                a.snapped + b.snapped,
                a.outside + b.outside,
                a.labels_dropped + b.labels_dropped,
            ),
            self.held_back + other.held_back,
            self.undecided + other.undecided,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Usable:
    """How many reviewed sentences a training run will use, and how many it will not, and why.

    ``held_back`` are those of "my test"; ``undecided`` those of either where reviewers disagree and
    no curator has chosen.
    """

    sentences: int = 0
    held_back: int = 0
    undecided: int = 0

    def __add__(self, other: Usable) -> Usable:
        return Usable(
            sentences=self.sentences + other.sentences,
            held_back=self.held_back + other.held_back,
            undecided=self.undecided + other.undecided,
        )


@dataclass(frozen=True)
class Layered:
    """An item as flat Sentences, one a layer; ``predictions`` by model, the newest first.

    ``reasons`` are those it stands in the queue for now.
    """

    item: int
    gold: Sentence | None
    predictions: tuple[tuple[str, Sentence], ...]
    reasons: tuple[Reason, ...] = ()

    def prediction(self, model: str = "") -> Sentence | None:
        """Return the sentence as a model tagged it; the newest model if none is named."""
        return next((s for name, s in self.predictions if model in ("", name)), None)


@dataclass(frozen=True, kw_only=True)
class ReviewItem:
    """One sentence under review, its layers apart; offsets are of ``text``, the whole document.

    ``mentions`` is what to show now and ``layer`` where it comes from: the correction if there is
    one, else gold, else the newest prediction. ``base`` goes back with the next Edit. ``tokens``
    are those that training sees: as they were brought in, else cut as the corpora are.
    """

    item: int
    project: str
    document: str
    text: str
    start: int
    end: int
    tokens: tuple[Range, ...]
    mentions: tuple[Mention, ...]
    layer: ShownLayer
    gold: tuple[Mention, ...] | None
    predictions: tuple[Prediction, ...]
    others: tuple[Other, ...]
    covers: frozenset[str]
    base: int
    verdict: Verdict | None
    status: ItemStatus
    note: str
    is_test: bool
    priority: float
    reasons: tuple[Reason, ...]
    claimed_by: str
    previous: int | None
    following: int | None
    generation: str = field(default="", compare=False)

    @property
    def surface(self) -> str:
        """The sentence's own text, exactly."""
        return self.text[self.start : self.end]


@dataclass(frozen=True)
class QueueFilter:
    """Which items of the queue: every field that is set must hold.

    ``label``: a type among the mentions shown; ``reason``: a reason's name; ``text``: a substring
    of the sentence, case ignored.
    """

    status: StatusFilter = "waiting"
    label: str = ""
    reason: str = ""
    document: str = ""
    text: str = ""
    test: bool | None = None


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """One line of the queue."""

    item: int
    document: str
    surface: str
    status: ItemStatus
    priority: float
    reasons: tuple[Reason, ...]
    labels: tuple[str, ...]
    claimed_by: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Reject:
    """One document or mention that was not placed, by which rule, and why in words.

    ``what`` is ``document`` for the whole of it, else the mention and its place.
    """

    document: str
    what: str
    rule: str
    reason: str

    @property
    def is_document(self) -> bool:
        """Whether the whole document was not placed."""
        return self.what == "document"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What an import did: n in, n placed, a reason for each reject.

    ``joined`` counts sentences that were joined with the next because a mention crosses their edge.
    ``test_documents`` are those of "my test" among these, and those that joined it because there is
    enough now; ``known_documents`` would have joined, had no model been trained on them.
    """

    documents_in: int = 0
    documents_placed: int = 0
    mentions_in: int = 0
    mentions_placed: int = 0
    items: int = 0
    joined: int = 0
    test_documents: int = 0
    known_documents: int = 0
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReviewProgress:
    """How far a project's review is. ``by_reviewer``: items whose present verdict is theirs."""

    items: int
    waiting: int
    open: int
    done: int
    unsure: int
    rejected: int
    test_items: int
    documents: int
    by_reviewer: Mapping[str, int]
    last_hour: int

    @property
    def settled(self) -> int:
        """Sentences that need nobody any more: done, or rejected."""
        return self.done + self.rejected


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place where a surface occurs, in document offsets."""

    item: int
    document: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """F1 between two reviewers per type, and over ``all``, in 0..1.

    ``exact``: same fragments, same label. ``overlap``: same label, at least one shared character.
    ``type_only``: the same number of mentions of a label in the same item, wherever they are.
    ``disagreements``: the items where exact agreement fails and nothing is chosen yet; ``settled``
    counts those where a curator has chosen.
    """

    a: str
    b: str
    items: int
    exact: Mapping[str, float]
    overlap: Mapping[str, float]
    type_only: Mapping[str, float]
    disagreements: tuple[int, ...]
    settled: int = 0


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was done to a project, or to the whole database (``project`` empty)."""

    seq: int
    kind: EventKind
    project: str
    who: str
    before: Mapping[str, object]
    after: Mapping[str, object]
    recorded: str


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
