"""What a document's sentences were before they were split or joined: to take back, to lead on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from bioner.spans import Range
from bioner.store import codec
from bioner.store.layers import shown_mentions
from bioner.store.log import Author, record
from bioner.store.states import State, find_place, read_state
from bioner.store.tables import items, layers, revisions


@dataclass(frozen=True)
class Former:
    """The ranges of all sentences before a change, and the items (id, start, end) that it ended."""

    ranges: tuple[Range, ...]
    items: tuple[tuple[int, int, int], ...]

    def to_json(self) -> str:
        """Return it as the ``previous`` of the change's revision."""
        return json.dumps({"ranges": self.ranges, "items": self.items}, separators=(",", ":"))


def former_from_json(text: str) -> Former:
    """Read what ``Former.to_json`` returned; empty where a revision was saved without it."""
    raw = json.loads(text)
    return Former(
        tuple((start, end) for start, end in raw.get("ranges", ())),
        tuple((item, start, end) for item, start, end in raw.get("items", ())),
    )


def newest(connection: Connection, document: int) -> tuple[int, Former] | None:
    """Return the newest change of a document's sentences that was not taken back."""
    found = connection.execute(
        select(revisions.c.seq, revisions.c.target, revisions.c.previous)
        .where(
            revisions.c.document == document,
            revisions.c.kind == "resplit",
            revisions.c.before.is_(None),
        )
        .order_by(revisions.c.seq.desc())
    )
    taken_back: set[int] = set()
    for row in found:
        if row.target:
            taken_back.add(row.target)
        elif row.seq not in taken_back:
            former = former_from_json(row.previous)
            return (row.seq, former) if former.ranges else None
    return None


def successor(connection: Connection, item: int) -> int | None:
    """Return the item itself, else the one in which it begins now; None if it never was."""
    present = connection.execute(select(items.c.id).where(items.c.id == item)).scalar()
    if present is not None:
        return int(present)
    found = connection.execute(
        select(revisions.c.document, revisions.c.previous).where(
            revisions.c.kind == "resplit",
            revisions.c.before.is_(None),
            revisions.c.previous.contains(f"[{item},"),
        )
    )
    for row in found:
        for id, start, _ in former_from_json(row.previous).items:
            if id == item:
                return connection.execute(
                    select(items.c.id).where(
                        items.c.document == row.document,
                        items.c.start <= start,
                        items.c.end > start,
                    )
                ).scalar()
    return None


def restore_verdicts(
    connection: Connection, made: list[int], former: Former, seq: int, author: Author
) -> None:
    """Give sentences that are whole again the verdicts of before, where their marks are the same.

    ``seq`` is the change that was taken back; what was said before it counts.
    """
    extents = {(start, end) for _, start, end in former.items}
    for item in _whole_again(connection, made, extents):
        place = find_place(connection, item)
        rows = connection.execute(
            select(revisions)
            .where(
                revisions.c.document == place.document,
                revisions.c.start == place.start,
                revisions.c.end == place.end,
                revisions.c.before.is_not(None),
                revisions.c.seq < seq,
            )
            .order_by(revisions.c.seq)
        )
        for track, row in {row.track: row for row in rows}.items():
            state = read_state(connection, place, track)
            stored = connection.execute(select(layers).where(layers.c.item == item)).all()
            marks = shown_mentions(stored, None)[1] if state.mentions is None else state.mentions
            if row.verdict is None or codec.read_mentions(row.after) != marks:
                continue
            was = State(
                mentions=marks if row.is_correction else None,
                covers=frozenset(codec.read_names(row.covers)),
                verdict=row.verdict,
                note=row.note or "",
                reviewer=row.reviewer,
                head=0,
            )
            op = f"{author.op}:{item}:{track}:verdict"
            record(connection, place, track, state, was, replace(author, op=op))


def _whole_again(connection: Connection, made: list[int], extents: set[Range]) -> list[int]:
    """Return those of a document's items that lie where one had ended; no text is read."""
    if not made:
        return []
    document = select(items.c.document).where(items.c.id == made[0]).scalar_subquery()
    rows = connection.execute(
        select(items.c.id, items.c.start, items.c.end)
        .where(items.c.document == document)
        .order_by(items.c.start)
    )
    return [row.id for row in rows if (row.start, row.end) in extents]
