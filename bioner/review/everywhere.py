"""Every place in a project's texts where the same words stand, and what marking them would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bioner.review.operations import retyped
from bioner.spans import Mention, Range
from bioner.store import ReviewItem, Store

MOST = 200
"""Places that are looked at in one go."""
AROUND = 40
"""Characters shown on either side of a place."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place of the words, in a sentence as it is open to the reviewer.

    ``model_label`` is the type that the newest prediction gives there (empty: none); ``before`` and
    ``after`` are the words around it.
    """

    review: ReviewItem
    at: Range
    model_label: str
    before: str
    after: str

    @property
    def reopens(self) -> bool:
        """Whether marking it opens a sentence again that has its verdict."""
        return self.review.verdict is not None

    def is_marked(self, label: str) -> bool:
        """Tell whether a mention of this type stands there already."""
        return any(
            one.fragments == (self.at,) and one.label == label for one in self.review.mentions
        )


def places(store: Store, project: str, surface: str, *, reviewer: str) -> list[Place]:
    """Return where a surface stands as whole words in a project, the first ``MOST`` places."""
    opened: dict[int, ReviewItem] = {}
    found: list[Place] = []
    for one in store.occurrences(project, surface, limit=MOST):
        if one.item not in opened:
            opened[one.item] = store.open_item(one.item, reviewer, claim=False)
        review = opened[one.item]
        found.append(
            Place(
                review=review,
                at=(one.start, one.end),
                model_label=_model_label(review, (one.start, one.end)),
                before=review.text[max(review.start, one.start - AROUND) : one.start],
                after=review.text[one.end : min(review.end, one.end + AROUND)],
            )
        )
    return found


def _model_label(review: ReviewItem, at: Range) -> str:
    newest = review.predictions[0].mentions if review.predictions else ()
    return next((one.label for one in newest if one.fragments == (at,)), "")


def likely_label(found: Sequence[Place]) -> str:
    """Return the type that the model gives most often at these places; empty if it gives none."""
    counts = Counter(one.model_label for one in found if one.model_label)
    return counts.most_common(1)[0][0] if counts else ""


def _relabelled(there: Sequence[Mention], at: Range, label: str) -> Mention:
    """Return the mention of a place with this type: another type ends what its concept said."""
    kept = next((one for one in there if one.label == label), None)
    if kept is not None:
        return replace(kept, status="reviewed", score=None)
    if len(there) != 1:
        return Mention((at,), label, status="reviewed")
    (one,) = there
    return retyped(one, label)


def marked(found: Sequence[Place], label: str) -> list[tuple[ReviewItem, tuple[Mention, ...]]]:
    """Return the mentions of each touched sentence once these places have this type."""
    by_item: dict[int, tuple[ReviewItem, list[Mention]]] = {}
    for one in found:
        mentions = by_item.setdefault(one.review.item, (one.review, list(one.review.mentions)))[1]
        there = [m for m in mentions if m.fragments == (one.at,)]
        mentions[:] = [m for m in mentions if m.fragments != (one.at,)]
        mentions.append(_relabelled(there, one.at, label))
    return [
        (review, tuple(sorted(ones, key=lambda m: (m.start, -m.end))))
        for review, ones in by_item.values()
    ]
