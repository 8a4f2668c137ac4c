"""How far two reviewers of one project agree: exact, overlapping, by type."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from bioner.errors import StoreError
from bioner.spans import Mention
from bioner.store import codec, projects
from bioner.store.evidence import Agreement
from bioner.store.tables import corrections, items
from bioner.store.training_data import keys_of


def agreement(connection: Connection, stored: projects.StoredProject, a: str, b: str) -> Agreement:
    """Compare two reviewers on the items where both gave a verdict of accept or correct."""
    if not stored.project.independent:
        raise StoreError(
            f"project {stored.project.name!r}: its reviewers share one copy, so there is nothing "
            "to compare; make an independent project"
        )
    both: dict[int, dict[str, tuple[Mention, ...]]] = defaultdict(dict)
    for row in connection.execute(
        select(corrections.c.item, corrections.c.track, corrections.c.mentions)
        .join(items, corrections.c.item == items.c.id)
        .where(
            items.c.project == stored.id,
            corrections.c.track.in_((a, b)),
            corrections.c.verdict.in_(("accept", "correct")),
        )
        .order_by(corrections.c.item)
    ):
        both[row.item][row.track] = codec.read_mentions(row.mentions)
    pairs = {item: (c[a], c[b]) for item, c in both.items() if a in c and b in c}
    found = compare(a, b, pairs)
    settled = set(
        connection.execute(
            select(corrections.c.item).where(
                corrections.c.project == stored.id,
                corrections.c.track == "",
                corrections.c.verdict.is_not(None),
            )
        ).scalars()
    )
    left = tuple(item for item in found.disagreements if item not in settled)
    return replace(found, disagreements=left, settled=len(found.disagreements) - len(left))


def compare(
    a: str, b: str, pairs: dict[int, tuple[tuple[Mention, ...], tuple[Mention, ...]]]
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
        match = next((m for m in free if m.label == one.label and _touch(one, m)), None)
        if match is not None:
            free.remove(match)
            found[one.label] += 1
    return found


def _touch(one: Mention, other: Mention) -> bool:
    return any(a < d and c < b for a, b in one.fragments for c, d in other.fragments)
