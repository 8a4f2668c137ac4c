"""Relations: which still say what they said, and ids by which mentions can be named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from bioner.formats.attributes import ENTITIES
from bioner.formats.tally import Losses
from bioner.spans import Document, Relation


def standing_relations(document: Document, losses: Losses) -> tuple[Relation, ...]:
    """Return the relations whose arguments are there, to the letter; the others are counted.

    An argument is a mention's id that no other mention has, or that of a relation that stands. A
    relation between concepts (roles ``ENTITIES``) names no mention, so it stands by itself.
    """
    times = Counter(one.id for one in document.mentions if one.id)
    mentions = {id for id, count in times.items() if count == 1}
    left = list(document.relations)
    while True:
        known = mentions | {one.id for one in left if one.id}
        kept = [one for one in left if all(_is_there(*pair, known) for pair in one.arguments)]
        if len(kept) == len(left):
            break
        left = kept
    losses.drop("relations_of_absent_mentions_dropped", len(document.relations) - len(left))
    return tuple(left)


def pointing(relation: Relation, ids: Mapping[str, str]) -> Relation:
    """Return the relation with its mentions under other ids; what ``ids`` has not stays."""
    return replace(
        relation,
        arguments=tuple(
            (role, target if role in ENTITIES else ids.get(target, target))
            for role, target in relation.arguments
        ),
    )


def _is_there(role: str, target: str, known: set[str]) -> bool:
    return role in ENTITIES or target in known


def free_ids(document: Document, prefix: str = "") -> list[str]:
    """Return each mention's own id, or the next number that no mention and no relation names."""
    used = {one.id for one in document.mentions} | {one.id for one in document.relations}
    used |= {target for one in document.relations for _, target in one.arguments}
    found: list[str] = []
    number = 0
    for one in document.mentions:
        id = one.id
        while not id:
            number += 1
            id = "" if f"{prefix}{number}" in used else f"{prefix}{number}"
        found.append(id)
    return found
