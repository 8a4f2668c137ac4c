"""From a document's mentions to a sentence's flat spans and back, what was lost counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bioner.spans import Document, Mention, Range, Sentence, Span, Status


@dataclass(frozen=True)
class Flattening:
    """What the rule from mentions to flat spans did, counted."""

    kept: int = 0
    nested_dropped: int = 0
    discontinuous_joined: int = 0
    snapped: int = 0
    outside: int = 0
    labels_dropped: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Flattening) -> Flattening:
        return Flattening(
            self.kept + other.kept,
            self.nested_dropped + other.nested_dropped,
            self.discontinuous_joined + other.discontinuous_joined,
            self.snapped + other.snapped,
            self.outside + other.outside,
            self.labels_dropped + other.labels_dropped,
        )


def flatten(
    document: Document, tokens: Sequence[Range], mentions: Sequence[Mention] | None = None
) -> tuple[tuple[Span, ...], Flattening]:
    """Derive flat token spans from a document's mentions: *longest first, then leftmost*.

    ``tokens`` are character ranges of one sentence. A discontinuous mention becomes its whole
    extent; a boundary inside a token is snapped outwards to the token; of overlapping mentions the
    longest is kept. Mentions that do not lie inside the tokens' extent (no token overlaps, or they
    cross the sentence's edge) are counted as ``outside``; of a whole document's, those elsewhere
    in it are not.
    """
    if not tokens:
        return (), Flattening()
    low, high = tokens[0][0], tokens[-1][1]
    counts: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    candidates: list[tuple[int, int, Mention]] = []
    for one in document.mentions if mentions is None else mentions:
        if one.end <= low or one.start >= high:
            counts["outside"] += mentions is not None
            continue
        inside = [i for i, (start, end) in enumerate(tokens) if start < one.end and end > one.start]
        if not inside or one.start < low or one.end > high:
            counts["outside"] += 1
            continue
        first, last = inside[0], inside[-1]
        counts["snapped"] += tokens[first][0] != one.start or tokens[last][1] != one.end
        counts["discontinuous"] += one.is_discontinuous
        candidates.append((first, last + 1, one))
    taken = [False] * len(tokens)
    spans: list[Span] = []
    for start, end, one in sorted(candidates, key=lambda c: (c[0] - c[1], c[0], c[2].label)):
        if any(taken[start:end]):
            dropped[one.label] += 1
            continue
        taken[start:end] = [True] * (end - start)
        spans.append(
            Span(
                start=start,
                end=end,
                label=one.label,
                source_label=one.source_label,
                stands_for=(),
                status=one.status,
                score=one.score,
                alternatives=one.alternatives,
            )
        )
    report = Flattening(
        len(spans),
        sum(dropped.values()),
        counts["discontinuous"],
        counts["snapped"],
        counts["outside"],
        dropped,
    )
    return tuple(sorted(spans, key=lambda s: s.start)), report


def unflatten(sentence: Sentence, *, status: Status | None = None) -> tuple[Mention, ...]:
    """Turn a sentence's spans back into mentions with document character offsets."""
    return tuple(
        Mention(
            ((sentence.offsets[span.start][0], sentence.offsets[span.end - 1][1]),),
            span.label,
            span.source_label,
            status or span.status,
            span.score,
            span.alternatives,
        )
        for span in sentence.spans
    )
