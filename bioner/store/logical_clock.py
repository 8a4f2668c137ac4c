"""A clock of the database's own, so that reservations end at the same moment for everybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import (
    Connection,
    select,
    update,
)

from bioner.store.tables import clock

KEPT_S = 1.0
"""The database knows the time to this many seconds."""


class LogicalClock:
    """Seconds that never run backwards, whatever the machine's clock does.

    Each process advances by its monotonic clock from the larger of the wall clock and what the
    database has seen; the database keeps the largest. So a lease neither ends early nor hangs when
    the wall clock is set back.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._lock = threading.Lock()

    def tick(self, connection: Connection) -> float:
        """Return the present logical second and keep it; inside a write transaction."""
        with self._lock:
            now = self._advance(connection)
        # Who else keeps the time at this moment keeps it for all: nobody waits for the row.
        row = select(clock.c.id).where(clock.c.seconds < now - KEPT_S)
        if connection.execute(row.with_for_update(skip_locked=True)).first() is not None:
            connection.execute(update(clock).values(seconds=now))
        return now

    def read(self, connection: Connection) -> float:
        """Return the present logical second without keeping it."""
        with self._lock:
            return self._advance(connection)

    def _advance(self, connection: Connection) -> float:
        seen = float(connection.execute(select(clock.c.seconds)).scalar() or 0.0)
        now = self._monotonic() + self._offset
        if seen > now:
            self._offset += seen - now
            now = seen
        return now
