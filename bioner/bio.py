"""Spans to tags and back: IOB2, IOB1, IOBES, untyped BIO. The only file that spells "B-"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from bioner.spans import Sentence, Span

Scheme = Literal["IOB2", "IOB1", "IOBES", "untyped"]
OUTSIDE = "O"
BoolMatrix = npt.NDArray[np.bool_]
FloatMatrix = npt.NDArray[np.float32]

_ROLES = {"B": "B", "I": "I", "O": "O", "E": "E", "S": "S", "L": "E", "U": "S", "M": "I", "W": "S"}


@dataclass(frozen=True, slots=True)
class TagSpan:
    """A labelled half-open token range read from tags."""

    start: int
    end: int
    label: str


@lru_cache(maxsize=64)
def tag_names(types: tuple[str, ...]) -> tuple[str, ...]:
    """Return the IOB2 tags of the types: ``O``, then B- and I- of each (27 for 13 types)."""
    return (OUTSIDE, *(f"{prefix}-{name}" for name in types for prefix in "BI"))


def types_of(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the type names of a tag inventory, in order of first appearance."""
    return tuple(dict.fromkeys(label for tag in tags for label in [split_tag(tag)[1]] if label))


def split_tag(tag: str) -> tuple[str, str]:
    """Split a tag into its role (B, I, O, E or S; BILOU and BMEWO letters included) and its label.

    Raises ValueError for anything else.
    """
    if tag == OUTSIDE:
        return "O", ""
    prefix, separator, label = tag.partition("-")
    role = _ROLES.get(prefix)
    if role is None or (separator and (not label or role == "O")):
        raise ValueError(f"expected O, or B-, I-, E-, S- and a type, got {tag!r}")
    return role, label


def detect_scheme(sequences: Iterable[Sequence[str]] | Mapping[tuple[str, ...], int]) -> Scheme:
    """Tell the scheme of a file from its tag sequences, or from how often each occurs.

    E- or S- anywhere: IOBES. Tags without types: untyped. IOB1 where mentions begin with I- and
    either every B- stands directly after a tag of the same type, or most stretches of tags
    without ``O`` begin with I-: a needless B- here and there is then the exception. Otherwise IOB2.
    """
    counted = sequences if isinstance(sequences, Mapping) else Counter(map(tuple, sequences))
    free_begins = stretches = orphan_stretches = orphans = typed = untyped = 0
    for tags, count in counted.items():
        previous = ("O", "")
        for tag in tags:
            role, label = split_tag(tag)
            if role in "ES":
                return "IOBES"
            if role != "O":
                typed += bool(label)
                untyped += not label
            begins_stretch = role != "O" and previous[0] == "O"
            stretches += count * begins_stretch
            if role == "B":
                free_begins += begins_stretch or previous[1] != label
            elif role == "I" and (begins_stretch or previous[1] != label):
                orphans += 1
                orphan_stretches += count * begins_stretch
            previous = (role, label)
    if untyped and not typed:
        return "untyped"
    if orphans and not free_begins:
        return "IOB1"
    return "IOB1" if 2 * orphan_stretches > stretches else "IOB2"


def decode(
    tags: Sequence[str], scheme: Scheme = "IOB2", *, untyped_label: str = ""
) -> tuple[list[TagSpan], Counter[str]]:
    """Read the spans of one tag sequence, repairing by named rules and counting each repair.

    ``inside_without_begin`` and ``end_without_begin`` begin a span where its first tag is
    missing; ``span_not_closed`` ends an IOBES span whose E- is missing. In IOB1 an I- begins a
    span by right. An untyped tag takes ``untyped_label``.
    """
    spans: list[TagSpan] = []
    repairs: Counter[str] = Counter()
    start, current = -1, ""

    def close(end: int, complete: bool) -> None:
        nonlocal start
        if start >= 0:
            spans.append(TagSpan(start, end, current))
            if scheme == "IOBES" and not complete:
                repairs["span_not_closed"] += 1
        start = -1

    for i, tag in enumerate(tags):
        role, label = split_tag(tag)
        if role != "O":
            label = label or untyped_label
        if role == "O":
            close(i, False)
        elif role in "BS":
            close(i, False)
            start, current = i, label
        elif start < 0 or label != current:
            close(i, False)
            if scheme != "IOB1":
                repairs["inside_without_begin" if role == "I" else "end_without_begin"] += 1
            start, current = i, label
        if role in "ES":
            close(i + 1, True)
    close(len(tags), False)
    return spans, repairs


def decode_strict(tags: Sequence[str]) -> list[TagSpan]:
    """Read IOB2 as seqeval's strict mode does: an I- without its B- is nothing."""
    spans: list[TagSpan] = []
    start, current = -1, ""
    for i, tag in enumerate([*tags, OUTSIDE]):
        role, label = split_tag(tag)
        if start >= 0 and not (role == "I" and label == current):
            spans.append(TagSpan(start, i, current))
            start = -1
        if role == "B":
            start, current = i, label
    return spans


def encode(spans: Iterable[Span | TagSpan], length: int, scheme: Scheme = "IOB2") -> list[str]:
    """Write flat spans as ``length`` tags in the scheme. Raises ValueError where spans overlap."""
    tags = [OUTSIDE] * length
    previous: Span | TagSpan | None = None
    for span in sorted(spans, key=lambda s: s.start):
        if any(tag != OUTSIDE for tag in tags[span.start : span.end]) or span.end > length:
            raise ValueError(
                f"span {span.start}-{span.end} overlaps another or ends after {length} tokens"
            )
        suffix = "" if scheme == "untyped" else f"-{span.label}"
        inside = ["I" + suffix] * (span.end - span.start)
        if scheme != "IOB1" or (
            previous and previous.end == span.start and previous.label == span.label
        ):
            inside[0] = "B" + suffix
        if scheme == "IOBES":
            inside[-1] = ("S" if len(inside) == 1 else "E") + suffix
        tags[span.start : span.end] = inside
        previous = span
    return tags


def allowed_tags(sentence: Sentence, types: tuple[str, ...]) -> BoolMatrix:
    """Return, for each token, the set of tags that would not be wrong.

    *Shape:* (tokens, 1 + 2 · types), columns as in ``tag_names``. For a label: its tag, for a
    coarse one the tags that it may stand for. For no label: ``O`` and every tag of a type outside
    ``sentence.covers``. Where two readings clash: the tags of both. In ignored ranges: all.
    Raises KeyError for a label that is not among the types.
    """
    column = {name: 1 + 2 * i for i, name in enumerate(types)}
    outside = np.zeros(1 + 2 * len(types), dtype=np.bool_)
    outside[0] = True
    for name, i in column.items():
        if name not in sentence.covers:
            outside[i : i + 2] = True
    allowed = np.tile(outside, (len(sentence.tokens), 1))
    for span in sentence.spans:
        allowed[span.start : span.end] = False
        _allow(allowed, span, column)
    for span in sentence.spans:
        rivals = [r for r in sentence.readings if r.start < span.end and span.start < r.end]
        if rivals:
            covered = {i for r in rivals for i in range(r.start, r.end)}
            allowed[[i for i in range(span.start, span.end) if i not in covered]] |= outside
    for reading in sentence.readings:
        _allow(allowed, reading, column)
    for start, end in sentence.ignored:
        allowed[start:end] = True
    return allowed


def _allow(allowed: BoolMatrix, span: Span, column: dict[str, int]) -> None:
    for label in span.labels:
        allowed[span.start, column[label]] = True
        allowed[span.start + 1 : span.end, column[label] + 1] = True


@lru_cache(maxsize=64)
def transitions(types: tuple[str, ...]) -> BoolMatrix:
    """Return which tag may follow which in valid IOB2. *Shape:* (tags from, tags to)."""
    size = 1 + 2 * len(types)
    valid = np.ones((size, size), dtype=np.bool_)
    for i in range(len(types)):
        inside = 2 + 2 * i
        valid[:, inside] = False
        valid[[inside - 1, inside], inside] = True
    valid.setflags(write=False)
    return valid


def viterbi(scores: FloatMatrix, types: tuple[str, ...]) -> list[int]:
    """Return the best valid IOB2 path through log scores of shape (tokens, tags).

    Only an I- needs its own type's B- or I- before it, so each step compares, per type, its two
    predecessors with the best of all: O(tokens · tags). Viterbi 1967.
    """
    length = len(scores)
    if length == 0:
        return []
    begin = np.arange(1, 1 + 2 * len(types), 2)
    inside = begin + 1
    best = scores[0].astype(np.float64)
    best[inside] = -np.inf
    back = np.zeros((length, scores.shape[1]), dtype=np.intp)
    for t in range(1, length):
        top = int(best.argmax())
        from_begin = best[begin] >= best[inside]
        back[t] = top
        back[t, inside] = np.where(from_begin, begin, inside)
        reached = np.full(len(best), best[top])
        reached[inside] = np.where(from_begin, best[begin], best[inside])
        best = reached + scores[t]
    path = [int(best.argmax())]
    for t in range(length - 1, 0, -1):
        path.append(int(back[t, path[-1]]))
    return path[::-1]
