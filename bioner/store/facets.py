"""The facets by which the queue is filtered: which types and concepts are shown of an item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from bioner.identifiers import search_keys
from bioner.spans import Mention
from bioner.store.layers import shown_mentions
from bioner.store.tables import corrections, facets, items, layers

CHUNK = 400
"""Facets are brought up to date so many items at a time."""
SHOWN = ("label", "concept")
"""The facets that follow from the mentions shown."""


def refresh_shown(connection: Connection, project: int, ids: Sequence[int]) -> None:
    """Bring the facets of these items up to what is shown of them."""
    for begin in range(0, len(ids), CHUNK):
        _refresh_shown(connection, project, ids[begin : begin + CHUNK])


def _refresh_shown(connection: Connection, project: int, ids: Sequence[int]) -> None:
    by_item: dict[int, list[Row[Any]]] = {item: [] for item in ids}
    for row in connection.execute(select(layers).where(layers.c.item.in_(ids))):
        by_item[row.item].append(row)
    corrected = {
        row.item: row.mentions
        for row in connection.execute(
            select(corrections.c.item, corrections.c.mentions).where(
                corrections.c.item.in_(ids), corrections.c.track == ""
            )
        )
    }
    connection.execute(delete(facets).where(facets.c.item.in_(ids), facets.c.facet.in_(SHOWN)))
    shown = ((item, shown_mentions(by_item[item], corrected.get(item))[1]) for item in by_item)
    write_shown(connection, project, shown)


def write_shown(
    connection: Connection, project: int, shown: Iterable[tuple[int, Iterable[Mention]]]
) -> None:
    """Write the facets of items that have none."""
    rows = [
        {"project": project, "facet": facet, "value": value, "item": item}
        for item, mentions in shown
        for facet, value in shown_facets(mentions)
    ]
    if rows:
        connection.execute(insert(facets), rows)


def fill_concepts(connection: Connection) -> None:
    """Write the facets of all items whose marks have attributes, as older versions did not."""
    told = '"attributes"'
    came = select(layers.c.item).where(layers.c.mentions.contains(told))
    done = select(corrections.c.item).where(corrections.c.mentions.contains(told))
    found = came.union(done)
    query = select(items.c.project, items.c.id).where(items.c.id.in_(found)).order_by(items.c.id)
    by_project: dict[int, list[int]] = {}
    for row in connection.execute(query):
        by_project.setdefault(row.project, []).append(row.id)
    for project, ids in by_project.items():
        refresh_shown(connection, project, ids)


def shown_facets(mentions: Iterable[Mention]) -> set[tuple[str, str]]:
    """Return what mentions are found by: their types, and the concepts that they stand for."""
    found: set[tuple[str, str]] = set()
    for one in mentions:
        found.add(("label", one.label))
        found.update(("concept", key) for key in search_keys(one.attributes))
    return found


def replace_shown(
    connection: Connection, project: int, item: int, found: Iterable[tuple[str, str]]
) -> None:
    """Replace what one item is found by."""
    connection.execute(delete(facets).where(facets.c.item == item, facets.c.facet.in_(SHOWN)))
    rows = [
        {"project": project, "facet": facet, "value": value, "item": item} for facet, value in found
    ]
    if rows:
        connection.execute(insert(facets), rows)
