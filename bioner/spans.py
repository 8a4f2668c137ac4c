"""The values that everything passes about: Mention, Document, Sentence; the rule between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

Status = Literal["gold", "predicted", "reviewed"]
Range = tuple[int, int]
"""Half-open ``(start, end)``: code points in a text, or token numbers in a sentence."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another label that a scored mention might have had, with its probability in 0..1."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Mention:
    """The record of one entity mention in a Document, by character offsets (half-open code points).

    Several ``fragments`` mean a discontinuous mention; mentions may nest and overlap.
    ``attributes`` (identifiers, normalisations) are carried through untouched, as ordered pairs.
    """

    fragments: tuple[Range, ...]
    label: str
    source_label: str = ""
    status: Status = "gold"
    score: float | None = None
    alternatives: tuple[Alternative, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        if not self.fragments:
            raise ValueError("a mention needs at least one fragment")
        previous = -1
        for start, end in self.fragments:
            if not 0 <= start < end:
                raise ValueError(f"expected 0 <= start < end, got ({start}, {end})")
            if start < previous:
                raise ValueError(f"fragments overlap or are out of order: {self.fragments}")
            previous = end

    @property
    def start(self) -> int:
        return self.fragments[0][0]

    @property
    def end(self) -> int:
        return self.fragments[-1][1]

    @property
    def is_discontinuous(self) -> bool:
        return len(self.fragments) > 1


def mention(
    start: int,
    end: int,
    label: str,
    *,
    source_label: str = "",
    status: Status = "gold",
    score: float | None = None,
    alternatives: tuple[Alternative, ...] = (),
) -> Mention:
    """Make a continuous mention over ``text[start:end]``."""
    return Mention(((start, end),), label, source_label, status, score, alternatives)


def rivals(one: Mention) -> tuple[tuple[str, float | None], ...]:
    """Return what else a mention might be, and how sure the model is of each; None if unknown.

    Alternatives saved before they were calibrated can stand above the type that was named: another
    scale, so that their names are told and no number of them.
    """
    scores = [other.score for other in one.alternatives]
    is_one_scale = one.score is None or all(score <= one.score for score in scores)
    return tuple(
        (other.label, other.score if is_one_scale and other.score else None)
        for other in one.alternatives
    )


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed relation between mentions (or other relations), carried through untouched by id."""

    id: str
    type: str
    arguments: tuple[tuple[str, str], ...]
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """Raw text, untouched, with its mentions, sentence ranges and relations.

    ``text[start:end]`` is the surface of everything shown or exported, emoji and Greek included.
    ``uncertainty`` is that of a tagged document's sentences (see ``Sentence``), in the order of
    ``sentence_ranges``; empty where no model has tagged it.
    """

    id: str
    text: str
    mentions: tuple[Mention, ...] = ()
    sentence_ranges: tuple[Range, ...] = ()
    relations: tuple[Relation, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    uncertainty: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for one in self.mentions:
            if one.end > len(self.text):
                raise ValueError(
                    f"document {self.id!r}: mention {one.fragments} ends after the text, "
                    f"which has {len(self.text)} characters"
                )

    def surface(self, one: Mention) -> str:
        """Return the text of a mention, the fragments of a discontinuous one joined by a space."""
        return " ".join(self.text[start:end] for start, end in one.fragments)


@dataclass(frozen=True, slots=True)
class Span:
    """A flat mention in a Sentence: half-open token offsets and a label.

    ``stands_for`` holds the types that a coarse label may stand for (empty: the label itself).
    """

    start: int
    end: int
    label: str
    source_label: str = ""
    stands_for: tuple[str, ...] = ()
    status: Status = "gold"
    score: float | None = None
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"expected 0 <= start < end, got ({self.start}, {self.end})")

    @property
    def labels(self) -> tuple[str, ...]:
        """The types that this span may be: ``stands_for``, or its own label."""
        return self.stands_for or (self.label,)


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What one of several corpora says of a sentence that they share, before it was fused.

    The fields mean what they mean in ``Sentence``; ``readings`` are the corpus's own clashes, where
    it has the same sentence twice.
    """

    corpus: str
    spans: tuple[Span, ...] = ()
    covers: frozenset[str] = frozenset()
    readings: tuple[Span, ...] = ()
    ignored: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """The training and tagging view of a piece of a Document.

    ``offsets`` are the tokens' characters in the document; ``spans`` are flat, sorted and do not
    overlap. ``covers`` names the types that whoever labelled it was looking for: only for those is
    the absence of a span evidence. ``readings`` are further spans that are allowed beside
    ``spans`` where two annotations clash in their boundaries; in ``ignored`` token ranges any tag
    is allowed. ``uncertainty`` of a tagged sentence: the model's mean chance, 0..1, that a word's
    tag is wrong, types of one group counted as one (least confidence, Settles & Craven 2008).
    """

    document: str
    tokens: tuple[str, ...]
    offsets: tuple[Range, ...]
    spans: tuple[Span, ...] = ()
    covers: frozenset[str] = frozenset()
    corpus: str = ""
    split: str = ""
    readings: tuple[Span, ...] = ()
    ignored: tuple[Range, ...] = ()
    sources: tuple[str, ...] = ()
    """The corpora whose annotations were fused into this sentence (empty: just ``corpus``); of a
    corrected sentence the project that it is of."""
    uncertainty: float | None = None
    by_source: tuple[SourceReading, ...] = ()
    """What each of several ``sources`` says by itself; empty where there is but one."""

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.offsets):
            raise ValueError(f"{len(self.tokens)} tokens but {len(self.offsets)} offsets")
        previous = 0
        for span in self.spans:
            if span.start < previous:
                raise ValueError(f"spans overlap or are out of order at token {span.start}")
            previous = span.end
        if previous > len(self.tokens):
            raise ValueError(
                f"a span ends at token {previous}, the sentence has {len(self.tokens)}"
            )

    @property
    def start(self) -> int:
        return self.offsets[0][0] if self.offsets else 0

    @property
    def end(self) -> int:
        return self.offsets[-1][1] if self.offsets else 0

    @property
    def owner(self) -> str:
        """Whose rules its marks follow: its one source, a project, say; else its corpus."""
        return self.sources[0] if len(self.sources) == 1 else self.corpus

    @property
    def id(self) -> str:
        """``document:start-end``, so that equal sentences stay apart."""
        return f"{self.document}:{self.start}-{self.end}"

    @property
    def text(self) -> str:
        """The tokens joined by spaces (the reading text of a corpus sentence)."""
        return " ".join(self.tokens)

    @property
    def fingerprint(self) -> str:
        """Hash of the normalised tokens; used only to find duplicates and leaks."""
        return fingerprint(self.tokens)

    def surface(self, span: Span) -> str:
        """Return the tokens of a span joined by spaces."""
        return " ".join(self.tokens[span.start : span.end])


_PUNCTUATION = {code: None for code in range(128) if not chr(code).isalnum() and chr(code) != " "}


def normalise(tokens: Iterable[str]) -> str:
    """Return the words' letters and digits, lower-cased, joined by spaces."""
    tokens = tuple(tokens)
    text = " ".join(tokens)
    if text.isascii():
        return " ".join(text.translate(_PUNCTUATION).lower().split())
    words = [t if t.isalnum() else "".join(filter(str.isalnum, t)) for t in tokens]
    return " ".join(filter(None, words)).lower()


def fingerprint(tokens: Iterable[str]) -> str:
    """Hash the tokens, case kept, to 16 hex digits."""
    return hashlib.blake2b(" ".join(tokens).encode(), digest_size=8).hexdigest()


def as_read_by(sentence: Sentence, reading: SourceReading) -> Sentence:
    """Return a fused sentence as one of its sources has it."""
    return replace(
        sentence,
        corpus=reading.corpus,
        spans=reading.spans,
        covers=reading.covers,
        readings=reading.readings,
        ignored=reading.ignored,
        sources=(reading.corpus,),
        by_source=(),
    )


def with_spans(sentence: Sentence, spans: Iterable[Span]) -> Sentence:
    """Return the sentence with other spans, sorted."""
    return replace(sentence, spans=tuple(sorted(spans, key=lambda s: s.start)))


def corpus_sentence(
    document: str,
    tokens: Sequence[str],
    *,
    spans: Iterable[Span] = (),
    covers: frozenset[str] = frozenset(),
    corpus: str = "",
    split: str = "",
) -> Sentence:
    """Make a sentence that is a document of its own, its text the tokens joined by spaces."""
    return Sentence(
        document, tuple(tokens), spaced_offsets(tokens), tuple(spans), covers, corpus, split
    )


_KNOWN_RANGES: dict[Range, Range] = {}
"""Token offsets: most of them are shared by many corpus sentences, so each is kept once."""


def spaced_offsets(tokens: Sequence[str]) -> tuple[Range, ...]:
    """Return the character ranges of tokens joined by spaces."""
    starts = list(accumulate(map((1).__add__, map(len, tokens)), initial=0))
    ranges = list(zip(starts, map((-1).__add__, starts[1:]), strict=False))
    if starts[-1] > 1000:
        return tuple(ranges)
    shared = list(map(_KNOWN_RANGES.setdefault, ranges, ranges))
    return tuple(shared)
