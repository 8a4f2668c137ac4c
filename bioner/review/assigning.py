"""Sharing documents out among reviewers: evenly, a chosen part of them seen by several."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bioner.errors import StoreError
from bioner.figures import percent
from bioner.store import DocumentSize, Store

SEED = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """Who gets which documents; ``loads``: how many sentences each has with it."""

    of: Mapping[str, tuple[str, ...]]
    loads: Mapping[str, int]

    @property
    def overlapping(self) -> int:
        """How many documents several get."""
        return sum(len(people) > 1 for people in self.of.values())


def share_out(
    documents: Sequence[tuple[str, int]],
    people: Sequence[str],
    *,
    overlap: float = 0.0,
    by: int = 2,
    seed: int = SEED,
) -> Shares:
    """Share documents, each with its number of sentences, out among people.

    ``overlap`` is the share of the documents, 0 to 1, that ``by`` people get, chosen at random. The
    largest come first, each to whoever has the fewest sentences so far, and among several to those
    who have met each other least. Raises StoreError for shares that cannot be.
    """
    names = tuple(dict.fromkeys(people))
    if not names:
        raise StoreError("name the people among whom the documents are shared out")
    if not 0 <= overlap <= 1:
        raise StoreError(f"overlap {percent(overlap)}: expected 0 to 100")
    if overlap and not 2 <= by <= len(names):
        raise StoreError(f"seen by {by}: expected 2 to {len(names)}, the number of people named")
    several = round(overlap * len(documents))
    chosen = frozenset(random.Random(seed).sample(range(len(documents)), several))
    loads = dict.fromkeys(names, 0)
    met: Counter[frozenset[str]] = Counter()
    shares: dict[str, tuple[str, ...]] = {}
    sizes = [size for _, size in documents]
    for at in sorted(range(len(documents)), key=lambda one: (-sizes[one], one)):
        document, size = documents[at]
        got: list[str] = []
        for _ in range(by if at in chosen else 1):
            left = [name for name in names if name not in got]
            best = min(
                left, key=lambda name: (sum(met[frozenset({name, o})] for o in got), loads[name])
            )
            got.append(best)
        for name in got:
            loads[name] += size
        met.update(frozenset({a, b}) for a in got for b in got if a < b)
        shares[document] = tuple(sorted(got, key=names.index))
    return Shares(of=shares, loads=loads)


def assign_shares(
    store: Store,
    project: str,
    people: Sequence[str],
    *,
    overlap: float = 0.0,
    by: int = 2,
    only: Sequence[str] = (),
    is_anew: bool = False,
    reviewer: str = "",
) -> Shares:
    """Share a project's documents out and put that on record as one; return who got what.

    Those of ``only``, else all; those that are somebody's already only with ``is_anew``. Raises
    StoreError where several are to see a document of a project whose reviewers share one copy.
    """
    if overlap and not store.project(project).independent:
        raise StoreError(
            f"project {project!r}: its reviewers share one copy, so that a second would see what "
            "the first did; let each correct a copy of their own, or choose no overlap"
        )
    chosen = open_documents(store.document_sizes(project), only=only, is_anew=is_anew)
    shares = share_out(chosen, people, overlap=overlap, by=by)
    store.assign_each(project, shares.of, reviewer)
    return shares


def open_documents(
    rows: Sequence[DocumentSize], *, only: Sequence[str] = (), is_anew: bool = False
) -> list[tuple[str, int]]:
    """Return the documents that are to be shared out, each with its number of sentences."""
    names = set(only)
    unknown = sorted(names - {one.name for one in rows})
    if unknown:
        raise StoreError(f"no document {unknown[0]!r} in this project")
    return [
        (one.name, one.sentences)
        for one in rows
        if (not names or one.name in names) and (is_anew or not one.is_assigned)
    ]
