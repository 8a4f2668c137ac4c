"""In what a file counts its offsets: characters, or one of the other units that tools count in."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from bioner.spans import Range
from bioner.tokens import fold

Units = dict[int, int]
"""Where each offset by another count lies, in characters."""
_NAMED = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPED = {"&": 5, "<": 4, ">": 4}
_ESCAPED_QUOTES = {**_ESCAPED, '"': 6}


def units_of(text: str) -> Iterator[tuple[str, Units]]:
    """Yield the repair's name and the units of each other count of a text that it may come in.

    UTF-16 units, bytes, letters of ASCII ("alpha" for "α"); the text with its HTML entities read
    ("&alpha;" as one), or its own signs written as such; with ``\\r\\n`` as one, or ``\\n`` as two;
    with one space for several.
    """
    for rule, is_of, widths in _COUNTS:
        if is_of(text):
            found = list(widths(text))
            yield rule, {unit: i for i, unit in enumerate(accumulate(found, initial=0))}


def mapped(fragments: Sequence[Range], units: Units) -> tuple[Range, ...]:
    """Return ranges by another count in characters; none where one of them is not of it."""
    found = tuple((units.get(start, -1), units.get(end, -1)) for start, end in fragments)
    return found if all(0 <= start < end for start, end in found) else ()


def _utf16(text: str) -> Iterator[int]:
    return (2 if ord(char) > 0xFFFF else 1 for char in text)


def _bytes(text: str) -> Iterator[int]:
    return (len(char.encode("utf-8", "surrogatepass")) for char in text)


def _ascii(text: str) -> Iterator[int]:
    return (1 if char.isascii() else len(fold(char)) for char in text)


def _entities_read(text: str) -> Iterator[int]:
    at = 0
    for found in _NAMED.finditer(text):
        char = html.unescape(found[0])
        if char != found[0]:
            yield from [1] * (found.start() - at)
            yield from [len(char), *[0] * (len(found[0]) - 1)]
            at = found.end()
    yield from [1] * (len(text) - at)


def _escaped(text: str) -> Iterator[int]:
    return (_ESCAPED.get(char, 1) for char in text)


def _escaped_quotes(text: str) -> Iterator[int]:
    return (_ESCAPED_QUOTES.get(char, 1) for char in text)


def _line_ends_joined(text: str) -> Iterator[int]:
    return (0 if before == "\r" and char == "\n" else 1 for before, char in _pairs(text))


def _line_ends_doubled(text: str) -> Iterator[int]:
    return (2 if char == "\n" and before != "\r" else 1 for before, char in _pairs(text))


def _spaces_joined(text: str) -> Iterator[int]:
    return (0 if before.isspace() and char.isspace() else 1 for before, char in _pairs(text))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield each character with the one before it."""
    return zip(("", *text), text, strict=False)


def _is_foreign(text: str) -> bool:
    return not text.isascii()


def _holds(signs: str) -> Callable[[str], bool]:
    return lambda text: any(one in text for one in signs)


_COUNTS: tuple[tuple[str, Callable[[str], bool], Callable[[str], Iterator[int]]], ...] = (
    ("offset_in_utf16", _is_foreign, _utf16),
    ("offset_in_bytes", _is_foreign, _bytes),
    ("offset_in_ascii", _is_foreign, _ascii),
    ("offset_in_read_entities", _holds("&"), _entities_read),
    ("offset_in_escaped_signs", _holds("&<>"), _escaped),
    ("offset_in_escaped_signs", _holds('"'), _escaped_quotes),
    ("offset_in_joined_line_ends", lambda text: "\r\n" in text, _line_ends_joined),
    ("offset_in_double_line_ends", _holds("\n"), _line_ends_doubled),
    ("offset_in_single_spaces", lambda text: bool(re.search(r"\s\s", text)), _spaces_joined),
)
