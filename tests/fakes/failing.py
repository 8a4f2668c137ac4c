"""A database whose k-th call fails: for trying that nothing is ever left half done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bioner.store.engine import Database


class Counted:
    """How many calls were made, and whether the one that was to fail has failed."""

    def __init__(self, failing: int) -> None:
        self.failing = failing
        self.calls = 0

    @property
    def has_failed(self) -> bool:
        return self.calls >= self.failing

    def count(self) -> None:
        self.calls += 1
        if self.calls == self.failing:
            raise OperationalError("?", {}, sqlite3.OperationalError("disk I/O error"))


@contextmanager
def failing_call(database: Database, number: int) -> Iterator[Counted]:
    """Let the call of this number fail once: a statement, the beginning or end of a transaction."""
    counted = Counted(number)

    def on_statement(*_: Any) -> None:
        counted.count()

    def on_commit(*_: Any) -> None:
        counted.count()

    event.listen(database.engine, "before_cursor_execute", on_statement)
    event.listen(database.engine, "commit", on_commit)
    try:
        yield counted
    finally:
        event.remove(database.engine, "before_cursor_execute", on_statement)
        event.remove(database.engine, "commit", on_commit)
