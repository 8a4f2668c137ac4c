"""Documents going out of the store, with one layer's mentions as they are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from bioner.formats import attributes
from bioner.formats.relations import standing_relations
from bioner.formats.tally import Losses
from bioner.spans import Document, Mention, Range
from bioner.store import codec, projects
from bioner.store.layers import shown_mentions
from bioner.store.tables import corrections, documents, items, layers
from bioner.store.values import ExportLayer

PAGE = 500
"""Documents are read so many at a time."""


def export_documents(
    connection: Connection,
    stored: projects.StoredProject,
    layer: ExportLayer,
    model: str,
    *,
    only_reviewed: bool,
    with_covers: bool,
    losses: Losses,
) -> Iterator[Document]:
    """Yield the project's documents with one layer's mentions, as they are shown.

    ``losses`` counts the relations whose mentions are not among them.
    """
    last = 0
    while True:
        page = connection.execute(
            select(documents)
            .where(
                documents.c.project == stored.id,
                documents.c.erased.is_(None),
                documents.c.id > last,
            )
            .order_by(documents.c.id)
            .limit(PAGE)
        ).all()
        if not page:
            return
        last = page[-1].id
        contents = _contents(connection, stored, [row.id for row in page], layer, model)
        for row in page:
            found = contents.get(row.id, [])
            unread = [one.extent for one in found if layer != "prediction" and not one.is_read]
            if only_reviewed:
                found = [one for one in found if one.is_reviewed]
                if not found:
                    continue
            document = Document(
                row.name,
                row.text,
                tuple(m for one in found for m in one.mentions),
                tuple(one.extent for one in found),
                codec.read_relations(row.relations),
                codec.read_pairs(row.attributes),
            )
            standing = standing_relations(document, losses)
            document = replace(document, relations=standing)
            if with_covers:
                of_sentences: list[tuple[Range, Iterable[str]]] = [
                    (one.extent, one.covers) for one in found if one.extent not in unread
                ]
                of_sentences += [(extent, ()) for extent in unread]
                of_sentences.sort(key=lambda one: one[0])
                document = attributes.with_covers(document, stored.project.covers, of_sentences)
            yield document


@dataclass(frozen=True)
class _Content:
    """What goes out of one sentence."""

    extent: Range
    mentions: tuple[Mention, ...]
    covers: frozenset[str]
    is_reviewed: bool
    is_read: bool
    """Whether a person has looked at it: reviewed here, or gold when it came."""


def _contents(
    connection: Connection,
    stored: projects.StoredProject,
    ids: Sequence[int],
    layer: ExportLayer,
    model: str,
) -> dict[int, list[_Content]]:
    item_rows = connection.execute(
        select(items).where(items.c.document.in_(ids)).order_by(items.c.document, items.c.start)
    ).all()
    by_item: dict[int, list[Row[Any]]] = defaultdict(list)
    mine = select(items.c.id).where(items.c.document.in_(ids))
    for row in connection.execute(select(layers).where(layers.c.item.in_(mine))):
        if model and row.layer == "prediction" and row.model != model:
            continue
        by_item[row.item].append(row)
    corrected = {
        row.item: row
        for row in connection.execute(
            select(corrections).where(corrections.c.item.in_(mine), corrections.c.track == "")
        )
    }
    contents: dict[int, list[_Content]] = defaultdict(list)
    for row in item_rows:
        correction = corrected.get(row.id)
        mentions = _choose(by_item[row.id], correction, layer)
        is_reviewed = correction is not None and correction.verdict in ("accept", "correct")
        covers = stored.project.covers if row.covers is None else codec.read_names(row.covers)
        if layer in ("shown", "correction") and correction is not None:
            covers = codec.read_names(correction.covers)
            if is_reviewed:
                mentions = tuple(replace(m, status="reviewed") for m in mentions)
        contents[row.document].append(
            _Content(
                (row.start, row.end),
                mentions,
                frozenset(covers),
                is_reviewed,
                is_reviewed or any(one.layer == "gold" for one in by_item[row.id]),
            )
        )
    return contents


def _choose(
    found: Sequence[Row[Any]], correction: Row[Any] | None, layer: ExportLayer
) -> tuple[Mention, ...]:
    text = None if correction is None else correction.mentions
    if layer == "shown":
        return shown_mentions(found, text)[1]
    if layer == "correction":
        return codec.read_mentions(text)
    return shown_mentions([row for row in found if row.layer == layer], None)[1]
