"""The k-th call to the database fails, for every k: what was is what is, before or after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from failing import failing_call
from sqlalchemy import select
from store_support import (
    a_document,
    a_store,
    assert_state_is_replay,
    edit_of,
    empty,
    postgres_url,  # noqa: F401
)

from bioner.errors import StoreError
from bioner.spans import mention
from bioner.store import Store
from bioner.store.tables import metadata

MOST = 400
"""So many calls no single action makes."""

VOLATILE = {"clock"}
"""What an action that fails may move on: the time, and the number of the next import."""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        empty(url)
    made = a_store(tmp_path, documents=3, url=url)
    yield made
    made.close()


def state_of(store: Store) -> dict[str, list[Any]]:
    """All rows, but for what belongs to the time."""
    with store.database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
            if table.name not in VOLATILE
        }


def try_every_call(
    store: Store, action: Callable[[], object], may_be: Callable[[dict[str, list[Any]]], bool]
) -> int:
    """Let each call fail in turn until the action makes it; return how many there were."""
    before = state_of(store)
    for number in range(1, MOST):
        with failing_call(store.database, number) as counted:
            try:
                action()
            except StoreError:
                if not counted.has_failed:
                    raise
            else:
                if not counted.has_failed:
                    return number - 1
        now = state_of(store)
        assert now == before or may_be(now), f"call {number} left something between"
        assert_state_is_replay(store.database)
        assert store.verify().problems == ()
    raise AssertionError(f"still failing at call {MOST}")


def never(_: dict[str, list[Any]]) -> bool:
    return False


def test_a_save_is_whole_or_not_at_all(store: Store) -> None:
    first, second = (
        store.open_item(store.items_of("p", name)[0], claim=False) for name in ("d0", "d1")
    )
    edits = [edit_of(one, mention(0, 5, "Gene"), batch="b") for one in (first, second)]
    assert try_every_call(store, lambda: store.save_all(edits), never) > 10
    assert len(store.history(first.item)) == len(store.history(second.item)) == 1


@pytest.mark.slow
def test_an_import_places_whole_pieces_and_is_finished_by_doing_it_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bioner.store.placing.CHUNK", 2)
    texts = [a_document(n) for n in range(10, 15)]

    def whole_pieces(now: dict[str, list[Any]]) -> bool:
        documents = len(now["documents"]) - 3
        return documents in (2, 4) and all(
            len(now[name]) == 2 * (documents + 3) for name in ("items", "layers", "facets")
        )

    calls = try_every_call(
        store, lambda: store.import_documents("p", texts, model="m"), whole_pieces
    )
    assert calls > 10
    assert store.progress("p").documents == 8


def test_a_backup_is_whole_or_not_there(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "copies" / "copy.sqlite3"
    before = state_of(store)
    for number in range(1, MOST):
        with failing_call(store.database, number) as counted:
            try:
                store.backup(path)
            except StoreError:
                assert list(path.parent.iterdir()) == []
            else:
                assert not counted.has_failed
                break
    copy = Store(f"sqlite:///{path}", tmp_path / "other")
    assert state_of(copy) == before == state_of(store)
    copy.close()


@pytest.mark.slow
def test_a_restore_is_whole_or_not_at_all(store: Store, tmp_path: Path) -> None:
    copy = store.backup(tmp_path / "copy.sqlite3")
    store.import_documents("p", [a_document(9)], model="m")
    assert try_every_call(store, lambda: store.restore(copy), never) > 10
    assert store.progress("p").documents == 3


def test_an_erasure_is_whole_or_not_at_all_and_finished_by_doing_it_again(store: Store) -> None:
    item = store.open_item(store.items_of("p", "d1")[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene"), note="a note"))

    def erased(now: dict[str, list[Any]]) -> bool:
        return not any("variant 1." in row for rows in now.values() for row in rows)

    try_every_call(store, lambda: store.erase_document("p", "d1", "ann"), erased)
    assert erased(state_of(store))
