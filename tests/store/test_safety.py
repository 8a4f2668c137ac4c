"""Backups, restores, erasures while people work: what was saved is kept, what was erased is not."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from store_support import (
    a_document,
    a_project,
    a_store,
    edit_of,
    empty,
    postgres_url,  # noqa: F401
)

from bioner.errors import StoreError
from bioner.spans import Document, mention
from bioner.store import Store, soundness
from bioner.store.tables import revisions

MOMENTS = 5
"""So many backups, restores or erasures while others write."""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        empty(url)
    made = a_store(tmp_path, documents=6, url=url)
    yield made
    made.close()


@contextmanager
def at_work(*tasks: Callable[[], None]) -> Iterator[list[Exception]]:
    """Do each task again and again in a thread of its own; give what they raised."""
    stop = threading.Event()
    raised: list[Exception] = []

    def run(task: Callable[[], None]) -> None:
        while not stop.is_set():
            try:
                task()
            except StoreError:
                continue
            except Exception as error:  # noqa: BLE001
                raised.append(error)
                return

    threads = [threading.Thread(target=run, args=(one,)) for one in tasks]
    for thread in threads:
        thread.start()
    try:
        yield raised
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def saver(store: Store, document: str, acknowledged: list[str]) -> Callable[[], None]:
    def save() -> None:
        ids = store.items_of("p", document)
        if not ids:
            return  # it is erased
        item = store.open_item(ids[0], claim=False)
        edit = edit_of(item, mention(0, 5, "Gene"), note=f"note on {document}")
        store.save(edit)
        acknowledged.append(edit.op)

    return save


def wait_for(count: int, saved: list[str]) -> None:
    """Wait until so many more edits are acknowledged."""
    before = len(saved)
    while len(saved) < before + count:
        time.sleep(0.01)


def importer(store: Store) -> Callable[[], None]:
    numbers = iter(range(100, 1_000_000))

    def bring() -> None:
        store.import_documents("p", [a_document(next(numbers)) for _ in range(5)], model="m")

    return bring


def operations(store: Store) -> set[str]:
    with store.database.read() as connection:
        return set(connection.execute(select(revisions.c.op)).scalars())


def test_every_backup_made_while_others_write_is_one_moments_state(
    store: Store, tmp_path: Path
) -> None:
    saved: list[str] = []
    with at_work(saver(store, "d0", saved), saver(store, "d1", saved), importer(store)) as raised:
        made = [store.backup(tmp_path / f"{n}.sqlite3") for n in range(MOMENTS)]
    assert not raised
    assert saved
    for path in made:
        assert soundness.check(path) == soundness.unsound(path) == ""
    store.restore(made[-1])
    copy = Store(f"sqlite:///{made[-1]}", tmp_path / "other")
    assert copy.export_documents("p") == store.export_documents("p")
    assert copy.progress("p") == store.progress("p")


@pytest.mark.slow
def test_no_acknowledged_edit_is_lost_to_a_restore(store: Store, tmp_path: Path) -> None:
    good = store.backup(tmp_path / "good.sqlite3")
    saved: list[str] = []
    kept: set[str] = set()
    with at_work(saver(store, "d0", saved), saver(store, "d1", saved)) as raised:
        for number in range(4):
            wait_for(3, saved)
            safety = store.restore(good).before
            kept |= operations(Store(f"sqlite:///{safety}", tmp_path / f"b{number}"))
    assert not raised
    kept |= operations(store)
    assert len(saved) >= 12
    assert set(saved) <= kept


def test_an_erased_text_is_nowhere_although_others_were_writing_it(
    store: Store, tmp_path: Path
) -> None:
    saved: list[str] = []
    tasks = [saver(store, f"d{n}", saved) for n in range(6)]
    with at_work(*tasks, lambda: store.import_documents("p", [a_document(0)], model="n")) as raised:
        for number in range(6):
            wait_for(2, saved)
            store.erase_document("p", f"d{number}", "ann")
    assert not raised
    with store.database.read() as connection:
        for row in connection.execute(select(revisions)):
            assert (row.surface, row.before, row.after, row.note) == (None, None, None, None)
    store.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"causes cancer" not in path.read_bytes(), path


def test_erasing_reaches_every_copy_in_the_folder_whatever_its_name(
    store: Store, tmp_path: Path
) -> None:
    folder = store.folder
    folder.mkdir(exist_ok=True)
    for name in ("by-hand.sqlite3", "before the move", "bioner-20260101-000000.sqlite3"):
        store.backup(folder / name)
    (folder / "notes.txt").write_text("no database")
    store.erase_document("p", "d1", "ann")
    for path in folder.iterdir():
        assert b"variant 1.0" not in path.read_bytes(), path
    assert b"variant 2.0" in (folder / "before the move").read_bytes()


def test_an_erasure_that_could_not_be_finished_is_finished_later(
    store: Store, tmp_path: Path
) -> None:
    store.folder.mkdir(exist_ok=True)
    torn = store.folder / "bioner-20990101T000000Z-hourly.sqlite3"
    torn.write_bytes(b"")
    with pytest.raises(StoreError, match="2099"):
        store.erase_document("p", "d1", "ann")
    torn.unlink()
    late = Store(f"sqlite:///{tmp_path / 'late.sqlite3'}", tmp_path / "late")
    late.create_project(a_project())
    late.import_documents("p", [a_document(1)])
    late.backup(store.folder / "found again.sqlite3")
    again = store.erase_document("p", "d1", "ann")
    assert again.kind == "erase"
    assert b"variant 1.0" not in (store.folder / "found again.sqlite3").read_bytes()


def test_a_reader_who_keeps_the_log_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bioner.store.sqlite.BUSY_MS", 200)
    store = a_store(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM documents").fetchall()
        with pytest.raises(StoreError, match="erase it once more"):
            store.erase_document("p", "d1", "ann")
        reader.execute("COMMIT")
        store.erase_document("p", "d1", "ann")
    for path in tmp_path.glob("store.sqlite3*"):
        assert b"variant 1.0" not in path.read_bytes()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DELETE FROM items WHERE id = 1", "belongs to no row"),
        ("DELETE FROM revisions WHERE seq = 1", "is not what its newest revision says"),
        ("UPDATE corrections SET mentions = '[]'", "is not what its newest revision says"),
        ("UPDATE revisions SET verdict = 'reject'", "is not what its newest revision says"),
        ("UPDATE documents SET erased = 9", "half erased"),
    ],
)
def test_a_copy_that_would_not_restore_is_refused_by_name(
    tmp_path: Path, damage: str, said: str
) -> None:
    store = a_store(tmp_path)
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene")))
    copy = store.backup(tmp_path / "copy.sqlite3")
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(damage)
        connection.commit()
    present = store.export_documents("p")
    with pytest.raises(StoreError, match=rf"{said}.*nothing was changed"):
        store.restore(copy)
    assert store.export_documents("p") == present


def test_what_a_database_cannot_hold_is_one_sentence(store: Store) -> None:
    with pytest.raises(StoreError, match=r"64 bit|out of range|integer"):
        store.history(2**70)
    with pytest.raises(StoreError, match=r"NUL|null|0x00|no project named"):
        store.project("a\0b")
    report = store.import_documents("p", [Document("a\ud800", "Fine."), Document("b", "Fine.")])
    assert [one.rule for one in report.rejects] == ["unusable_id"]
    assert report.documents_placed == 1
