"""The values of a dictionary: terms, their spellings and places, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bioner.errors import BionerError

TermStatus = Literal["new", "kept", "dropped"]
Order = Literal["mentions", "documents", "confidence", "name"]
STATUSES: tuple[TermStatus, ...] = ("new", "kept", "dropped")
ORDERS: tuple[Order, ...] = ("mentions", "documents", "confidence", "name")


class DictionaryError(BionerError):
    """A dictionary that is not there or cannot be read, or a change of it that makes no sense."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One spelling of a term, and how often it was marked as each type, most often first."""

    surface: str
    mentions: int
    documents: int
    labels: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One place where a term stands: the words before it, itself, the words after it."""

    document: str
    before: str
    surface: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One concept's names: what all its variants share is ``key``.

    ``labels`` are the types with their mentions, most often first; ``label`` is the type that it
    has: a person's choice, else the most frequent. ``score`` is the mean confidence of its marks,
    0..1; None where whoever marked them gave none. ``long_forms`` are what texts explain it as when
    it is an abbreviation of several things, so that it stands by itself.
    """

    key: str
    preferred: str
    label: str
    status: TermStatus
    identifier: str
    mentions: int
    documents: int
    score: float | None
    labels: tuple[tuple[str, int], ...]
    variants: int
    long_forms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which terms: every field that is set must hold.

    ``text``: a part of one of its spellings; ``unlike``: its marks stand for several concepts.
    """

    text: str = ""
    label: str = ""
    status: TermStatus | None = None
    least: int = 1
    unlike: bool = False


NAMED = 3
"""Terms of a decision that are named in a line."""
_JOINED = {"merge": "into"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One line of the log: what somebody decided, about which terms; ``undone`` by a later one."""

    seq: int
    action: str
    keys: tuple[str, ...]
    value: str
    surfaces: tuple[str, ...]
    who: str
    recorded: str
    undone: bool

    @property
    def said(self) -> str:
        """The decision in a line: ``retype OB as Gene (Ann)``."""
        shown = ", ".join(self.keys[:NAMED]) + ", …" * (len(self.keys) > NAMED)
        to = f" {_JOINED.get(self.action, 'as')} {self.value}" if self.value else ""
        left = f": {', '.join(self.surfaces[:NAMED])}" if self.surfaces else ""
        return f"{self.action} {shown}{to}{left} ({self.who or 'somebody'})"


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a dictionary was made of: its source in words, by which model, how many texts."""

    name: str
    source: str
    model: str
    built: str
    documents: int
    mentions: int
    terms: int
