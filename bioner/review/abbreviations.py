"""Abbreviations where a text explains them: "tumour necrosis factor (TNF)"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BRACKETED = re.compile(r"[(\[]([^()\[\];:,]{1,120}?)(?:[;:,][^()\[\]]*)?[)\]]")
_SHORT_LONGEST = 10
"""Characters of a short form at most (Schwartz & Hearst 2003)."""
_WINDOW = 400
"""Characters before the bracket that are looked at."""
_BREAK = re.compile(r"[.!?]\s+(?=[A-Z])|\n")


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A short form and what it stands for, as one text explains it."""

    short: str
    long: str


def abbreviations(text: str) -> Iterator[Abbreviation]:
    """Yield each short form that a text explains in brackets, before or inside them.

    The rule of Schwartz & Hearst, "A simple algorithm for identifying abbreviation definitions in
    biomedical text" (PSB 2003): from right to left each letter or digit of the short form is found
    in the long form, the first at the beginning of a word.
    """
    for found in _BRACKETED.finditer(text):
        inside = found[1].strip()
        before = _sentence_before(text, found.start())
        if _is_short(inside):
            words = before.split()
            size = sum(map(str.isalnum, inside))
            window = " ".join(words[-min(size + 5, size * 2) :])
            long = long_form(inside, window)
            if long:
                yield Abbreviation(inside, long)
        elif before and len(inside.split()) > 1:
            short = before.split()[-1]
            if _is_short(short) and long_form(short, inside) == inside:
                yield Abbreviation(short, inside)


def long_form(short: str, window: str) -> str:
    """Return the end of ``window`` that the short form stands for; empty: none does."""
    at = len(window)
    letters = [char.lower() for char in short if char.isalnum()]
    lowered = window.lower()
    for number in range(len(letters) - 1, -1, -1):
        at -= 1
        while at >= 0 and (
            lowered[at] != letters[number] or (number == 0 and at > 0 and lowered[at - 1].isalnum())
        ):
            at -= 1
        if at < 0:
            return ""
    long = window[window.rfind(" ", 0, at) + 1 :].lstrip("([").rstrip(" ,;")
    is_longer = len(long) > len(short) and short.lower() not in long.lower().split()
    is_whole = long.count("(") == long.count(")") and long.count("[") == long.count("]")
    return long if is_longer and is_whole and ";" not in long else ""


def _sentence_before(text: str, end: int) -> str:
    window = text[max(0, end - _WINDOW) : end]
    return _BREAK.split(window)[-1]


def _is_short(form: str) -> bool:
    return (
        2 <= len(form) <= _SHORT_LONGEST
        and len(form.split()) <= 2
        and form[0].isalnum()
        and not re.match(r"\d[\d.,]*(\s|%)", form)
        and any(char.isupper() for char in form)
    )
