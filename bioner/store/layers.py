"""What stands on an item side by side: gold, predictions, a correction; what is shown of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from bioner.flattening import flatten
from bioner.spans import Document, Mention, Range, Sentence
from bioner.store import codec, projects
from bioner.store.evidence import Layered
from bioner.store.tables import documents, items, layers

PAGE = 500
"""Items are read so many at a time."""


def shown_mentions(
    layer_rows: Iterable[Row[Any]], correction: str | None
) -> tuple[str, tuple[Mention, ...]]:
    """Return what to show and its layer: correction, else gold, else the newest prediction.

    What suggesters proposed is shown to nobody who does not ask for it.
    """
    if correction is not None:
        return "correction", codec.read_mentions(correction)
    rows = (row for row in layer_rows if row.layer != "suggestion")
    best = max(rows, key=lambda r: (r.layer == "gold", r.added), default=None)
    return ("none", ()) if best is None else (best.layer, codec.read_mentions(best.mentions))


def tokens_of(
    text: str, start: int, end: int, stored: str | None
) -> tuple[tuple[Range, ...], tuple[str, ...]]:
    """Return an item's token ranges and its tokens, folded as the model reads them."""
    from bioner.tokens import fold, tokenize

    ranges = codec.read_ranges(stored) if stored else tuple(tokenize(text, start, end))
    return ranges, tuple(fold(text[a:b]) for a, b in ranges)


def layered_page(
    connection: Connection,
    stored: projects.StoredProject,
    status: str,
    after: int,
    names: Sequence[str] | None = None,
) -> list[Layered]:
    """Return the next items after an id, in order of id, each with its layers as Sentences.

    ``names``: of these documents alone, a few hundred at most.
    """
    query = (
        select(items, documents.c.name, documents.c.text)
        .join(documents, items.c.document == documents.c.id)
        .where(items.c.project == stored.id, items.c.id > after, documents.c.text.is_not(None))
        .order_by(items.c.id)
        .limit(PAGE)
    )
    if status != "all":
        query = query.where(items.c.status == status)
    if names is not None:
        query = query.where(documents.c.name.in_(names))
    rows = connection.execute(query).all()
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(
        select(layers)
        .where(layers.c.item.in_([r.id for r in rows]))
        .order_by(layers.c.added.desc())
    ):
        found[row.item].append(row)
    return [_layered(stored, row, found[row.id]) for row in rows]


def _layered(stored: projects.StoredProject, row: Row[Any], found: Sequence[Row[Any]]) -> Layered:
    offsets, tokens = tokens_of(row.text, row.start, row.end, row.tokens)
    covers = stored.project.covers if row.covers is None else codec.read_names(row.covers)
    document = Document(row.name, row.text)

    def sentence(mentions: str) -> Sentence:
        spans, _ = flatten(document, offsets, codec.read_mentions(mentions))
        return Sentence(row.name, tokens, offsets, spans, frozenset(covers))

    gold = next((sentence(r.mentions) for r in found if r.layer == "gold"), None)
    predictions = tuple((r.model, sentence(r.mentions)) for r in found if r.layer == "prediction")
    return Layered(row.id, gold, predictions, codec.read_reasons(row.reasons))
