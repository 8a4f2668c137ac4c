"""Where an annotation really is: stated offsets checked against the text, mended by named rules."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from bioner.spans import Range
from bioner.tokens import fold

NEAR = 50
"""How far, in characters, a surface that occurs more than once may lie from its stated offset."""
_IN_ASCII = "offset_in_ascii"
MAX_FOLDED = 200
"""Surfaces above this are compared to the letter alone where their place is wrong."""
Stated = tuple[Sequence[Range], str | None]
"""What a file says of an annotation: its ranges, and its surface where the format gives it."""
_SHORT_GREEK = {
    **{char: unicodedata.name(char).split()[-1][0].lower() for char in "αβγδεζηθικλνξοπρστυφχψω"},
    **{char: unicodedata.name(char).split()[-1][0] for char in "ΑΒΓΔΕΖΗΘΙΚΛΝΞΟΠΡΣΤΥΦΧΨΩ"},
    "ß": "b",
    "μ": "u",
    "µ": "u",
}
"""How tools that know ASCII alone write "TNF-α": with the letter's first."""


@dataclass(frozen=True, slots=True)
class Placement:
    """An annotation's fragments in the text, or none; ``rule`` names the repair or rejection."""

    fragments: tuple[Range, ...]
    rule: str = ""


class Placer:
    """Places annotations in one text.

    ``stated`` are all annotations of the document: where each surface of them stands at its offsets
    counted in UTF-16 units, in bytes or in characters of the text in ASCII ("alpha" for "α"), and
    not in its own characters, all are shifted (``offset_in_utf16``, ``offset_in_bytes``,
    ``offset_in_ascii``); one alone never is.

    Repairs: ``spaces_trimmed`` (at a mention's limits), ``length_corrected`` (the surface, or what
    is the surface in other letters, begins where stated and has another length),
    ``surface_differs`` (what stands there is the surface in other letters, "TNF-a" for "TNF-α":
    offsets kept), ``offset_moved`` (found within 50 characters, in other letters too, or only once
    in the text), ``fragments_sorted``, ``fragments_merged`` (they overlapped),
    ``limit_inside_word`` (no surface says so, and a limit cuts a word: nothing is moved).
    Rejections: ``empty_range``, ``outside_text``, ``surface_not_found``.
    """

    def __init__(self, text: str, stated: Iterable[Stated] = ()) -> None:
        self.text = text
        self._unit_rule, self._units = "", dict[int, int]()
        if not text.isascii():
            self._find_units([(_clean(ranges), surface) for ranges, surface in stated])

    def _find_units(self, stated: list[tuple[tuple[Range, ...], str | None]]) -> None:
        """Choose the unit in which all surfaces stand: to the letter, else in other letters."""
        told = [(one, surface) for one, surface in stated if one and surface]
        if not told or all(self._stands(one, surface, exactly=True) for one, surface in told):
            return
        units = {
            rule: {unit: i for i, unit in enumerate(accumulate(map(width, self.text), initial=0))}
            for rule, width in (
                ("offset_in_utf16", _utf16_width),
                ("offset_in_bytes", _byte_width),
                (_IN_ASCII, _ascii_width),
            )
        }
        for exactly in (True, False):
            if not exactly and all(self._stands(one, surface) for one, surface in told):
                return
            for rule, of_text in units.items():
                mapped = ((_mapped(one, of_text), surface) for one, surface in told)
                if all(self._stands(one, surface, exactly=exactly) for one, surface in mapped):
                    self._unit_rule, self._units = rule, of_text
                    return

    def place(self, ranges: Sequence[Range], surface: str | None = None) -> Placement:
        """Place an annotation by its stated ranges and, where the format gives it, its surface."""
        fragments = _clean(ranges)
        if not fragments or (surface is not None and not surface.strip()):
            return Placement((), "empty_range")
        rule = ""
        if self._units:
            mapped = _mapped(fragments, self._units)
            rule = self._unit_rule if mapped and mapped != fragments else ""
            fragments = mapped or fragments
        if not rule and len(fragments) != len(ranges):
            rule = "fragments_merged"
        inside = fragments[0][0] >= 0 and fragments[-1][1] <= len(self.text)
        if surface is None:
            return self._trimmed(fragments, rule or self._cut(fragments), inside)
        if inside and self._is_surface(fragments, surface):
            return self._trimmed(fragments, rule, inside)
        if inside and len(ranges) > 1 and self._is_surface(ranges, surface):
            return self._trimmed(fragments, "fragments_sorted", inside)
        if inside and _is_blanked(self._joined(fragments), surface):
            return self._trimmed(fragments, rule or "surface_differs", inside)
        told = rule if rule == _IN_ASCII else ""
        return self._repair(fragments, surface.strip(), inside, told)

    def _trimmed(self, fragments: tuple[Range, ...], rule: str, inside: bool) -> Placement:
        """Return the placement without spaces at the mention's limits."""
        if not inside:
            return Placement((), "outside_text")
        low, high = fragments[0][0], fragments[-1][1]
        while low < high and self.text[low].isspace():
            low += 1
        while low < high and self.text[high - 1].isspace():
            high -= 1
        if (low, high) == (fragments[0][0], fragments[-1][1]):
            return Placement(fragments, rule)
        kept = [(max(start, low), min(end, high)) for start, end in fragments]
        kept = [(start, end) for start, end in kept if start < end]
        return (
            Placement(tuple(kept), rule or "spaces_trimmed")
            if kept
            else Placement((), "empty_range")
        )

    def _cut(self, fragments: tuple[Range, ...]) -> str:
        """Say whether a limit of the mention lies inside a word."""
        low, high = fragments[0][0], fragments[-1][1]
        cuts = self._is_inside_word(low) or self._is_inside_word(high)
        return "limit_inside_word" if cuts else ""

    def _is_inside_word(self, at: int) -> bool:
        return 0 < at < len(self.text) and self.text[at - 1].isalnum() and self.text[at].isalnum()

    def _repair(
        self, fragments: tuple[Range, ...], surface: str, inside: bool, rule: str
    ) -> Placement:
        start, end = fragments[0][0], fragments[-1][1]
        if len(fragments) == 1 and start >= 0:
            if self.text.startswith(surface, start):
                return Placement(((start, start + len(surface)),), "length_corrected")
            found = self.text.find(surface, start, end)
            if found >= 0:
                is_space = not self.text[start:found].strip()
                rule = "spaces_trimmed" if is_space else "offset_moved"
                return Placement(((found, found + len(surface)),), rule)
        named = self._folded_end(start, surface) if len(fragments) == 1 else 0
        between = self.text[min(named, end) : max(named, end)]
        is_cut = self._is_inside_word(end) and named > end
        is_beyond = surface[-1].isalnum() and not any(char.isalnum() for char in between)
        is_better = is_cut or (0 < named != end and is_beyond)
        if inside and not is_better and agrees(self._joined(fragments), surface):
            return self._trimmed(fragments, rule or "surface_differs", inside)
        if named:
            return Placement(((start, named),), rule or "length_corrected")
        moved = self._nearest(fragments, surface)
        if moved:
            return Placement(moved, "offset_moved")
        return Placement((), "surface_not_found" if inside else "outside_text")

    def _folded_end(self, start: int, surface: str, *, exactly: bool = False) -> int:
        """Return where what begins here ends, if it is the surface in other letters; 0 if not.

        Without hyphens too, unless ``exactly``. A word is never cut.
        """
        wanted = _folded(surface)
        if not 0 <= start < len(self.text) or len(surface) > MAX_FOLDED or not wanted:
            return 0
        if _folded(self.text[start])[:1] not in (wanted[:1], "&"):
            return 0
        loose = 0
        for end in range(start + 1, min(start + 2 * len(surface) + 16, len(self.text)) + 1):
            if self.text[end - 1].isspace() or self._is_inside_word(end):
                continue
            found = _folded(self.text[start:end])
            if found == wanted:
                return end
            if not loose and not exactly and _letters(found) == _letters(wanted):
                loose = end
        return loose

    def stands(self, ranges: Sequence[Range], surface: str | None) -> bool:
        """Tell whether an annotation lies in the text as stated, its surface too if it has one."""
        return self._stands(_clean(ranges), surface)

    def _stands(
        self, fragments: Sequence[Range], surface: str | None, *, exactly: bool = False
    ) -> bool:
        if not fragments or fragments[0][0] < 0 or fragments[-1][1] > len(self.text):
            return False
        if surface is not None and exactly:
            return self._is_surface(fragments, surface)
        return surface is None or agrees(self._joined(fragments), surface)

    def _joined(self, fragments: Sequence[Range]) -> str:
        return " ".join(self.text[start:end] for start, end in fragments)

    def _is_surface(self, fragments: Sequence[Range], surface: str) -> bool:
        joined = self._joined(fragments)
        return joined == surface or joined.split() == surface.split()

    def _nearest(self, fragments: tuple[Range, ...], surface: str) -> tuple[Range, ...]:
        """Return the fragments moved to the nearest place where the surface stands."""
        start = fragments[0][0]
        if len(fragments) > 1:
            for distance in sorted(range(-NEAR, NEAR + 1), key=abs):
                moved = tuple((low + distance, high + distance) for low, high in fragments)
                fits = moved[0][0] >= 0 and moved[-1][1] <= len(self.text)
                if fits and self._is_surface(moved, surface):
                    return moved
            return ()
        starts = self._occurrences(surface, start - NEAR, start + NEAR + len(surface))
        if not starts:
            starts = self._occurrences(surface, 0, len(self.text))
            if len(starts) != 1:
                return self._nearest_folded(start, surface)
        nearest = min(starts, key=lambda found: abs(found - start))
        return ((nearest, nearest + len(surface)),)

    def _nearest_folded(self, start: int, surface: str) -> tuple[Range, ...]:
        """Return the nearest whole words that are the surface in other letters."""
        for at in sorted(range(start - NEAR, start + NEAR + 1), key=lambda one: abs(one - start)):
            if not self._is_inside_word(at) and (
                end := self._folded_end(at, surface, exactly=True)
            ):
                return ((at, end),)
        return ()

    def _occurrences(self, surface: str, low: int, high: int) -> list[int]:
        """Return where the surface begins inside the range: as whole words if it does anywhere."""
        found: list[int] = []
        at = self.text.find(surface, max(low, 0), max(high, 0))
        while at >= 0:
            found.append(at)
            at = self.text.find(surface, at + 1, max(high, 0))
        whole = [at for at in found if self._is_whole(at, at + len(surface))]
        return whole or found

    def _is_whole(self, start: int, end: int) -> bool:
        return not self._is_inside_word(start) and not self._is_inside_word(end)


def agrees(text: str, surface: str) -> bool:
    """Tell whether a surface is what stands in the text, in whatever letters its tool wrote it."""
    surface = html.unescape(surface)
    return _letters(text) == _letters(surface) or not _forms(text).isdisjoint(_forms(surface))


def _is_blanked(text: str, surface: str) -> bool:
    """Tell whether a surface is the text character by character, its signs replaced by spaces."""
    if len(text) != len(surface) or _letters(text) != _letters(surface):
        return False
    return all(one == told or told.isspace() for one, told in zip(text, surface, strict=True))


def _forms(text: str) -> set[str]:
    """Return the ways in which ASCII writes a text, as letters and digits alone."""
    short = "".join(_SHORT_GREEK.get(char, char) for char in text)
    german = text.replace("ß", "ss")
    return {_letters(fold(one)) for one in (text, short, german)} - {""}


def _folded(text: str) -> str:
    """Return a text as ASCII writes it, without capitals and spaces."""
    return "".join(fold(one) for one in html.unescape(text).split()).casefold()


def _ascii_width(char: str) -> int:
    return 1 if char.isascii() else len(fold(char))


def _utf16_width(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def _byte_width(char: str) -> int:
    return len(char.encode("utf-8", "surrogatepass"))


def _mapped(fragments: Sequence[Range], units: dict[int, int]) -> tuple[Range, ...]:
    mapped = tuple((units.get(start, -1), units.get(end, -1)) for start, end in fragments)
    return mapped if all(0 <= start < end for start, end in mapped) else ()


def _clean(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """Sort the ranges, merge those that overlap, leave out the empty ones."""
    fragments: list[Range] = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if fragments and start < fragments[-1][1]:
            fragments[-1] = (fragments[-1][0], max(end, fragments[-1][1]))
        else:
            fragments.append((start, end))
    return tuple(fragments)


def _letters(text: str) -> str:
    """Return letters and digits alone, lower-cased; of a text without any, its other characters."""
    return "".join(c for c in text.casefold() if c.isalnum()) or "".join(text.split())
