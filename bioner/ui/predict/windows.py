"""A long text cut into the parts that the reading view shows one at a time."""

from __future__ import annotations

from dataclasses import replace

from bioner.spans import Document, Range

WINDOW = 40_000
"""Characters of one page of the reading view; a browser draws this many in a blink."""


def windows(document: Document, size: int = WINDOW) -> list[Range]:
    """Cut a document into parts of about ``size`` characters, at sentence ends outside mentions."""
    length = len(document.text)
    cuts = _cuts_outside_mentions(document)
    parts: list[Range] = []
    start = 0
    for i, at in enumerate(cuts):
        following = cuts[i + 1] if i + 1 < len(cuts) else length
        if following - start > size:
            parts.append((start, at))
            start = at
    parts.append((start, length))
    return parts


def _cuts_outside_mentions(document: Document) -> list[int]:
    mentions = sorted((one.start, one.end) for one in document.mentions)
    cuts: list[int] = []
    position = reach = 0
    for _, at in document.sentence_ranges:
        while position < len(mentions) and mentions[position][0] < at:
            reach = max(reach, mentions[position][1])
            position += 1
        if reach <= at < len(document.text):
            cuts.append(at)
    return cuts


def part_of(document: Document, part: Range) -> Document:
    """Return a document of this part of the text alone, its mentions moved with it."""
    low, high = part
    mentions = tuple(
        replace(one, fragments=tuple((start - low, end - low) for start, end in one.fragments))
        for one in document.mentions
        if low <= one.start and one.end <= high
    )
    ranges = tuple(
        (start - low, end - low)
        for start, end in document.sentence_ranges
        if low <= start and end <= high
    )
    return Document(document.id, document.text[low:high], mentions, ranges)
