"""Reviewers' versions of the same sentences beside each other, and how far two agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from bioner.errors import StoreError
from bioner.spans import Mention, Range
from bioner.store import codec, projects
from bioner.store.evidence import Agreement, SideBySide, Version
from bioner.store.queue import surface_column
from bioner.store.tables import corrections, documents, items
from bioner.store.training_data import REVIEWED, keys_of


def side_by_side(
    connection: Connection, stored: projects.StoredProject, item: int = 0
) -> list[SideBySide]:
    """Return the sentences that a reviewer has accepted or corrected, with all such versions.

    In the order of the texts; ``item``: that sentence alone. Raises StoreError in a project whose
    reviewers share one copy.
    """
    if not stored.project.independent:
        raise StoreError(
            f"project {stored.project.name!r}: its reviewers share one copy, so there is nothing "
            "to compare; make an independent project"
        )
    query: Select[Any] = (
        select(
            *(corrections.c.item, corrections.c.track, corrections.c.mentions),
            *(corrections.c.covers, corrections.c.verdict, corrections.c.head),
            *(items.c.start, items.c.end, items.c.tokens, items.c.is_test),
            documents.c.name,
            surface_column().label("surface"),
        )
        .join(items, corrections.c.item == items.c.id)
        .join(documents, items.c.document == documents.c.id)
        .where(items.c.project == stored.id, documents.c.text.is_not(None))
        .order_by(items.c.document, items.c.start, corrections.c.track)
    )
    if item:
        query = query.where(items.c.id == item)
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.item].append(row)
    every = (_side_by_side(rows) for rows in found.values())
    return [one for one in every if one.versions]


def _side_by_side(rows: Sequence[Row[Any]]) -> SideBySide:
    first = rows[0]
    shared = next((row for row in rows if row.track == ""), None)
    is_chosen = shared is not None and shared.verdict is not None
    return SideBySide(
        item=first.item,
        document=first.name,
        start=first.start,
        end=first.end,
        surface=first.surface,
        tokens=_tokens(first),
        versions=tuple(_version(row) for row in rows if row.track and row.verdict in REVIEWED),
        chosen=_version(shared) if shared is not None and is_chosen else None,
        base=0 if shared is None else shared.head,
        is_test=first.is_test,
    )


def _version(row: Row[Any]) -> Version:
    return Version(
        reviewer=row.track,
        mentions=codec.read_mentions(row.mentions),
        covers=frozenset(codec.read_names(row.covers)),
        seq=row.head,
    )


def _tokens(row: Row[Any]) -> tuple[Range, ...]:
    from bioner.tokens import tokenize

    if row.tokens:
        return codec.read_ranges(row.tokens)
    return tuple((row.start + a, row.start + b) for a, b in tokenize(row.surface))


def agreement(connection: Connection, stored: projects.StoredProject, a: str, b: str) -> Agreement:
    """Compare two reviewers on the items where both gave a verdict of accept or correct."""
    return pair_agreement(side_by_side(connection, stored), a, b)


def pair_agreement(sentences: Iterable[SideBySide], a: str, b: str) -> Agreement:
    """Compare two reviewers on the sentences that both have, over the types both looked for."""
    pairs: dict[int, tuple[tuple[Mention, ...], tuple[Mention, ...]]] = {}
    settled: set[int] = set()
    aside = 0
    for one in sentences:
        left, right = one.of(a), one.of(b)
        if left is None or right is None:
            continue
        types = left.covers & right.covers
        pairs[one.item] = of_types(left.mentions, types), of_types(right.mentions, types)
        aside += len(left.mentions) + len(right.mentions) - sum(map(len, pairs[one.item]))
        if one.chosen is not None:
            settled.add(one.item)
    found = compare(a, b, pairs)
    left_over = tuple(item for item in found.disagreements if item not in settled)
    return replace(
        found,
        disagreements=left_over,
        settled=len(found.disagreements) - len(left_over),
        set_aside=aside,
    )


def of_types(mentions: Iterable[Mention], types: frozenset[str]) -> tuple[Mention, ...]:
    """Return the marks of these types."""
    return tuple(one for one in mentions if one.label in types)


def compare(
    a: str, b: str, pairs: Mapping[int, tuple[tuple[Mention, ...], tuple[Mention, ...]]]
) -> Agreement:
    """Score two annotations of the same items against each other."""
    hits: dict[str, Counter[str]] = {name: Counter() for name in ("exact", "overlap", "type_only")}
    of_a: Counter[str] = Counter()
    of_b: Counter[str] = Counter()
    apart: list[int] = []
    for item, (left, right) in pairs.items():
        of_a.update(m.label for m in left)
        of_b.update(m.label for m in right)
        exact = keys_of(left) & keys_of(right)
        for (_, label), n in exact.items():
            hits["exact"][label] += n
        hits["overlap"].update(_overlaps(left, right))
        hits["type_only"].update(Counter(m.label for m in left) & Counter(m.label for m in right))
        if keys_of(left) != keys_of(right):
            apart.append(item)
    scores = {name: _scores(found, of_a, of_b) for name, found in hits.items()}
    return Agreement(
        a=a,
        b=b,
        items=len(pairs),
        exact=scores["exact"],
        overlap=scores["overlap"],
        type_only=scores["type_only"],
        disagreements=tuple(apart),
    )


def _scores(hits: Counter[str], a: Counter[str], b: Counter[str]) -> dict[str, float]:
    labels = sorted({*a, *b})
    scores = {label: _f1(hits[label], a[label], b[label]) for label in labels}
    scores["all"] = _f1(hits.total(), a.total(), b.total())
    return scores


def _f1(hits: int, a: int, b: int) -> float:
    return 2 * hits / (a + b) if a + b else 1.0


def _overlaps(left: Sequence[Mention], right: Sequence[Mention]) -> Counter[str]:
    """Count mentions of one label that share a character, each used once (leftmost first)."""
    found: Counter[str] = Counter()
    free = sorted(right, key=lambda m: m.fragments)
    for one in sorted(left, key=lambda m: m.fragments):
        match = next((m for m in free if m.label == one.label and touch(one, m)), None)
        if match is not None:
            free.remove(match)
            found[one.label] += 1
    return found


def touch(one: Mention, other: Mention) -> bool:
    """Tell whether two marks share a character."""
    return any(a < d and c < b for a, b in one.fragments for c, d in other.fragments)
