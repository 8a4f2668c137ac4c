"""Concepts on their way to the span editor, and what it asks for: as values, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bioner.review.offers import Offer

WANTED = "wanted"
"""The name of the component's state that holds what concepts are asked for."""
LONGEST = 200
"""Characters of a surface or of what is typed that are looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the browser asks concepts for: a mention's surface and type, or what somebody types."""

    surface: str
    label: str
    typed: str = ""


@dataclass(frozen=True, kw_only=True)
class ConceptHelp:
    """What the editor knows of concepts.

    ``offers`` by surface and type, ``names`` by identifier; ``asked``: what was typed last, and
    what was found.
    """

    vocabularies: Sequence[str]
    offers: Mapping[tuple[str, str], Sequence[Offer]]
    names: Mapping[str, str]
    asked: tuple[str, Sequence[Offer]] | None = None


def read_wanted(found: object) -> Wanted | None:
    """Read what the component's state asks for; None for anything else."""
    if not isinstance(found, Mapping):
        return None
    said = [found.get(name, "") for name in ("surface", "label", "typed")]
    is_text = all(isinstance(one, str) and len(one) <= LONGEST for one in said)
    return Wanted(*said) if is_text else None


def concepts_to_json(known: ConceptHelp) -> dict[str, Any]:
    """Return it as the browser holds it: offers under the surface, a line break, the type."""
    return {
        "vocabularies": list(known.vocabularies),
        "offers": {
            f"{surface}\n{label}": _offers(found)
            for (surface, label), found in known.offers.items()
        },
        "names": dict(known.names),
        "asked": known.asked and {"typed": known.asked[0], "offers": _offers(known.asked[1])},
    }


def _offers(found: Iterable[Offer]) -> list[dict[str, str]]:
    return [
        {
            "id": one.identifier,
            "name": one.name,
            "matched": one.matched,
            "how": one.how,
            "vocabulary": one.vocabulary,
        }
        for one in found
    ]
