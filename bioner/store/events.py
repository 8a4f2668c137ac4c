"""What was done to a project or the whole database: who, when, before, after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from bioner.store.tables import events
from bioner.store.values import Event, EventKind

Facts = Mapping[str, object]


def record_event(
    connection: Connection,
    kind: EventKind,
    *,
    project: str = "",
    who: str = "",
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    """Append an event; ``before`` and ``after`` hold settings, counts and names, never a text."""
    connection.execute(
        insert(events).values(
            kind=kind,
            project=project,
            who=who,
            before=_dump(before or {}),
            after=_dump(after or {}),
            recorded=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )


def read_events(connection: Connection, project: str | None, limit: int) -> list[Event]:
    """Return the newest events, newest first, of one project or of all."""
    query = select(events).order_by(events.c.seq.desc()).limit(limit)
    if project is not None:
        query = query.where(events.c.project.in_((project, "")))
    return [_event(row) for row in connection.execute(query)]


def _event(row: Row[Any]) -> Event:
    before, after = _load(row.before), _load(row.after)
    return Event(
        seq=row.seq,
        kind=row.kind,
        project=row.project,
        who=row.who,
        before=before or {},
        after=after or {},
        recorded=row.recorded,
        is_damaged=before is None or after is None,
    )


def _load(written: str) -> dict[str, object] | None:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
