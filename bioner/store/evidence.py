"""What reviewed sentences amount to: training data, layers as sentences, agreement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bioner.flattening import Flattening
from bioner.spans import Mention, Range, Sentence
from bioner.store.queue_items import Reason


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
        return Evidence(
            self.sentences + other.sentences,
            self.flattening + other.flattening,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One reviewer's verdict on a sentence: its marks, what was looked for, its revision."""

    reviewer: str
    mentions: tuple[Mention, ...]
    covers: frozenset[str]
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SideBySide:
    """A sentence as each reviewer has it who accepted or corrected it, by name.

    Offsets are the document's, ``surface`` is the sentence's own text. ``chosen`` is the shared
    copy once it has a verdict; ``base`` is the shared copy's newest revision (0: none).
    """

    item: int
    document: str
    start: int
    end: int
    surface: str
    tokens: tuple[Range, ...]
    versions: tuple[Version, ...]
    chosen: Version | None
    base: int
    is_test: bool

    def of(self, reviewer: str) -> Version | None:
        """Return a reviewer's version, if there is one."""
        return next((one for one in self.versions if one.reviewer == reviewer), None)

    def text_of(self, one: Mention) -> str:
        """Return a mark's text, fragments joined by a space."""
        low = self.start
        return " ".join(self.surface[start - low : end - low] for start, end in one.fragments)


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """F1 between two reviewers per type, and over ``all``, in 0..1.

    Of each sentence, over the types that both looked for; ``set_aside`` counts the marks of others.

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
    set_aside: int = 0
