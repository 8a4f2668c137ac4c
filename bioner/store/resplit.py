"""Other sentence ranges for a document; its mentions, layers and copies move along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from bioner.access import Action
from bioner.errors import StoreError
from bioner.spans import Mention, Range
from bioner.store import codec, projects
from bioner.store.documents import find_document, within_range
from bioner.store.facets import refresh_shown
from bioner.store.former import Former, newest, restore_verdicts
from bioner.store.layers import shown_mentions
from bioner.store.log import Author, append, record
from bioner.store.states import State, find_place, read_state
from bioner.store.tables import corrections, facets, items, layers
from bioner.store.values import within


def resplit(
    connection: Connection,
    project: str,
    document: str,
    ranges: Sequence[Range],
    reviewer: str,
    op: str,
    *,
    target: int = 0,
) -> list[int]:
    """Give a document other items; see ``Store.resplit``. ``target``: the revision taken back."""
    stored = projects.find(connection, project)
    projects.require(stored.project, reviewer, Action.ANNOTATE)
    row = find_document(connection, stored.id, document)
    if row.text is None:
        raise StoreError(f"document {document!r} was erased (revision {row.erased})")
    present = connection.execute(
        select(items).where(items.c.document == row.id).order_by(items.c.start).with_for_update()
    ).all()
    wanted = tuple(ranges)
    _check_ranges(document, row.text, wanted)
    old = {(one.start, one.end): one for one in present}
    gone = [one for extent, one in old.items() if extent not in wanted]
    if gone or len(wanted) != len(old):
        said = f"sentences {_say(old)} became {_say(wanted)}"
        author = Author(reviewer=reviewer, op=op, kind="resplit", target=target)
        former = Former(tuple(old), tuple((one.id, one.start, one.end) for one in gone))
        whole = append(
            connection,
            stored.project.name,
            row,
            author,
            surface="",
            note=said,
            previous=former.to_json(),
        )
        pieces = [_Piece(connection, one) for one in gone]
        connection.execute(delete(items).where(items.c.id.in_([one.id for one in gone])))
        for extent in wanted:
            if extent not in old:
                _make(connection, row, extent, pieces, author, whole.seq)
    query = select(items.c.id).where(items.c.document == row.id).order_by(items.c.start)
    return list(connection.execute(query).scalars())


def undo_resplit(
    connection: Connection, project: str, document: str, reviewer: str, op: str
) -> list[int]:
    """Take back the newest change of a document's sentences; see ``Store.undo_resplit``."""
    stored = projects.find(connection, project)
    row = find_document(connection, stored.id, document)
    last = newest(connection, row.id)
    if last is None:
        raise StoreError(
            f"document {document!r}: no change of its sentences is left that could be taken back"
        )
    seq, former = last
    made = resplit(connection, project, document, former.ranges, reviewer, op, target=seq)
    author = Author(reviewer=reviewer, op=op, kind="resplit", target=seq)
    restore_verdicts(connection, made, former, seq, author)
    return made


def _say(ranges: Iterable[Range]) -> str:
    return ", ".join(f"{start}-{end}" for start, end in ranges)


def _check_ranges(document: str, text: str, ranges: Sequence[Range]) -> None:
    where = f"document {document!r}"
    for start, end in ranges:
        if not 0 <= start < end <= len(text):
            raise StoreError(
                f"{where}: sentence {start}-{end} is empty or leaves the text "
                f"({len(text)} characters)"
            )
    for (_, end), (start, _) in pairwise(ranges):
        if start < end:
            raise StoreError(f"{where}: sentences overlap or are out of order at {start}")
    covered = [False] * len(text)
    for start, end in ranges:
        covered[start:end] = [True] * (end - start)
    lost = next((i for i, c in enumerate(text) if not covered[i] and not c.isspace()), None)
    if lost is not None:
        raise StoreError(f"{where}: the text at {lost} ({text[lost]!r}) is in no sentence")


class _Piece:
    """An item that is about to go, with all its layers and copies."""

    def __init__(self, connection: Connection, row: Row[Any]) -> None:
        self.row = row
        self.place = find_place(connection, row.id)
        self.layers = connection.execute(select(layers).where(layers.c.item == row.id)).all()
        tracks = connection.execute(
            select(corrections.c.track).where(corrections.c.item == row.id)
        ).scalars()
        self.states = {t: read_state(connection, self.place, t) for t in tracks}

    def shown(self, track: str) -> tuple[Mention, ...]:
        state = self.states.get(track)
        if state is not None and state.mentions is not None:
            return state.mentions
        return shown_mentions(self.layers, None)[1]


def _make(
    connection: Connection,
    document: Row[Any],
    extent: Range,
    pieces: Sequence[_Piece],
    author: Author,
    target: int,
) -> None:
    mine = [p for p in pieces if p.row.start < extent[1] and extent[0] < p.row.end]
    best = max(mine, key=lambda p: p.row.priority, default=None)
    overridden = [p for p in mine if p.row.covers is not None]
    covers = frozenset.intersection(*(p.place.covers for p in mine)) if overridden else None
    item = connection.execute(
        insert(items)
        .values(
            project=document.project,
            document=document.id,
            start=extent[0],
            end=extent[1],
            tokens=_tokens(mine, extent),
            covers=None if covers is None else codec.write_names(covers),
            status="waiting",
            is_test=document.is_test,
            priority=best.row.priority if best else 0.0,
            reasons=best.row.reasons if best else "[]",
            claimed_by="",
            claimed_until=0.0,
        )
        .returning(items.c.id)
    ).scalar_one()
    _move_layers(connection, document, item, mine, extent)
    place = find_place(connection, item)
    for reason in codec.read_reasons(best.row.reasons if best else "[]"):
        connection.execute(
            insert(facets).values(
                project=document.project, facet="reason", value=reason.name, item=item
            )
        )
    for track in sorted({t for p in mine for t, s in p.states.items() if s.mentions is not None}):
        moved = tuple(m for p in mine for m in _inside(document.name, p.shown(track), extent))
        looked_for = [p.states[track].covers if track in p.states else p.place.covers for p in mine]
        after = State(
            mentions=moved,
            covers=frozenset.intersection(*looked_for),
            verdict=None,
            note="",
            reviewer=author.reviewer,
            head=0,
        )
        before = State(
            mentions=None, covers=place.covers, verdict=None, note="", reviewer="", head=0
        )
        mark = replace(author, op=f"{author.op}:{item}:{track}", target=target)
        record(connection, place, track, before, after, mark)
    refresh_shown(connection, document.project, [item])


def _move_layers(
    connection: Connection,
    document: Row[Any],
    item: int,
    pieces: Sequence[_Piece],
    extent: Range,
) -> None:
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    for piece in pieces:
        for row in piece.layers:
            found.setdefault((row.layer, row.model), []).append(row)
    for (layer, model), rows in found.items():
        mentions = [
            m
            for row in rows
            for m in _inside(document.name, codec.read_mentions(row.mentions), extent)
        ]
        newest = max(rows, key=lambda r: r.added)
        connection.execute(
            insert(layers).values(
                item=item,
                layer=layer,
                model=model,
                schema=newest.schema,
                mentions=codec.write_mentions(mentions),
                added=newest.added,
            )
        )


def _inside(document: str, mentions: Iterable[Mention], extent: Range) -> list[Mention]:
    kept: list[Mention] = []
    for one in mentions:
        if within(one, extent):
            kept.append(one)
        elif one.start < extent[1] and extent[0] < one.end:
            raise StoreError(
                f"document {document!r}: the {one.label} at {one.start}-{one.end} crosses the edge "
                f"of sentence {extent[0]}-{extent[1]}; delete or move the mention first"
            )
    return kept


def _tokens(pieces: Sequence[_Piece], extent: Range) -> str | None:
    if any(p.row.tokens is None for p in pieces):
        return None
    known = [r for p in pieces for r in codec.read_ranges(p.row.tokens)]
    inside = [r for r in known if within_range(r, extent)]
    touching = [r for r in known if r[0] < extent[1] and extent[0] < r[1]]
    return codec.write_ranges(inside) if inside == touching else None
