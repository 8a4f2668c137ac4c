"""The append-only log: writing a revision, and reading one back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, select, update

from bioner.spans import Mention
from bioner.store import chains, codec, projects
from bioner.store.facets import replace_shown, shown_facets
from bioner.store.layers import shown_mentions
from bioner.store.states import Place, State, status_of, write_previous
from bioner.store.tables import corrections, documents, items, layers, revisions
from bioner.store.values import Revision, RevisionKind


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who makes a change, with what, under which operation id."""

    reviewer: str
    op: str
    kind: RevisionKind = "edit"
    model: str = ""
    schema: str = ""
    batch: str = ""
    session: str = ""
    target: int = 0


def record(
    connection: Connection,
    place: Place,
    track: str,
    before: State,
    after: State,
    author: Author,
) -> Revision:
    """Append one revision and bring the item's state to what it says."""
    seen, shows = (
        _uncorrected(connection, place) if state.mentions is None else state.mentions
        for state in (before, after)
    )
    values: dict[str, Any] = {
        "op": author.op,
        "kind": author.kind,
        "document": place.document,
        "start": place.start,
        "end": place.end,
        "track": track,
        "surface": place.surface,
        "before": codec.write_mentions(seen),
        "after": codec.write_mentions(shows),
        "previous": write_previous(before),
        "is_correction": after.mentions is not None,
        "covers": codec.write_names(after.covers),
        "verdict": after.verdict,
        "reviewer": author.reviewer,
        "note": after.note,
        "model": author.model,
        "schema": author.schema,
        "base": before.head,
        "batch": author.batch,
        "session": author.session,
        "target": author.target,
        "recorded": _now(),
    }
    values["seq"] = _append(connection, values)
    _set_state(connection, place, track, after, values["seq"], exists=before.head > 0)
    if track == "":
        _set_item(connection, place, before, after)
        found = shown_facets(shows)
        if found != shown_facets(seen):
            replace_shown(connection, place.stored.id, place.item, found)
    return revision_from(values, place.stored.project.name, place.name)


def append(
    connection: Connection,
    project: str,
    document: Row[Any],
    author: Author,
    *,
    surface: str | None,
    note: str = "",
    previous: str = "{}",
) -> Revision:
    """Append a revision about a whole document, which changes no item by itself.

    ``previous`` is what takes it back, as JSON.
    """
    values: dict[str, Any] = {
        "op": author.op,
        "kind": author.kind,
        "document": document.id,
        "start": 0,
        "end": len(document.text),
        "track": "",
        "surface": surface,
        "before": None,
        "after": None,
        "previous": previous,
        "is_correction": False,
        "covers": "[]",
        "verdict": None,
        "reviewer": author.reviewer,
        "note": note,
        "model": "",
        "schema": "",
        "base": 0,
        "batch": "",
        "session": "",
        "target": author.target,
        "recorded": _now(),
    }
    values["seq"] = _append(connection, values)
    return revision_from(values, project, document.name)


def _append(connection: Connection, values: dict[str, Any]) -> int:
    chains.extend(connection, values)
    query = insert(revisions).values(values).returning(revisions.c.seq)
    return int(connection.execute(query).scalar_one())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _set_state(
    connection: Connection, place: Place, track: str, after: State, seq: int, *, exists: bool
) -> None:
    values = {
        "mentions": None if after.mentions is None else codec.write_mentions(after.mentions),
        "covers": codec.write_names(after.covers),
        "verdict": after.verdict,
        "reviewer": after.reviewer,
        "note": after.note,
        "head": seq,
    }
    key = and_(corrections.c.item == place.item, corrections.c.track == track)
    if exists:
        connection.execute(update(corrections).where(key).values(values))
    else:
        connection.execute(
            insert(corrections).values(
                {"item": place.item, "track": track, "project": place.stored.id, **values}
            )
        )


def _set_item(connection: Connection, place: Place, before: State, after: State) -> None:
    status = status_of(after.verdict, after.mentions is not None)
    if status != status_of(before.verdict, before.mentions is not None):
        connection.execute(update(items).where(items.c.id == place.item).values(status=status))


def _uncorrected(connection: Connection, place: Place) -> tuple[Mention, ...]:
    rows = connection.execute(select(layers).where(layers.c.item == place.item)).all()
    return shown_mentions(rows, None)[1]


def by_op(connection: Connection, op: str) -> Revision | None:
    """Return the revision that an operation id made, if it made one."""
    found = _read(connection, select(revisions).where(revisions.c.op == op))
    return found[0] if found else None


def _read(connection: Connection, query: Select[Any]) -> list[Revision]:
    rows = connection.execute(query).all()
    return [revision_of(row, *names_of(connection, row.document)) for row in rows]


def names_of(connection: Connection, document: int) -> tuple[str, str]:
    row = connection.execute(
        select(documents.c.name, documents.c.project).where(documents.c.id == document)
    ).one()
    return projects.by_id(connection, row.project).project.name, row.name


def revisions_at(place: Place, track: str) -> Select[Any]:
    return select(revisions).where(
        revisions.c.document == place.document,
        revisions.c.start == place.start,
        revisions.c.end == place.end,
        revisions.c.track == track,
    )


def revision_of(row: Row[Any], project: str, document: str) -> Revision:
    return revision_from(row._mapping, project, document)


def revision_from(row: Any, project: str, document: str) -> Revision:
    return Revision(
        seq=row["seq"],
        kind=row["kind"],
        project=project,
        document=document,
        start=row["start"],
        end=row["end"],
        surface=row["surface"] or "",
        before=codec.read_mentions(row["before"]),
        after=codec.read_mentions(row["after"]),
        covers=frozenset(codec.read_names(row["covers"])),
        verdict=row["verdict"],
        reviewer=row["reviewer"],
        note=row["note"] or "",
        model=row["model"],
        schema=row["schema"],
        base=row["base"],
        batch=row["batch"],
        target=row["target"],
        track=row["track"],
        op=row["op"],
        session=row["session"],
        recorded=row["recorded"],
        is_erased=row["surface"] is None,
    )
