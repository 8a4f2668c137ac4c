"""Where two models part on the same text: mention by mention, no gold needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bioner.spans import Mention, Range


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two models part: what each says there (None: nothing)."""

    first: Mention | None
    second: Mention | None
    kind: str


def partings(first: Sequence[Mention], second: Sequence[Mention]) -> list[Parting]:
    """List where two lists of mentions differ, in the text's order.

    The kinds are ``other type`` (same boundaries), ``other boundary`` (they overlap), ``only
    first`` and ``only second``.
    """
    same = {_key(one) for one in first} & {_key(one) for one in second}
    left = [one for one in first if _key(one) not in same]
    right = [one for one in second if _key(one) not in same]
    found: list[Parting] = []
    taken: set[int] = set()
    by_range: Mapping[tuple[Range, ...], int] = {one.fragments: i for i, one in enumerate(right)}
    for one in left:
        match = by_range.get(one.fragments)
        kind = "other type"
        if match is None or match in taken:
            kind = "other boundary"
            match = next(
                (
                    i
                    for i, other in enumerate(right)
                    if i not in taken and other.start < one.end and one.start < other.end
                ),
                None,
            )
        if match is None:
            found.append(Parting(one, None, "only first"))
        else:
            taken.add(match)
            found.append(Parting(one, right[match], kind))
    found += [Parting(None, one, "only second") for i, one in enumerate(right) if i not in taken]
    return sorted(found, key=lambda d: (d.first or d.second or left[0]).start)


def _key(one: Mention) -> tuple[tuple[Range, ...], str]:
    return (one.fragments, one.label)
