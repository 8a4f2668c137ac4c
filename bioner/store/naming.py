"""Ids of the marks of a text: none stands for two marks, however often the text comes in."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bioner.formats.relations import pointing, standing_relations
from bioner.formats.tally import Losses
from bioner.spans import Document, Mention, Range, Relation
from bioner.store import codec
from bioner.store.tables import corrections, documents, items, layers

EQUIVALENCE = "*"
"""The id that all equivalences of BRAT have: it names none of them."""
Mark = tuple[tuple[Range, ...], str]


def name_apart(connection: Connection, row: Row[Any], document: Document) -> Document:
    """Return what comes in for a document that is there as ``named_apart`` does.

    Its new relations are kept. A text whose marks have no ids names nothing.
    """
    if not document.relations and not any(one.id for one in document.mentions):
        return document
    mine = select(items.c.id).where(items.c.document == row.id)
    held = [
        row.mentions
        for table in (layers, corrections)
        for row in connection.execute(select(table.c.mentions).where(table.c.item.in_(mine)))
    ]
    marks = [one for told in held for one in codec.read_mentions(told)]
    kept = codec.read_relations(row.relations)
    named = named_apart(document, Present(marks, kept))
    if named.relations != kept:
        connection.execute(
            update(documents)
            .where(documents.c.id == row.id)
            .values(relations=codec.write_relations(named.relations))
        )
    return named


@dataclass(frozen=True)
class Present:
    """What a text has already: the marks of all its layers and corrections, and its relations."""

    marks: Sequence[Mention]
    relations: Sequence[Relation]


def named_apart(document: Document, present: Present) -> Document:
    """Return what comes in for a text that is there, under ids that stand for no other mark of it.

    A mark that is there already has its id; an id that stands for another mark, or that a relation
    names whose mark is gone, is replaced, in the relations that come with it too. Its relations are
    those that are there and the new ones whose marks came.
    """
    ids = _Ids(present)
    mentions = tuple(
        replace(one, id=id)
        for one, id in zip(document.mentions, ids.of_marks(document.mentions), strict=True)
    )
    counts = Counter(one.id for one in document.mentions if one.id)
    renamed = {
        was.id: now.id
        for was, now in zip(document.mentions, mentions, strict=True)
        if counts[was.id] == 1
    }
    relations = list(present.relations)
    told = {_content(one): one.id for one in relations}
    for one in _inner_first(standing_relations(document, Losses(""))):
        pointed = pointing(one, renamed)
        if _content(pointed) in told:
            renamed[one.id] = told[_content(pointed)]
            continue
        pointed = replace(pointed, id=ids.of_relation(one.id))
        renamed[one.id] = told[_content(pointed)] = pointed.id
        relations.append(pointed)
    return replace(document, mentions=mentions, relations=tuple(relations))


def with_repeats_joined(document: Document) -> tuple[Relation, ...]:
    """Return a document's relations, naming the first of marks that are there twice."""
    first: dict[tuple[Mark, tuple[tuple[str, str], ...]], str] = {}
    renamed: dict[str, str] = {}
    for one in document.mentions:
        known = first.setdefault((_mark(one), one.attributes), one.id)
        if one.id and known and known != one.id:
            renamed[one.id] = known
    return tuple(pointing(one, renamed) for one in document.relations)


def _mark(one: Mention) -> Mark:
    return one.fragments, one.label


def _content(one: Relation) -> tuple[object, ...]:
    return one.type, one.arguments, one.attributes


def _inner_first(relations: Iterable[Relation]) -> list[Relation]:
    """Return the relations, those that others name before them, as far as they have an order."""
    left, done = list(relations), list[Relation]()
    while left:
        waiting = {one.id for one in left}
        ready, rest = list[Relation](), list[Relation]()
        for one in left:
            is_outer = any(t != one.id and t in waiting for _, t in one.arguments)
            (rest if is_outer else ready).append(one)
        if not ready:
            return done + rest
        done, left = done + ready, rest
    return done


class _Ids:
    """The ids that are taken, and by marks at which places."""

    def __init__(self, present: Present) -> None:
        self._places: dict[str, set[tuple[Range, ...]]] = defaultdict(set)
        for one in present.marks:
            if one.id:
                self._places[one.id].add(one.fragments)
        alone = {id for id, places in self._places.items() if len(places) == 1}
        self._of_mark = {_mark(one): one.id for one in present.marks if one.id in alone}
        named = {target for one in present.relations for _, target in one.arguments}
        self._taken = {*self._places, *named, *(one.id for one in present.relations)}

    def of_marks(self, marks: Sequence[Mention]) -> list[str]:
        """Return the id under which each mark comes in; none where it has none."""
        found = ["" for _ in marks]
        for is_same_id in (True, False):
            for at, one in enumerate(marks):
                id = one.id if is_same_id else self._of_mark.get(_mark(one), "")
                stands = self._places.get(id) == {one.fragments}
                if one.id and not found[at] and stands and id not in found:
                    found[at] = id
        return [
            id or (self._free(one.id) if one.id else "")
            for id, one in zip(found, marks, strict=True)
        ]

    def of_relation(self, id: str) -> str:
        """Return the id under which a relation that is not there comes in."""
        return id if id in ("", EQUIVALENCE) else self._free(id)

    def _free(self, wanted: str) -> str:
        name = wanted
        stem = re.sub(r"\d+$", "", wanted)
        number = 0
        while name in self._taken:
            number += 1
            name = f"{stem}{number}"
        self._taken.add(name)
        return name
