"""Where an annotation really is: stated offsets checked against the text, mended by named rules."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from bioner.spans import Range

NEAR = 50
"""How far, in characters, a surface that occurs more than once may lie from its stated offset."""


@dataclass(frozen=True, slots=True)
class Placement:
    """An annotation's fragments in the text, or none; ``rule`` names the repair or rejection."""

    fragments: tuple[Range, ...]
    rule: str = ""


class Placer:
    """Places annotations in one text.

    Repairs: ``length_corrected`` (the surface begins where stated and has another length),
    ``surface_differs`` (the same letters and digits stand there: offsets kept), ``offset_in_utf16``
    and ``offset_in_bytes`` (counted in other units than characters), ``offset_moved`` (found within
    50 characters, or only once in the text), ``fragments_merged`` (fragments overlapped).
    Rejections: ``empty_range``, ``outside_text``, ``surface_not_found``.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def place(self, ranges: Sequence[Range], surface: str | None = None) -> Placement:
        """Place an annotation by its stated ranges and, where the format gives it, its surface."""
        fragments = _clean(ranges)
        if not fragments or (surface is not None and not surface):
            return Placement((), "empty_range")
        merged = "fragments_merged" if len(fragments) != len(ranges) else ""
        inside = fragments[0][0] >= 0 and fragments[-1][1] <= len(self.text)
        if surface is None:
            return Placement(fragments, merged) if inside else Placement((), "outside_text")
        if inside and self._is_surface(fragments, surface):
            return Placement(fragments, merged)
        return self._repair(fragments, surface, inside)

    def _repair(self, fragments: tuple[Range, ...], surface: str, inside: bool) -> Placement:
        start, end = fragments[0][0], fragments[-1][1]
        if len(fragments) == 1 and start >= 0:
            if self.text.startswith(surface, start):
                return Placement(((start, start + len(surface)),), "length_corrected")
            found = self.text.find(surface, start, end)
            if found >= 0:
                return Placement(((found, found + len(surface)),), "offset_moved")
        if inside and _letters(self._joined(fragments)) == _letters(html.unescape(surface)):
            return Placement(fragments, "surface_differs")
        if not self.text.isascii():
            for rule, units in (("offset_in_utf16", self._utf16), ("offset_in_bytes", self._bytes)):
                mapped = _mapped(fragments, units)
                if mapped and self._is_surface(mapped, surface):
                    return Placement(mapped, rule)
        moved = self._nearest(fragments, surface)
        if moved:
            return Placement(moved, "offset_moved")
        return Placement((), "surface_not_found" if inside else "outside_text")

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
                return ()
        nearest = min(starts, key=lambda found: abs(found - start))
        return ((nearest, nearest + len(surface)),)

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
        before, after = self.text[start - 1 : start], self.text[end : end + 1]
        return not (before.isalnum() and self.text[start].isalnum()) and not (
            after.isalnum() and self.text[end - 1].isalnum()
        )

    @cached_property
    def _utf16(self) -> dict[int, int]:
        return _units([2 if ord(char) > 0xFFFF else 1 for char in self.text])

    @cached_property
    def _bytes(self) -> dict[int, int]:
        return _units([len(char.encode("utf-8", "surrogatepass")) for char in self.text])


def _units(widths: list[int]) -> dict[int, int]:
    """Map an offset in other units to its offset in characters."""
    return {unit: i for i, unit in enumerate(accumulate(widths, initial=0))}


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
