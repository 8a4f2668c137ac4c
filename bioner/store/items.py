"""One item with its layers, its neighbours, and where its words occur elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from bioner.store import codec, projects
from bioner.store.documents import find_document
from bioner.store.engine import read_generation
from bioner.store.layers import shown_mentions, tokens_of
from bioner.store.logical_clock import LogicalClock
from bioner.store.queue import surface_column
from bioner.store.queue_items import Occurrence, Other, Prediction, ReviewItem, ShownLayer
from bioner.store.states import find_place, read_state, status_of
from bioner.store.tables import corrections, documents, items, layers


def read_item(connection: Connection, clock: LogicalClock, item: int, reviewer: str) -> ReviewItem:
    """Return one item with all its layers, as this reviewer sees it."""
    place = find_place(connection, item)
    row = connection.execute(select(items).where(items.c.id == item)).one()
    track = place.stored.project.track(reviewer)
    state = read_state(connection, place, track)
    found = connection.execute(
        select(layers).where(layers.c.item == item).order_by(layers.c.added.desc())
    ).all()
    gold = next((codec.read_mentions(r.mentions) for r in found if r.layer == "gold"), None)
    corrected = None if state.mentions is None else codec.write_mentions(state.mentions)
    layer, mentions = shown_mentions(found, corrected)
    is_held = not track and row.claimed_until > clock.read(connection)
    return ReviewItem(
        item=item,
        project=place.stored.project.name,
        document=place.name,
        text=place.text,
        start=place.start,
        end=place.end,
        tokens=tokens_of(place.text, place.start, place.end, row.tokens)[0],
        mentions=mentions,
        layer=_shown(layer),
        gold=gold,
        predictions=tuple(
            Prediction(r.model, r.schema, codec.read_mentions(r.mentions))
            for r in found
            if r.layer == "prediction"
        ),
        others=_others(connection, item, track),
        covers=state.covers,
        base=state.head,
        verdict=state.verdict,
        status=status_of(state.verdict, state.mentions is not None),
        note=state.note,
        is_test=row.is_test,
        priority=row.priority,
        reasons=codec.read_reasons(row.reasons),
        claimed_by=row.claimed_by if is_held else "",
        previous=_neighbour(connection, row, following=False),
        following=_neighbour(connection, row, following=True),
        generation=read_generation(connection),
    )


def _shown(layer: str) -> ShownLayer:
    names: dict[str, ShownLayer] = {
        "correction": "correction",
        "gold": "gold",
        "prediction": "prediction",
    }
    return names.get(layer, "none")


def _others(connection: Connection, item: int, track: str) -> tuple[Other, ...]:
    found = connection.execute(
        select(corrections)
        .where(
            corrections.c.item == item,
            corrections.c.track != track,
            corrections.c.mentions.is_not(None),
        )
        .order_by(corrections.c.track)
    )
    return tuple(Other(r.track, codec.read_mentions(r.mentions), r.verdict, r.head) for r in found)


def _neighbour(connection: Connection, row: Row[Any], *, following: bool) -> int | None:
    query = select(items.c.id).where(items.c.document == row.document)
    if following:
        query = query.where(items.c.start > row.start).order_by(items.c.start)
    else:
        query = query.where(items.c.start < row.start).order_by(items.c.start.desc())
    return connection.execute(query.limit(1)).scalar()


def items_of(connection: Connection, project: int, document: str) -> list[int]:
    """Return the ids of a document's items, in the order of the text."""
    row = find_document(connection, project, document)
    query = select(items.c.id).where(items.c.document == row.id).order_by(items.c.start)
    return list(connection.execute(query).scalars())


def occurrences(
    connection: Connection,
    stored: projects.StoredProject,
    surface: str,
    document: str,
    limit: int,
) -> list[Occurrence]:
    """Return where a surface occurs as whole words, case kept, in item order."""
    query = (
        select(items.c.id, items.c.start, documents.c.name, surface_column().label("surface"))
        .join(documents, items.c.document == documents.c.id)
        .where(
            items.c.project == stored.id,
            documents.c.text.contains(surface, autoescape=True),
        )
        .order_by(items.c.document, items.c.start)
    )
    if document:
        query = query.where(documents.c.name == document)
    found: list[Occurrence] = []
    for row in connection.execute(query):
        for at in _words(row.surface, surface):
            start = row.start + at
            found.append(Occurrence(row.id, row.name, start, start + len(surface)))
            if len(found) == limit:
                return found
    return found


def _words(text: str, surface: str) -> Iterable[int]:
    at = text.find(surface) if surface else -1
    while at >= 0:
        end = at + len(surface)
        before = at > 0 and text[at - 1].isalnum() and surface[0].isalnum()
        behind = end < len(text) and text[end].isalnum() and surface[-1].isalnum()
        if not before and not behind:
            yield at
        at = text.find(surface, at + 1)
