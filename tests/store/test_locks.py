"""Each lock of the store does its part: one holds what another wants, and what happens then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from store_support import (
    a_store,
    assert_state_is_replay,
    edit_of,
    empty,
    postgres_url,  # noqa: F401
)

from bioner.errors import StoreError
from bioner.spans import mention
from bioner.store import StaleSettingsError, Store, backups, leases, projects, resplit, revisions
from bioner.store.logical_clock import LogicalClock
from bioner.store.turns import Turns

WAITS_S = 0.5
"""Who has not come back after so long waits for a lock."""

GENE = mention(0, 5, "Gene")


@pytest.fixture
def store(tmp_path: Path, postgres_url: str) -> Iterator[Store]:  # noqa: F811
    empty(postgres_url)
    made = a_store(tmp_path, documents=3, url=postgres_url)
    yield made
    made.close()


class Other(threading.Thread):
    """Somebody else, in a transaction of their own."""

    def __init__(self, store: Store, work: Callable[[Connection], Any]) -> None:
        super().__init__()
        self.store, self.work = store, work
        self.result: Any = None
        self.start()

    def run(self) -> None:
        try:
            with self.store.database.write() as connection:
                self.result = self.work(connection)
        except StoreError as error:
            self.result = error

    @property
    def is_waiting(self) -> bool:
        self.join(WAITS_S)
        return self.is_alive()


def claim_next(store: Store, who: str) -> Callable[[Connection], int | None]:
    def work(connection: Connection) -> int | None:
        stored = projects.find(connection, "p")
        filters = store_filters()
        return leases.claim_next(connection, store.database.clock, stored, who, filters, None)

    return work


def store_filters() -> Any:
    from bioner.store import QueueFilter

    return QueueFilter()


def first_items(store: Store) -> list[int]:
    return [store.items_of("p", f"d{n}")[0] for n in range(3)]


def test_two_who_ask_for_the_next_get_two_sentences_and_neither_waits(store: Store) -> None:
    store.database.clock = LogicalClock(wall=lambda: time.time() + 100)  # both have a time to keep
    with store.database.write() as connection:
        mine = claim_next(store, "ann")(connection)
        other = Other(store, claim_next(store, "bob"))
        other.join(60)
        assert not other.is_alive()
    assert other.result not in (None, mine)


def test_one_sentence_is_never_reserved_for_two(store: Store) -> None:
    item = first_items(store)[0]
    clock = store.database.clock
    with store.database.write() as connection:
        assert leases.claim(connection, clock, item, "ann")
        other = Other(store, lambda c: leases.claim(c, clock, item, "bob"))
        assert other.is_waiting
    other.join()
    assert other.result is False


def test_who_saves_second_is_told(store: Store) -> None:
    seen = store.open_item(first_items(store)[0], claim=False)
    with store.database.write() as connection:
        revisions.save(connection, [edit_of(seen, GENE)])
        other = Other(store, lambda c: revisions.save(c, [edit_of(seen, reviewer="bob")]))
        assert other.is_waiting
    other.join()
    assert "compare the two" in str(other.result)
    assert_state_is_replay(store.database)


def test_two_sentences_of_a_text_saved_at_once_make_one_chain(store: Store) -> None:
    one, two = (store.open_item(item, claim=False) for item in store.items_of("p", "d0"))
    start = two.start
    with store.database.write() as connection:
        revisions.save(connection, [edit_of(one, GENE)])
        edit = edit_of(two, mention(start, start + 5, "Gene"), reviewer="bob")
        other = Other(store, lambda c: revisions.save(c, [edit]))
        assert other.is_waiting
    other.join()
    assert store.verify().problems == ()


def test_who_changes_the_settings_second_is_told(store: Store) -> None:
    seen = store.project("p")
    with store.database.write() as connection:
        projects.change(connection, replace(seen, guidelines=(("Gene", "all"),)))
        other = Other(
            store, lambda c: projects.change(c, replace(seen, covers=frozenset({"Gene"})))
        )
        assert other.is_waiting
    other.join()
    assert isinstance(other.result, StaleSettingsError)


def test_what_is_saved_while_the_text_is_split_anew_is_moved_along(store: Store) -> None:
    seen = store.open_item(first_items(store)[0], claim=False)
    whole = [(0, len(seen.text))]
    with store.database.write() as connection:
        revisions.save(connection, [edit_of(seen, mention(0, 13, "Gene"))])
        other = Other(store, lambda c: resplit.resplit(c, "p", "d0", whole, "bob", "op"))
        assert other.is_waiting
    other.join()
    (item,) = store.items_of("p", "d0")
    assert store.open_item(item, claim=False).mentions[0].end == 13
    assert store.verify().problems == ()


def test_batches_in_opposite_order_do_not_wait_for_each_other_in_a_circle(store: Store) -> None:
    said: list[Exception] = []

    def save(order: int) -> None:
        for _ in range(15):
            ids = first_items(store)[::order]
            edits = [edit_of(store.open_item(i, claim=False), session="s") for i in ids]
            try:
                store.save_all(edits)
            except StoreError as error:
                said.append(error)

    threads = [threading.Thread(target=save, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [one for one in said if "deadlock" in str(one)]


def test_whoever_must_be_alone_waits_for_all_and_all_wait_for_them(store: Store) -> None:
    def look(connection: Connection) -> int:
        return int(connection.execute(text("SELECT 1")).scalar_one())

    with store.database.write(alone=True):
        other = Other(store, look)
        assert other.is_waiting
    other.join()
    assert other.result == 1


def test_a_reading_that_turns_to_writing_waits_for_its_turn_on_sqlite(tmp_path: Path) -> None:
    one = a_store(tmp_path, documents=1)
    two = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    seen = one.open_item(one.items_of("p", "d0")[0], claim=False)
    with one.database.write() as connection:
        connection.execute(text("SELECT count(*) FROM items")).all()
        other = Other(two, lambda c: revisions.save(c, [edit_of(seen, reviewer="bob")]))
        assert other.is_waiting
        revisions.save(connection, [edit_of(seen, GENE)])
    other.join()
    assert "compare the two" in str(other.result)


def test_two_are_never_at_work_on_the_backups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PATIENCE_S", 0.2)
    with (
        backups.locked(tmp_path / "b"),
        pytest.raises(StoreError, match="another process"),
        backups.locked(tmp_path / "b"),
    ):
        pass


def test_turns_are_had_in_the_order_in_which_they_were_asked_for() -> None:
    turns, order, together = Turns(), list[int](), list[int]()

    def take(number: int) -> None:
        with turns.turn(True):
            together.append(len(together) - len(order))
            time.sleep(0.02)
            order.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert order == list(range(5))
    assert together == [0] * 5
