"""Whether anything of a file was understood: one of which nothing was is refused at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from bioner.errors import FormatError
from bioner.formats.marks import NOT_UNDERSTOOD
from bioner.formats.tally import ReadOptions, Tally
from bioner.spans import Document, Sentence

Text = TypeVar("Text", Document, Sentence)


def some(documents: Iterator[Document], name: str, tally: Tally) -> Iterator[Document]:
    """Yield a file's documents; refuse it at its end where it held none, not even odd ones."""
    is_empty = True
    for one in documents:
        is_empty = False
        yield one
    if is_empty and not (tally.read or tally.unread):
        raise FormatError(f"{name}: holds no documents; expected texts")


def understood(
    documents: Iterator[Text], name: str, tally: Tally, options: ReadOptions
) -> Iterator[Text]:
    """Yield a file's documents or sentences; refuse it where there were marks and none was read."""
    read, unread = tally.read, tally.unread_marks.copy()
    odd = tally.rejections[NOT_UNDERSTOOD]
    yield from documents
    left = tally.unread_marks - unread
    odd = tally.rejections[NOT_UNDERSTOOD] - odd
    if options.needs_marks and (left or odd) and tally.read - read == odd:
        told = ", ".join(f"{what} ({count:,})" for what, count in left.items())
        if odd:
            raise FormatError(tally.example(NOT_UNDERSTOOD).replace(f"{NOT_UNDERSTOOD}: ", ""))
        raise FormatError(
            f"{name}: nothing of what is marked in it was understood ({told}); save it in one of "
            'the known formats, such as JSON lines with "entities": '
            '[{"start": 0, "end": 3, "label": "Gene"}]'
        )
