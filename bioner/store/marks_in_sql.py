"""A sentence's marks inside a query: which are shown, how many, whether two lists are alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, cast, func, select
from sqlalchemy.dialects.postgresql import JSON

from bioner.store.tables import items, layers


def shown_mentions_column(correction: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the marks shown of a row of ``items``: its correction, else gold, else the newest.

    What suggesters proposed is shown to nobody who does not ask for it. Null where there are none.
    """
    came = (
        select(layers.c.mentions)
        .where(layers.c.item == items.c.id, layers.c.layer != "suggestion")
        .order_by(case((layers.c.layer == "gold", 0), else_=1), layers.c.added.desc())
        .limit(1)
        .correlate(items)
        .scalar_subquery()
    )
    return func.coalesce(correction, came)


def count_of_marks(mentions: ColumnElement[Any], dialect: str) -> ColumnElement[int]:
    """Return how many marks a column of them holds; of null, null."""
    return func.json_array_length(mentions if dialect == "sqlite" else cast(mentions, JSON))
