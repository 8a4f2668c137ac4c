"""Waiting marks in groups of alike ones, the group whose decision is worth most first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from bioner.machine import collector_paused
from bioner.spans import Range
from bioner.store import Decision, Store, WaitingMark
from bioner.store.alike import Alike, Waiting

FLANKS = frozenset({"gene", "genes", "protein", "proteins", "mrna", "mrnas"})
"""Words after a name that some corpora mark with it and others do not."""

LEAST_DOUBT = 0.2
"""Marks of which a model is sure are worth this much all the same: somebody has to see them, and
without it small groups of doubtful marks come before large ones that a key settles."""
UNKNOWN_DOUBT = 0.5
"""The doubt of a mark without a score."""
FEW_ENOUGH = 400
"""The marks of a group of so many are read when it is looked at; of a larger one, when settled."""
NO_PLURAL = ("ss", "us", "is")
"""Endings in s that are no plural."""

_FLANK = re.compile(rf"\s+({'|'.join(sorted(FLANKS, key=len, reverse=True))})$", re.IGNORECASE)
_BEHIND = re.compile(rf"\s+({'|'.join(sorted(FLANKS, key=len, reverse=True))})\b", re.IGNORECASE)

T = TypeVar("T")
ReadMarks = Callable[[Sequence[int]], Sequence[WaitingMark]]
"""Reads the waiting marks of these sentences one by one."""
Where = tuple[int, tuple[Range, ...], str]
"""Which mark: its sentence, its fragments, its type."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Waiting marks that are written alike, case, plural and a flanking word aside.

    ``parts``: those of each surface and type; ``doubt`` 0..1: how unsure the model is of them, or
    how far it calls the same thing by several types; ``worth``: marks × doubt. ``follows``: the
    newest decision on the same surface that stands. There are many groups, and large ones: only
    those marks are read one by one that are looked at, and all of them when they are settled.
    """

    key: str
    parts: tuple[Alike, ...]
    doubt: float
    follows: Decision | None = None
    read: ReadMarks = field(repr=False, compare=False)

    @cached_property
    def size(self) -> int:
        """How many marks there were when the groups were made."""
        return sum(len(one.items) for one in self.parts)

    @cached_property
    def marks(self) -> tuple[WaitingMark, ...]:
        """The marks, as they are at the first look."""
        surfaces = {one.surface for one in self.parts}
        numbers = sorted({item for one in self.parts for item in one.items})
        return tuple(one for one in self.read(numbers) if one.surface in surfaces)

    def marks_in(self, sentences: Collection[int]) -> tuple[WaitingMark, ...]:
        """Return those of the marks that lie in these sentences; no other ones are read."""
        surfaces = {one.surface for one in self.parts}
        known = self.marks if "marks" in vars(self) else self.read(sorted(sentences))
        return tuple(one for one in known if one.surface in surfaces and one.item in sentences)

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """The types of the marks with how many have each, the most frequent first."""
        counts: Counter[str] = Counter()
        for one in self.parts:
            counts[one.label] += len(one.items)
        return _counted(counts)

    @cached_property
    def variants(self) -> Mapping[str, int]:
        """How the marks are written, with how many are so, the most frequent first."""
        counts: Counter[str] = Counter()
        for one in self.parts:
            counts[one.surface] += len(one.items)
        return _counted(counts)

    @property
    def surface(self) -> str:
        """How most of the marks are written."""
        return next(iter(self.variants))

    @cached_property
    def inside(self) -> int:
        """How many marks end with a flanking word."""
        return sum(n for surface, n in self.variants.items() if core(surface) != surface)

    @cached_property
    def behind(self) -> int:
        """How many marks are followed by a flanking word."""
        return sum(bool(one.behind) and bool(flank_behind(one.behind)) for one in self.marks)

    @property
    def has_edges(self) -> bool:
        """Whether a choice of edges can matter; a large group is not read to tell."""
        return self.size > FEW_ENOUGH or bool(self.inside or self.behind)

    @property
    def worth(self) -> float:
        return self.size * self.doubt

    @property
    def label(self) -> str:
        """The type that most of the marks have."""
        return next(iter(self.labels))

    @property
    def said(self) -> str:
        """The group in a line: ``OB: Chemical ×5, Gene ×1``."""
        return f"{self.surface}: " + ", ".join(f"{n} ×{count}" for n, count in self.labels.items())


@dataclass(frozen=True, kw_only=True)
class Board:
    """All groups of a project: those that follow a decision first, then by worth.

    ``test_marks`` lie in "my test": they are decided one by one, reading, so that its scores mean
    something.
    """

    groups: tuple[Group, ...] = ()
    test_marks: int = 0
    marks: int = field(default=0)

    @property
    def following(self) -> tuple[Group, ...]:
        """The groups for which a decision is on record."""
        return tuple(one for one in self.groups if one.follows is not None)

    def find(self, surface: str) -> Group | None:
        """Return the group in which a surface is."""
        wanted = fold(surface)
        return next((one for one in self.groups if one.key == wanted), None)

    def without(self, key: str) -> Board:
        """Return the board once a group is decided on, the rest not read again."""
        rest = tuple(one for one in self.groups if one.key != key)
        marks = self.marks - sum(one.size for one in self.groups if one.key == key)
        return Board(groups=rest, test_marks=self.test_marks, marks=marks)


def fold(surface: str) -> str:
    """Return what alike surfaces share: case, plural and a flanking word such as "gene" taken off.

    A plural is taken off words of four letters or more that end in a small s, so that AIDS and SARS
    stay as they are.
    """
    words = surface.split()
    if len(words) > 1:
        words = core(surface).split()
    return " ".join([_singular(word).casefold() for word in words])


def core(surface: str) -> str:
    """Return a surface without the flanking word at its end."""
    return _FLANK.sub("", surface)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(NO_PLURAL):
        return word
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]


def flank_behind(text: str) -> str:
    """Return the flanking word, with the space before it, that follows a mark; else nothing."""
    found = _BEHIND.match(text)
    return found.group(0) if found else ""


def read_board(store: Store, project: str, reviewer: str = "") -> Board:
    """Group the waiting marks of a project as they are now."""

    def read(items: Sequence[int]) -> Sequence[WaitingMark]:
        return store.waiting_marks(project, reviewer, items)

    return make_board(store.alike(project, reviewer), store.decisions(project, reviewer), read)


def make_board(waiting: Waiting, decisions: Sequence[Decision], read: ReadMarks) -> Board:
    """Group marks and rank the groups. ``decisions``: those on record, newest first."""
    with collector_paused():
        return _board(waiting, decisions, read)


def _board(waiting: Waiting, decisions: Sequence[Decision], read: ReadMarks) -> Board:
    folded: dict[str, str] = {}
    by_key: dict[str, list[Alike]] = {}
    for one in waiting.alike:
        key = folded.get(one.surface)
        if key is None:
            key = folded[one.surface] = fold(one.surface)
        by_key.setdefault(key, []).append(one)
    known: dict[str, Decision] = {}
    for decision in decisions:
        if decision.stands and decision.choice.kind == "marks" and decision.choice.key:
            known.setdefault(decision.choice.key, decision)
    groups = [
        Group(key=key, parts=tuple(parts), doubt=_doubt(parts), follows=known.get(key), read=read)
        for key, parts in by_key.items()
    ]
    groups.sort(key=lambda one: (one.follows is None, -one.worth, one.key))
    return Board(
        groups=tuple(groups),
        test_marks=waiting.test_marks,
        marks=sum(one.size for one in groups),
    )


def _doubt(parts: Sequence[Alike]) -> float:
    unsure, number = 0.0, 0
    labels: dict[str, int] = {}
    for one in parts:
        count = len(one.items)
        number += count
        unsure += sum([UNKNOWN_DOUBT if score is None else 1 - score for score in one.scores])
        labels[one.label] = labels.get(one.label, 0) + count
    return min(max(unsure / number, 1 - max(labels.values()) / number, LEAST_DOUBT), 1.0)


def _counted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def where(mark: WaitingMark) -> Where:
    """Say which mark this is."""
    return mark.item, mark.at, mark.label


def examples(group: Group, number: int) -> list[WaitingMark]:
    """Return the marks that tell most about a group: each type once, then the least sure, first.

    Of different sentences as long as there are some; no more of the group's sentences are read.
    """
    told = [
        (UNKNOWN_DOUBT if score is None else score, item, part.label)
        for part in group.parts
        for item, score in zip(part.items, part.scores, strict=True)
    ]
    sentences = [item for _, item, _ in _rare_first(group, sorted(told), lambda one: one[2])]
    marks = group.marks_in(set(list(dict.fromkeys(sentences))[:number]))
    doubtful = sorted(
        marks,
        key=lambda one: (UNKNOWN_DOUBT if one.score is None else one.score, one.item, one.at),
    )
    seen: set[int] = set()
    fresh: list[WaitingMark] = []
    again: list[WaitingMark] = []
    for one in dict.fromkeys(_rare_first(group, doubtful, lambda one: one.label)):
        (again if one.item in seen else fresh).append(one)
        seen.add(one.item)
    return [*fresh, *again][:number]


def _rare_first(group: Group, ones: Sequence[T], label: Callable[[T], str]) -> list[T]:
    """Return the first of each type, the rarest type first, and then all."""
    firsts: dict[str, T] = {}
    for one in ones:
        firsts.setdefault(label(one), one)
    return [*(firsts[name] for name in list(group.labels)[::-1] if name in firsts), *ones]
