"""What waits for reviewers: a sentence with its layers, its place in the queue and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from bioner.spans import Mention, Range
from bioner.store.values import Verdict

ShownLayer = Literal["correction", "gold", "prediction", "none"]
ItemStatus = Literal["waiting", "open", "done", "unsure", "rejected"]
StatusFilter = Literal["waiting", "open", "done", "unsure", "rejected", "all"]
AssignedFilter = Literal["any", "first", "only", "rest"]
"""Whose documents: anybody's, one's own before the others, one's own alone, all but one's own."""


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

    ``label``: a type among the mentions shown; ``concept``: an identifier of one of them, with or
    without its database; ``reason``: a reason's name; ``text``: a substring of the sentence. Case
    is ignored in the last and the identifier. ``assigned`` says which documents, by those that were
    assigned to ``whose``.
    """

    status: StatusFilter = "waiting"
    label: str = ""
    reason: str = ""
    document: str = ""
    text: str = ""
    test: bool | None = None
    concept: str = ""
    assigned: AssignedFilter = "any"
    whose: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves sentences of its status out."""
        asked = (self.label, self.concept, self.reason, self.document, self.text)
        return any(asked) or self.test is not None or self.assigned in ("only", "rest")

    def turns(self) -> tuple[QueueFilter, ...]:
        """Return the filters whose sentences come one after another: one's own documents first."""
        if self.assigned != "first":
            return (self,)
        return replace(self, assigned="only"), replace(self, assigned="rest")


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
