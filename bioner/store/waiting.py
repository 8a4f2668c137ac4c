"""The marks that wait: what was predicted and nobody has decided on yet, read quickly."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Row, Select, and_, func, select

from bioner.spans import Mention, Range
from bioner.store import codec, projects
from bioner.store.layers import shown_mentions
from bioner.store.queue import status_column
from bioner.store.tables import clock, corrections, documents, items, layers, revisions

BEHIND = 16
"""Characters after a mark that are read with it."""
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
    connection: Connection,
    stored: projects.StoredProject,
    reviewer: str,
    only: Sequence[int] | None = None,
) -> list[WaitingMark]:
    """Return the marks that wait in a project for this reviewer, in no order.

    Of a waiting sentence: those of its newest prediction, unless gold is shown. Of a begun one:
    those that are still as they were predicted. ``only``: of these sentences.
    """
    found: list[WaitingMark] = []
    for part in [None] if only is None else _parts(only):
        rows = contents(connection, stored, reviewer, part)
        texts = texts_of(connection, stored.id, None if part is None else rows)
        found += _marks(rows, texts)
    return found


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(ids), PIECE):
        yield ids[begin : begin + PIECE]


def texts_of(
    connection: Connection, project: int, rows: Iterable[Content] | None = None
) -> dict[int, str]:
    """Return the texts of a project's documents by number; of these sentences' alone."""
    query = select(documents.c.id, documents.c.text).where(
        documents.c.project == project, documents.c.text.is_not(None)
    )
    if rows is not None:
        query = query.where(documents.c.id.in_({row[1] for row in rows}))
    return {number: text for number, text in connection.execute(query).all()}  # noqa: C416


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


Content: TypeAlias = tuple[int, int, int, bool, str]
"""A sentence that is not settled: its number, its document's, its end, whether it is of "my test",
and the JSON of the marks shown of it. A plain tuple: there are many."""


def contents(
    connection: Connection,
    stored: projects.StoredProject,
    reviewer: str,
    only: Sequence[int] | None = None,
) -> list[Content]:
    """Return each sentence that is not settled and shows marks of a model.

    ``only``: of these sentences, some hundreds at most.
    """
    track = stored.project.track(reviewer)
    status, source = status_column(track)
    kept = items.c.id, items.c.document, items.c.end, items.c.is_test
    here = items.c.project == stored.id
    if only is not None:
        here = and_(here, items.c.id.in_(only))
    waits = and_(here, status == "waiting")
    if not track and only is None:
        # By number, as they lie in the file, not by priority: SQLite reads them in half the time.
        beside = items.alias()
        waits = items.c.id.in_(
            select(beside.c.id).where(beside.c.project == stored.id, beside.c.status == "waiting")
        )
    shown: Select[Any] = (
        select(*kept, layers.c.mentions, layers.c.layer, layers.c.added)
        .select_from((source if track else items).join(layers, layers.c.item == items.c.id))
        .where(waits, layers.c.layer != "suggestion")
    )
    own = and_(corrections.c.item == items.c.id, corrections.c.track == track)
    begun: Select[Any] = (
        select(*kept, corrections.c.mentions)
        .select_from(items.join(corrections, own))
        .where(
            here,
            corrections.c.verdict.is_(None),
            corrections.c.mentions.contains('"predicted"'),
        )
    )
    rows = connection.execute(shown).all()
    found = [row[:5] for row in _newest(rows) if row[_LAYER] != "gold"]
    return [*found, *(row[:5] for row in connection.execute(begun).all())]


_LAYER, _ADDED = 5, 6
"""Where ``contents`` reads a layer's kind and number: by place, as there are many rows."""


def _newest(rows: Sequence[Row[Any]]) -> Collection[Row[Any]]:
    """Return of each sentence's layers the one that is shown: gold, else the newest."""
    best: dict[int, Row[Any]] = {row[0]: row for row in rows}
    if len(best) < len(rows):
        for row in rows:
            known = best[row[0]]
            if (row[_LAYER] == "gold", row[_ADDED]) > (known[_LAYER] == "gold", known[_ADDED]):
                best[row[0]] = row
    return best.values()


def _marks(rows: Sequence[Content], texts: Mapping[int, str]) -> list[WaitingMark]:
    found: list[WaitingMark] = []
    for item, document, limit, is_test, mentions in rows:
        text = texts.get(document)
        if text is None:
            continue
        for one in json.loads(mentions):
            if one.get("status") != "predicted":
                continue
            at: tuple[Range, ...] = tuple([(start, end) for start, end in one["at"]])
            start, end = at[-1]
            surface = text[start:end] if len(at) == 1 else " ".join([text[a:b] for a, b in at])
            behind = text[end : end + BEHIND] if end + BEHIND < limit else text[end:limit]
            told = item, at, one["label"], one.get("score"), surface, behind, is_test
            found.append(WaitingMark(*told))
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
