"""The marks that wait: what was predicted and nobody has decided on yet, read quickly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, func, select

from bioner.machine import collector_paused
from bioner.spans import Mention, Range
from bioner.store import codec, projects
from bioner.store.layers import shown_mentions
from bioner.store.queue import status_column
from bioner.store.tables import clock, corrections, documents, items, layers, revisions

BEHIND = 16
"""Characters after a mark that are read with it."""
_made = tuple.__new__
"""Makes a named tuple in half the time: there are a hundred thousand."""
PIECE = 400
"""Items are read by their numbers so many at a time."""


class WaitingMark(NamedTuple):
    """One predicted mark on which nobody has decided; offsets are the document's.

    ``surface``: its text, fragments joined by a space; ``behind``: what follows it in its sentence;
    ``is_test``: it lies in "my test", whose sentences are read one by one.
    """

    item: int
    at: tuple[Range, ...]
    label: str
    score: float | None
    surface: str
    behind: str
    is_test: bool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A sentence as it stands for a reviewer: what a decision about its marks works on."""

    item: int
    document: str
    text: str
    start: int
    end: int
    mentions: tuple[Mention, ...]
    came: tuple[Mention, ...]
    base: int
    is_settled: bool
    note: str

    @property
    def surface(self) -> str:
        """The sentence's own text, exactly."""
        return self.text[self.start : self.end]


def waiting_marks(
    connection: Connection, stored: projects.StoredProject, reviewer: str
) -> list[WaitingMark]:
    """Return the marks that wait in a project for this reviewer, in no order.

    Of a waiting sentence: those of its newest prediction, unless gold is shown. Of a begun one:
    those that are still as they were predicted.
    """
    track = stored.project.track(reviewer)
    query = select(documents.c.id, documents.c.text).where(
        documents.c.project == stored.id, documents.c.text.is_not(None)
    )
    with collector_paused():
        texts: dict[int, str] = {row[0]: row[1] for row in connection.execute(query)}
        rows = _contents(connection, stored.id, track)
        # One reading of all is a third faster than one a sentence.
        entries = json.loads(f"[{','.join([row.mentions for row in rows])}]")
        return _marks(rows, entries, texts)


def moment(connection: Connection, stored: projects.StoredProject) -> str:
    """Return what is another as soon as other marks may wait; see ``Deciding.moment``."""
    now = connection.execute(
        select(
            clock.c.generation,
            clock.c.imports,
            select(func.max(items.c.id)).scalar_subquery(),
            select(func.max(revisions.c.seq)).scalar_subquery(),
        )
    ).one()
    return "/".join(map(str, (*now, stored.id, stored.project.base)))


class _Content(NamedTuple):
    """A sentence that is not settled, with the JSON of the marks shown of it."""

    item: int
    document: int
    end: int
    is_test: bool
    mentions: str


def _contents(connection: Connection, project: int, track: str) -> list[_Content]:
    """Return each sentence that is not settled and shows marks of a model."""
    status, source = status_column(track)
    kept = items.c.id, items.c.document, items.c.end, items.c.is_test
    shown: Select[Any] = (
        select(*kept, layers.c.mentions, layers.c.layer, layers.c.added)
        .select_from(source.join(layers, layers.c.item == items.c.id))
        .where(items.c.project == project, status == "waiting", layers.c.layer != "suggestion")
    )
    best: dict[int, Row[Any]] = {}
    for row in connection.execute(shown):
        known = best.get(row[0])
        if known is None or _rank(row) > _rank(known):
            best[row[0]] = row
    own = and_(corrections.c.item == items.c.id, corrections.c.track == track)
    begun: Select[Any] = (
        select(*kept, corrections.c.mentions)
        .select_from(items.join(corrections, own))
        .where(
            items.c.project == project,
            corrections.c.verdict.is_(None),
            corrections.c.mentions.contains('"predicted"'),
        )
    )
    return [
        *(_Content._make(row[:5]) for row in best.values() if row.layer != "gold"),
        *(_Content._make(row) for row in connection.execute(begun)),
    ]


def _rank(row: Row[Any]) -> tuple[bool, int]:
    return row.layer == "gold", row.added


def _marks(
    rows: Sequence[_Content], entries: Sequence[list[dict[str, Any]]], texts: Mapping[int, str]
) -> list[WaitingMark]:
    found: list[WaitingMark] = []
    for (item, document, limit, is_test, _), marks in zip(rows, entries, strict=True):
        text = texts.get(document)
        if text is None:
            continue
        for one in marks:
            if one.get("status") != "predicted":
                continue
            at: tuple[Range, ...] = tuple([(start, end) for start, end in one["at"]])
            start, end = at[-1]
            surface = text[start:end] if len(at) == 1 else " ".join([text[a:b] for a, b in at])
            behind = text[end : end + BEHIND] if end + BEHIND < limit else text[end:limit]
            told = item, at, one["label"], one.get("score"), surface, behind, is_test
            found.append(_made(WaitingMark, told))
    return found


def standing(
    connection: Connection, stored: projects.StoredProject, ids: Sequence[int], reviewer: str
) -> list[Standing]:
    """Return sentences as they stand for a reviewer, those of another project left out."""
    found: list[Standing] = []
    track = stored.project.track(reviewer)
    for begin in range(0, len(ids), PIECE):
        found += _standing(connection, stored, ids[begin : begin + PIECE], track)
    return found


def _standing(
    connection: Connection, stored: projects.StoredProject, ids: Sequence[int], track: str
) -> list[Standing]:
    own = and_(corrections.c.item == items.c.id, corrections.c.track == track)
    rows = connection.execute(
        select(
            *(items.c.id, items.c.start, items.c.end, documents.c.name, documents.c.text),
            *(corrections.c.mentions, corrections.c.head, corrections.c.verdict),
            corrections.c.note,
        )
        .select_from(
            items.join(documents, items.c.document == documents.c.id).outerjoin(corrections, own)
        )
        .where(items.c.id.in_(ids), items.c.project == stored.id, documents.c.text.is_not(None))
        .order_by(items.c.id)
    ).all()
    by_item: dict[int, list[Row[Any]]] = {row.id: [] for row in rows}
    for layer in connection.execute(select(layers).where(layers.c.item.in_(by_item))):
        by_item[layer.item].append(layer)
    found = []
    for row in rows:
        came = shown_mentions(by_item[row.id], None)[1]
        found.append(
            Standing(
                item=row.id,
                document=row.name,
                text=row.text,
                start=row.start,
                end=row.end,
                mentions=came if row.mentions is None else codec.read_mentions(row.mentions),
                came=came,
                base=row.head or 0,
                is_settled=row.verdict is not None,
                note=row.note or "",
            )
        )
    return found


def decided(connection: Connection, stored: projects.StoredProject, reviewer: str) -> list[int]:
    """Return the begun sentences in which every mark is decided, those of "my test" left out."""
    own = and_(
        corrections.c.item == items.c.id, corrections.c.track == stored.project.track(reviewer)
    )
    query = (
        select(items.c.id)
        .select_from(items.join(corrections, own))
        .where(
            items.c.project == stored.id,
            items.c.is_test.is_(False),
            corrections.c.verdict.is_(None),
            corrections.c.mentions.is_not(None),
            corrections.c.mentions.not_like('%"predicted"%'),
        )
        .order_by(items.c.id)
    )
    return list(connection.execute(query).scalars())
