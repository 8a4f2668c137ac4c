"""Passages: how title, abstract and sections lie in one text, for the formats that have them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bioner.formats.attributes import PASSAGES, Pairs, value_of
from bioner.spans import Document


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document's text.

    ``start`` and ``end`` are characters of the document's text, in which passages are joined by one
    line break; ``offset`` is where the passage begins by its file's own count.
    """

    start: int
    end: int
    offset: int
    infons: Pairs = ()


def lay_out(parts: Sequence[tuple[str, int, Pairs]]) -> tuple[str, tuple[Passage, ...]]:
    """Join passages (text, own offset, infons) into one text, and say where each of them lies."""
    passages: list[Passage] = []
    at = 0
    for text, offset, infons in parts:
        passages.append(Passage(at, at + len(text), offset, infons))
        at += len(text) + 1
    return "\n".join(text for text, _, _ in parts), tuple(passages)


def to_attribute(passages: Sequence[Passage]) -> Pairs:
    """Return the document attribute that keeps the passages; none for a single plain one at 0."""
    if len(passages) == 1 and not passages[0].offset and not passages[0].infons:
        return ()
    rows = [[one.end - one.start, one.offset, [list(p) for p in one.infons]] for one in passages]
    return ((PASSAGES, json.dumps(rows, ensure_ascii=False)),)


def passages_of(document: Document) -> tuple[Passage, ...]:
    """Return a document's passages: those that it came with, if they still fit, else one of all."""
    whole = (Passage(0, len(document.text), 0),)
    kept = value_of(document.attributes, PASSAGES)
    if not kept:
        return whole
    passages: list[Passage] = []
    at = 0
    try:
        for length, offset, infons in json.loads(kept):
            pairs = tuple((str(key), str(value)) for key, value in infons)
            passages.append(Passage(at, at + length, offset, pairs))
            at += length + 1
    except (ValueError, TypeError, RecursionError, OverflowError):
        return whole
    breaks = all(document.text[one.end : one.end + 1] == "\n" for one in passages[:-1])
    return tuple(passages) if breaks and at == len(document.text) + 1 else whole
