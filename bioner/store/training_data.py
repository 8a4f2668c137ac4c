"""Reviewed sentences as training data, and what is not in it, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, func, select

from bioner.flattening import Flattening, flatten
from bioner.spans import Document, Mention, Range, Sentence
from bioner.store import codec, projects
from bioner.store.evidence import Evidence, Usable
from bioner.store.layers import tokens_of
from bioner.store.tables import corrections, documents, items

CORPUS = "corrections"

REVIEWED = ("accept", "correct")
"""The verdicts that make a sentence training data."""


def reviewed(
    connection: Connection, stored: projects.StoredProject, *, tests: bool | None
) -> Evidence:
    """Return a project's reviewed sentences as training data.

    ``tests``: only "my test" (True), all but it (False), both (None). Of an independent project:
    what a curator chose, else what the reviewers agree on; where they do not, nothing.
    """
    query = (
        select(
            corrections,
            items.c.start,
            items.c.end,
            items.c.tokens,
            items.c.is_test,
            documents.c.name,
            documents.c.text,
        )
        .join(items, corrections.c.item == items.c.id)
        .join(documents, items.c.document == documents.c.id)
        .where(
            items.c.project == stored.id,
            corrections.c.verdict.in_(REVIEWED),
        )
        .order_by(documents.c.id, items.c.start, corrections.c.track)
    )
    by_item: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(query):
        by_item.setdefault(row.item, []).append(row)
    found = Evidence()
    sentences: list[Sentence] = []
    for rows in by_item.values():
        settled = _settled(rows)
        if tests is not None and rows[0].is_test != tests:
            found += Evidence(held_back=int(rows[0].is_test))
        elif settled is None:
            found += Evidence(undecided=1)
        else:
            sentence, flattening = _sentence(stored.project.name, settled)
            sentences.append(sentence)
            found += Evidence((), flattening)
    return Evidence(tuple(sentences)) + found


def usable(connection: Connection, stored: projects.StoredProject) -> Usable:
    """Count what ``reviewed`` gives to a training run and to "my test", without reading it."""
    one = select(corrections.c.item, items.c.is_test).join(items, corrections.c.item == items.c.id)
    one = one.where(items.c.project == stored.id, corrections.c.verdict.in_(REVIEWED))
    shared = one.where(corrections.c.track == "").subquery()
    counts = dict.fromkeys((False, True), 0)
    query = select(shared.c.is_test, func.count().label("n")).group_by(shared.c.is_test)
    for row in connection.execute(query):
        counts[bool(row.is_test)] = row.n
    found = Usable(sentences=counts[False], held_back=counts[True])
    own = (
        one.add_columns(corrections.c.track, corrections.c.mentions)
        .where(corrections.c.item.not_in(select(shared.c.item)), corrections.c.track != "")
        .order_by(corrections.c.item)
    )
    by_item: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(own):
        by_item.setdefault(row.item, []).append(row)
    for rows in by_item.values():
        if _settled(rows) is None:
            found += Usable(undecided=1)
        elif rows[0].is_test:
            found += Usable(held_back=1)
        else:
            found += Usable(sentences=1)
    return found


def _settled(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    shared = next((row for row in rows if row.track == ""), None)
    if shared is not None:
        return shared
    first = rows[0]
    key = keys_of(codec.read_mentions(first.mentions))
    same = all(keys_of(codec.read_mentions(row.mentions)) == key for row in rows[1:])
    return first if same else None


def keys_of(mentions: Iterable[Mention]) -> Counter[tuple[tuple[Range, ...], str]]:
    """Count mentions by place and type: what two annotations must share to be equal."""
    return Counter((m.fragments, m.label) for m in mentions)


def _sentence(project: str, row: Row[Any]) -> tuple[Sentence, Flattening]:
    offsets, tokens = tokens_of(row.text, row.start, row.end, row.tokens)
    mentions = tuple(_reviewed(m) for m in codec.read_mentions(row.mentions))
    spans, flattening = flatten(Document(row.name, row.text), offsets, mentions)
    covers = frozenset(codec.read_names(row.covers))
    name = f"{project}/{row.name}"
    made = Sentence(name, tokens, offsets, spans, covers, CORPUS, sources=(project,))
    return made, flattening


def _reviewed(one: Mention) -> Mention:
    return replace(one, status="reviewed", score=None, alternatives=())
