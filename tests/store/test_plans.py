"""SQLite answers what reviewers wait for from an index; it never has statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import event
from store_support import a_store, edit_of

from bioner.spans import mention
from bioner.store import QueueFilter, Store

WAITS: dict[str, Callable[[Store], object]] = {
    "next": lambda store: store.claim_next("p", "ann"),
    "queue": lambda store: store.queue("p"),
    "queue, done": lambda store: store.queue("p", filters=QueueFilter(status="done")),
    "queue, all": lambda store: store.queue("p", filters=QueueFilter(status="all")),
    "queue, page": lambda store: store.queue("p", after=store.items_of("p", "d1")[0]),
    "queue, type": lambda store: store.queue("p", filters=QueueFilter(label="Gene")),
    "queue, reason": lambda store: store.queue("p", filters=QueueFilter(reason="rare type")),
    "progress": lambda store: store.progress("p"),
    "open": lambda store: store.open_item(store.items_of("p", "d1")[0], "ann"),
    "save": lambda store: save(store, "d1"),
    "undo": lambda store: store.undo(store.items_of("p", "d0")[0], "ann"),
    "history": lambda store: store.history(store.items_of("p", "d0")[0]),
}


def save(store: Store, document: str) -> None:
    item = store.open_item(store.items_of("p", document)[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene")))


def plans(store: Store, work: Callable[[Store], object], about: str = "") -> list[str]:
    """Run something and return the steps of every query's plan."""
    said: list[tuple[str, Sequence[Any]]] = []

    def note(
        _c: object, _cursor: object, statement: str, given: Any, _x: object, many: bool
    ) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            said.append((statement, given[0] if many else given))

    event.listen(store.database.engine, "before_cursor_execute", note)
    work(store)
    event.remove(store.database.engine, "before_cursor_execute", note)
    with store.database.read() as connection:
        return [
            str(row[3])
            for statement, given in said
            if about in statement
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(given))
        ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = a_store(tmp_path_factory.mktemp("plans"), documents=40)
    save(store, "d0")
    return store


@pytest.mark.parametrize("wait", WAITS)
def test_no_wait_reads_a_whole_table_or_sorts_the_queue(store: Store, wait: str) -> None:
    steps = plans(store, WAITS[wait])
    assert steps
    small = ("SCAN clock", "SCAN projects", "SCAN CONSTANT ROW", "SCAN (")
    assert [s for s in steps if s.startswith("SCAN") and not s.startswith(small)] == []
    if wait.startswith(("next", "queue")):
        assert not any("ORDER BY" in s for s in plans(store, WAITS[wait], "FROM items"))
