"""Curating by mark: what is taken of several reviewers' versions becomes the shared copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bioner.errors import StoreError
from bioner.review.alignment import align
from bioner.review.editing import is_corrected
from bioner.spans import Mention
from bioner.store import Curated, Curating, Edit, SideBySide, Store, new_op, surfaces_of
from bioner.store.values import within

Rule = Literal["alike", "majority"]
RULES: dict[Rule, str] = {
    "alike": "sentences in which all reviewers have the same marks",
    "majority": "sentences in which of every mark more than half of the reviewers say the same",
}
"""What is taken of many sentences at once, and what each rule takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A sentence with the marks that were taken of its versions."""

    sentence: SideBySide
    mentions: tuple[Mention, ...]


def curate(
    store: Store,
    taken: Iterable[Taken],
    curator: str,
    *,
    reviewers: Sequence[str] = (),
    schema: str = "",
    op: str = "",
) -> Curated:
    """Save sentences as the shared copy, several as one batch.

    What was looked for is what any of the versions looked for. Whose versions were seen is checked:
    a sentence in which somebody changed theirs since stays as it is.
    """
    chosen = [_curating(store, one, curator, reviewers, schema) for one in taken]
    return store.curate(chosen, curator, op)


def _curating(
    store: Store, one: Taken, curator: str, reviewers: Sequence[str], schema: str
) -> Curating:
    sentence = one.sentence
    seen = [
        version for version in sentence.versions if not reviewers or version.reviewer in reviewers
    ]
    shared = store.open_item(sentence.item, claim=False)
    mentions = tuple(sorted(one.mentions, key=lambda m: (m.start, -m.end, m.label)))
    edit = Edit(
        item=sentence.item,
        base=sentence.base,
        surface=sentence.surface,
        mentions=mentions,
        surfaces=surfaces_of(shared.text, mentions),
        reviewer=curator,
        verdict="correct" if is_corrected(replace(shared, mentions=mentions)) else "accept",
        covers=frozenset().union(*(version.covers for version in seen)),
        schema=schema,
        generation=shared.generation,
    )
    return Curating(edit=edit, seen={version.reviewer: version.seq for version in seen})


def by_rule(
    sentences: Iterable[SideBySide], rule: Rule, reviewers: Sequence[str] = ()
) -> list[Taken]:
    """Return the sentences that a rule settles and no curator has, with the marks it takes.

    At least two of the reviewers must have the sentence. Those of "my test" are among them: what
    people have read one by one is what it is made of.
    """
    if rule not in RULES:
        raise StoreError(f"{rule!r}: expected one of {', '.join(RULES)}")
    found = []
    for one in sentences:
        if one.chosen is not None or len(seen_by(one, reviewers)) < 2:
            continue
        spots = align(one, reviewers)
        says = [spot.alike if rule == "alike" else spot.majority for spot in spots]
        if all(is_said for is_said, _ in says):
            mentions = tuple(mention for _, mention in says if mention is not None)
            found.append(Taken(sentence=one, mentions=mentions))
    return found


def seen_by(sentence: SideBySide, reviewers: Sequence[str] = ()) -> tuple[str, ...]:
    """Return who of the reviewers has a version of a sentence; all, where none is named."""
    names = (one.reviewer for one in sentence.versions)
    return tuple(name for name in names if not reviewers or name in reviewers)


def settle_by_rule(
    store: Store, project: str, rule: Rule, curator: str, reviewers: Sequence[str] = ()
) -> Curated:
    """Save all that a rule settles as one batch; it is undone as one."""
    taken = by_rule(store.side_by_side(project), rule, reviewers)
    return curate(store, taken, curator, reviewers=reviewers, op=new_op())


def take(
    sentence: SideBySide,
    picks: Mapping[int, Mention | None],
    *,
    added: Iterable[Mention] = (),
    reviewers: Sequence[str] = (),
) -> Taken:
    """Take of each place of a sentence the mark that was picked, or none.

    ``picks`` go by the places' numbers, from 1; a place where all are alike needs none. ``added``
    are marks that nobody has. Raises StoreError where a place is missing or unknown, or a mark
    leaves the sentence.
    """
    spots = dict(enumerate(align(sentence, reviewers), 1))
    where = f"sentence {sentence.item}"
    open_ = [n for n, spot in spots.items() if n not in picks and not spot.alike[0]]
    unknown = [n for n in picks if n not in spots]
    if open_ or unknown:
        numbers = ", ".join(map(str, open_ or unknown))
        raise StoreError(
            f"{where}: choose for place {numbers} too"
            if open_
            else f"{where}: there is no place {numbers}; its places are 1 to {len(spots)}"
        )
    chosen = [picks[n] if n in picks else spot.alike[1] for n, spot in spots.items()]
    marks = [*(one for one in chosen if one is not None), *added]
    for one in marks:
        if not within(one, (sentence.start, sentence.end)):
            raise StoreError(
                f"{where}: {one.label} at {one.start}-{one.end} leaves it; it is "
                f"{sentence.start}-{sentence.end}"
            )
    return Taken(sentence=sentence, mentions=tuple(marks))
