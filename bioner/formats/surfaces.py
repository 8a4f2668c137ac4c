"""Whether a surface is what stands in the text, in whatever letters its tool wrote it."""

from __future__ import annotations

import html
import unicodedata

from bioner.tokens import fold

_SHORT_GREEK = {
    **{char: unicodedata.name(char).split()[-1][0].lower() for char in "αβγδεζηθικλνξοπρστυφχψω"},
    **{char: unicodedata.name(char).split()[-1][0] for char in "ΑΒΓΔΕΖΗΘΙΚΛΝΞΟΠΡΣΤΥΦΧΨΩ"},
    "ß": "b",
    "μ": "u",
    "µ": "u",
}
"""How tools that know ASCII alone write "TNF-α": with the letter's first."""
_LOST = "?\ufffd"
"""What stands where a tool lost a character that it could not write."""


def agrees(text: str, surface: str) -> bool:
    """Tell whether a surface is what stands in the text, in whatever letters its tool wrote it."""
    text, surface = _readable(text), _readable(surface)
    return letters(text) == letters(surface) or not _forms(text).isdisjoint(_forms(surface))


def is_masked(text: str, surface: str) -> bool:
    """Tell whether a surface is the text character by character, but for what its tool lost.

    Signs and what is beyond ASCII as spaces, what is beyond ASCII as question marks.
    """
    if len(text) != len(surface):
        return False
    return all(
        one == told
        or (told.isspace() and not (one.isascii() and one.isalnum()))
        or (told in _LOST and not one.isascii())
        for one, told in zip(text, surface, strict=True)
    )


def folded(text: str) -> str:
    """Return a text as ASCII writes it, without capitals and spaces."""
    return "".join(fold(one) for one in _readable(text).split()).casefold()


def letters(text: str) -> str:
    """Return letters and digits alone, lower-cased; of a text without any, its other characters."""
    return "".join(c for c in text.casefold() if c.isalnum()) or "".join(text.split())


def _readable(text: str) -> str:
    """Return a text with its entities read, and as UTF-8 where it was read as Windows letters."""
    text = html.unescape(text)
    if text.isascii():
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def _forms(text: str) -> set[str]:
    """Return the ways in which ASCII writes a text, as letters and digits alone."""
    short = "".join(_SHORT_GREEK.get(char, char) for char in text)
    german = text.replace("ß", "ss")
    return {letters(fold(one)) for one in (text, short, german)} - {""}
