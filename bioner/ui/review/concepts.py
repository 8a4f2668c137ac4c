"""The concepts of the open text: what is offered for its marks, what is found by typing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from bioner.access import Action
from bioner.identifiers import ids_of
from bioner.review.abbreviations import abbreviations
from bioner.review.offers import Offer
from bioner.store import ReviewItem, surfaces_of
from bioner.ui import cache
from bioner.ui.review.desk import Desk
from bioner.ui.span_editor.concepts import ConceptHelp, Wanted

SHOWN = 5
"""Concepts sent for each mark; typing finds more."""
TYPED, ALIKE = "\0typed ", "\0alike "
"""Before what is remembered of other than a surface: no text of the store holds a NUL."""
KEPT = 5_000
"""Answers that a tab remembers."""


def concept_help(
    desk: Desk, reviews: Sequence[ReviewItem], wanted: Wanted | None
) -> ConceptHelp | None:
    """Return what the editor is told of concepts; None for those who may not give any.

    What is quickly found is offered for every mark; what takes longer for the one at work alone.
    """
    if not desk.may(Action.ANNOTATE):
        return None
    vocabularies = cache.vocabularies(desk.session.settings, desk.project.vocabularies)
    names = [one.name for one in vocabularies.asked]
    found = desk.memory.offers
    if len(found) > KEPT or desk.memory.offered_by != vocabularies:
        found.clear()
        desk.memory.offered_by = vocabularies
    marks = set(_marks(reviews))
    asked = None
    if names:
        explained = _Explained(reviews[0].text)
        for surface, label in marks - found.keys():
            long = explained.of(surface)
            found[surface, label] = vocabularies.offers(
                surface, label, long_form=long, similar=False
            )
        if wanted is not None and wanted.typed:
            key = f"{TYPED}{wanted.typed}", wanted.label
            if key not in found:
                found[key] = vocabularies.find(wanted.typed, wanted.label)
            asked = wanted.typed, found[key]
        elif wanted is not None and not found.get((wanted.surface, wanted.label)):
            key = f"{ALIKE}{wanted.surface}", wanted.label
            if key not in found:
                long = explained.of(wanted.surface)
                found[key] = vocabularies.offers(wanted.surface, wanted.label, long_form=long)
    ids = {one for review in reviews for mark in review.mentions for one in ids_of(mark.attributes)}
    return ConceptHelp(
        vocabularies=names,
        offers={one: _told(found, *one)[:SHOWN] for one in marks if one in found},
        names={one: name for one in ids if (name := vocabularies.name_of(one))},
        asked=asked,
    )


def _marks(reviews: Sequence[ReviewItem]) -> Iterator[tuple[str, str]]:
    for review in reviews:
        surfaces = surfaces_of(review.text, review.mentions)
        for mark, surface in zip(review.mentions, surfaces, strict=True):
            yield surface, mark.label


def _told(found: Mapping[tuple[str, str], list[Offer]], surface: str, label: str) -> list[Offer]:
    return found[surface, label] or found.get((f"{ALIKE}{surface}", label), [])


class _Explained:
    """What a text explains its abbreviations as, read only if it is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def longs(self) -> dict[str, str]:
        return {one.short: one.long for one in abbreviations(self.text)}

    def of(self, surface: str) -> str:
        return self.longs.get(surface, "")
