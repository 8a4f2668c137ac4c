"""Where an annotation really is: stated offsets checked against the text, mended by named rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bioner.formats.surfaces import agrees, folded, is_masked, letters
from bioner.formats.units import Units, mapped, units_of
from bioner.spans import Range
from bioner.tokens import is_ideograph

NEAR = 50
"""How far, in characters, a surface that occurs more than once may lie from its stated offset."""
MAX_FOLDED = 200
"""Surfaces above this are compared to the letter alone where their place is wrong."""
Stated = tuple[Sequence[Range], str | None]
"""What a file says of an annotation: its ranges, and its surface where the format gives it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """An annotation's fragments in the text, or none; ``rule`` names the repair or rejection."""

    fragments: tuple[Range, ...]
    rule: str = ""


class Placer:
    """Places annotations in one text.

    ``stated`` are all annotations of the document: where each surface of them stands at its offsets
    counted in other units (``units_of``: UTF-16, bytes, escaped signs, …) and not in its own
    characters, all are shifted (``offset_in_utf16``, …); one alone never is.

    Repairs: ``spaces_trimmed`` (at a mention's limits), ``length_corrected`` (the surface, or what
    is the surface in other letters, begins where stated and has another length),
    ``surface_differs`` (what stands there is the surface in other letters, "TNF-a" for "TNF-α":
    offsets kept), ``offset_moved`` (found within 50 characters, in other letters too, or only once
    in the text; inside a word only where it overlaps what was stated), ``fragments_sorted``,
    ``fragments_merged`` (they overlapped), ``limit_inside_word`` (no surface says so, and a limit
    cuts a word: nothing is moved). An empty surface says nothing.
    Rejections: ``empty_range``, ``outside_text``, ``surface_not_found``.
    """

    def __init__(self, text: str, stated: Iterable[Stated] = ()) -> None:
        self.text = text
        self._unit_rule, self._units = "", Units()
        self._find_units([(_clean(ranges), surface) for ranges, surface in stated])

    def _find_units(self, stated: list[tuple[tuple[Range, ...], str | None]]) -> None:
        """Choose the unit in which all surfaces stand: to the letter, else in other letters."""
        told = [(one, surface) for one, surface in stated if one and surface and surface.strip()]
        if not told or all(self._stands(one, surface, exactly=True) for one, surface in told):
            return
        counts = list(units_of(self.text))
        for exactly in (True, False):
            if not exactly and all(self._stands(one, surface) for one, surface in told):
                return
            for rule, units in counts:
                places = ((mapped(one, units), surface) for one, surface in told)
                if all(
                    self._stands(one, surface, exactly=exactly)
                    and (exactly or self._has_limits(one, surface))
                    for one, surface in places
                ):
                    self._unit_rule, self._units = rule, units
                    return

    def place(self, ranges: Sequence[Range], surface: str | None = None) -> Placement:
        """Place an annotation by its stated ranges and, where the format gives it, its surface."""
        fragments = _clean(ranges)
        if not fragments:
            return Placement((), "empty_range")
        rule = ""
        if self._units:
            found = mapped(fragments, self._units)
            rule = self._unit_rule if found and found != fragments else ""
            fragments = found or fragments
        if not rule and len(fragments) != len(ranges):
            rule = "fragments_merged"
        inside = fragments[0][0] >= 0 and fragments[-1][1] <= len(self.text)
        if surface is None or not surface.strip():
            return self._trimmed(fragments, rule or self._cut(fragments), inside)
        if inside and self._is_surface(fragments, surface):
            return self._trimmed(fragments, rule, inside)
        if inside and len(ranges) > 1 and self._is_surface(ranges, surface):
            return self._trimmed(fragments, "fragments_sorted", inside)
        if inside and self._is_masked(fragments, surface):
            return self._trimmed(fragments, rule or "surface_differs", inside)
        return self._repair(fragments, surface.strip(), inside, rule if self._units else "")

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
        if not 0 < at < len(self.text):
            return False
        return all(one.isalnum() and not is_ideograph(one) for one in self.text[at - 1 : at + 1])

    def _repair(
        self, fragments: tuple[Range, ...], surface: str, inside: bool, rule: str
    ) -> Placement:
        start, end = fragments[0][0], fragments[-1][1]
        if len(fragments) == 1 and start >= 0:
            if self.text.startswith(surface, start):
                return Placement(((start, start + len(surface)),), "length_corrected")
            for found in self._occurrences(surface, start, end)[:1]:
                is_space = not self.text[start:found].strip()
                rule = "spaces_trimmed" if is_space else "offset_moved"
                return Placement(((found, found + len(surface)),), rule)
        named = self._named_end(fragments, surface) if len(fragments) == 1 else 0
        if inside and named in (0, end) and self._agrees(fragments, surface):
            return self._trimmed(fragments, rule or "surface_differs", inside)
        if named:
            return Placement(((start, named),), rule or "length_corrected")
        moved = self._nearest(fragments, surface)
        if moved:
            return Placement(moved, "offset_moved")
        return Placement((), "surface_not_found" if inside else "outside_text")

    def _named_end(self, fragments: tuple[Range, ...], surface: str) -> int:
        """Return where the name that begins here ends; 0 where the stated end is as good.

        That is wrong where it cuts a word of the name, or where what lies between the two is none
        of the surface: it kept its signs, or its length is the one that was stated. A surface that
        lost its signs may have lost those at its end too.
        """
        ((start, end),) = fragments
        exact = self._folded_end(start, surface, exactly=True)
        named = exact or self._folded_end(start, surface)
        is_outside = end > len(self.text)
        if not named or is_outside or not agrees(self.text[start:end], surface):
            return named
        if named > end and self._is_inside_word(end):
            return named
        between = self.text[min(named, end) : max(named, end)]
        is_told = bool(exact) or named > end or end - start == len(surface)
        is_beyond = surface[-1].isalnum() and not any(char.isalnum() for char in between)
        return named if is_beyond and is_told else 0

    def _folded_end(self, start: int, surface: str, *, exactly: bool = False) -> int:
        """Return where what begins here ends, if it is the surface in other letters; 0 if not.

        Without hyphens too, unless ``exactly``. A word is never cut.
        """
        wanted = folded(surface)
        if not 0 <= start < len(self.text) or len(surface) > MAX_FOLDED or not wanted:
            return 0
        if folded(self.text[start])[:1] not in (wanted[:1], "&"):
            return 0
        loose = 0
        for end in range(start + 1, min(start + 2 * len(surface) + 16, len(self.text)) + 1):
            if self.text[end - 1].isspace() or self._is_inside_word(end):
                continue
            found = folded(self.text[start:end])
            if found == wanted:
                return end
            if not loose and not exactly and letters(found) == letters(wanted):
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
        return surface is None or not surface.strip() or self._agrees(fragments, surface)

    def _has_limits(self, fragments: Sequence[Range], surface: str) -> bool:
        """Tell whether letters, or signs, stand at both limits of the text and of the surface."""
        ends = self.text[fragments[0][0]], self.text[fragments[-1][1] - 1]
        told = surface.strip()
        is_alike = [one.isalnum() for one in ends] == [one.isalnum() for one in (told[0], told[-1])]
        return is_alike or self._is_masked(fragments, surface)

    def _agrees(self, fragments: Sequence[Range], surface: str) -> bool:
        is_same = any(agrees(one, surface) for one in self._wordings(fragments))
        return is_same or self._is_masked(fragments, surface)

    def _is_masked(self, fragments: Sequence[Range], surface: str) -> bool:
        return any(is_masked(one, surface) for one in self._wordings(fragments))

    def _is_surface(self, fragments: Sequence[Range], surface: str) -> bool:
        return any(
            one == surface or one.split() == surface.split() for one in self._wordings(fragments)
        )

    def _wordings(self, fragments: Sequence[Range]) -> list[str]:
        """Return how a tool may write what stands here: its parts, or all from first to last."""
        joined = " ".join(self.text[start:end] for start, end in fragments)
        if len(fragments) == 1:
            return [joined]
        return [joined, self.text[fragments[0][0] : fragments[-1][1]]]

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
        end = fragments[0][1]
        near = self._occurrences(surface, start - NEAR, start + NEAR + len(surface))
        starts = [at for at in near if self._is_whole(at, at + len(surface))]
        if not starts:
            far = self._occurrences(surface, 0, len(self.text))
            starts = [at for at in far if self._is_whole(at, at + len(surface))]
            if len(starts) != 1:
                other = self._nearest_folded(start, surface)
                starts = [at for at in near if at < end and at + len(surface) > start]
                if other or not starts:
                    return other
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
