"""The facets by which the queue is filtered: which labels are shown of an item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from bioner.spans import Mention
from bioner.store.layers import shown_mentions
from bioner.store.tables import corrections, facets, layers

CHUNK = 400
"""Facets are brought up to date so many items at a time."""


def refresh_labels(connection: Connection, project: int, ids: Sequence[int]) -> None:
    """Bring the label facets of these items up to what is shown of them."""
    for begin in range(0, len(ids), CHUNK):
        _refresh_labels(connection, project, ids[begin : begin + CHUNK])


def _refresh_labels(connection: Connection, project: int, ids: Sequence[int]) -> None:
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
    connection.execute(delete(facets).where(facets.c.item.in_(ids), facets.c.facet == "label"))
    shown = ((item, shown_mentions(by_item[item], corrected.get(item))[1]) for item in by_item)
    write_labels(connection, project, shown)


def write_labels(
    connection: Connection, project: int, shown: Iterable[tuple[int, Iterable[Mention]]]
) -> None:
    """Write the label facets of items that have none."""
    rows = [
        {"project": project, "facet": "label", "value": label, "item": item}
        for item, mentions in shown
        for label in {m.label for m in mentions}
    ]
    if rows:
        connection.execute(insert(facets), rows)


def replace_labels(connection: Connection, project: int, item: int, labels: Iterable[str]) -> None:
    """Replace the label facets of one item."""
    connection.execute(delete(facets).where(facets.c.item == item, facets.c.facet == "label"))
    rows = [
        {"project": project, "facet": "label", "value": label, "item": item} for label in labels
    ]
    if rows:
        connection.execute(insert(facets), rows)
