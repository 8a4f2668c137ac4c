"""Two databases whose backups lie in one folder: each has its own, and neither loses any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from store_support import a_document, a_project, edit_of

from bioner.errors import StoreError
from bioner.spans import Document, mention
from bioner.store import DatabaseLostError, Store, backups
from bioner.store.backups import backup_automatically, list_backups


def store_of(home: Path, name: str = "store.sqlite3") -> Store:
    return Store(f"sqlite:///{home / name}", home.parent / "shared")


def a_home(folder: Path, name: str, documents: list[Document]) -> Store:
    store = store_of(folder / name)
    store.create_project(a_project())
    store.import_documents("p", documents, model="m")
    return store


def test_a_new_database_is_begun_beside_the_backups_of_another(tmp_path: Path) -> None:
    one = a_home(tmp_path, "one", [a_document(0)])
    backup_automatically(one.database, one.folder, "hourly")
    two = a_home(tmp_path, "two", [a_document(1)])
    assert two.backups() == []
    one.close()
    two.close()
    store_of(tmp_path / "two").close()  # which makes one of its own, though the other's is fresh
    assert len(list_backups(tmp_path / "shared")) == 2
    assert len(store_of(tmp_path / "one").backups()) == 1


def test_a_lost_database_is_told_of_its_own_backups_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        store = a_home(tmp_path, name, [a_document(0)])
        backup_automatically(store.database, store.folder, "hourly")
        store.close()
    (tmp_path / "two" / "store.sqlite3").unlink()
    with pytest.raises(DatabaseLostError, match="1 backups lie in"):
        store_of(tmp_path / "two")


def test_the_rotation_of_one_never_drops_anothers(tmp_path: Path) -> None:
    one = a_home(tmp_path, "one", [a_document(0)])
    kept = backup_automatically(one.database, one.folder, "hourly")
    old = kept.with_name(kept.name.replace(kept.name[7:23], "20200101T000000Z"))
    kept.rename(old)
    two = a_home(tmp_path, "two", [a_document(1)])
    for hours in range(1, backups.RECENT + backups.DAYS + 5):
        made = backup_automatically(two.database, two.folder, "hourly")
        stamp = datetime.now(UTC) - timedelta(hours=hours)
        made.rename(made.with_name(made.name.replace(made.name[7:23], f"{stamp:%Y%m%dT%H%M%SZ}")))
    assert old.exists()
    assert [one.path for one in one.backups()] == [str(old)]


def test_an_erasure_leaves_another_databases_text_of_the_same_name(tmp_path: Path) -> None:
    mine, theirs = (
        a_home(tmp_path, name, [Document("d", text, (mention(0, 5, "Gene"),))])
        for name, text in (("mine", "BRCA1 of my patient."), ("theirs", "BRCA2 of their patient."))
    )
    for store in (mine, theirs):
        backup_automatically(store.database, store.folder, "hourly")
    mine.erase_document("p", "d", "ann")
    mine.erase_document("p", "d", "ann")
    content = {
        Path(one.path).name: Path(one.path).read_bytes() for one in list_backups(mine.folder)
    }
    assert not any(b"my patient" in one for one in content.values())
    assert sum(b"their patient" in one for one in content.values()) == 1


def test_an_erasure_reaches_the_same_text_in_a_copy_of_any_name(tmp_path: Path) -> None:
    store = a_home(tmp_path, "one", [a_document(0)])
    store.backup(store.folder / "by-hand.sqlite3")
    made = backup_automatically(store.database, store.folder, "hourly")
    made.rename(made.with_name(made.name[:-16] + "0123abcd.sqlite3"))  # of a home that was moved
    store.erase_document("p", "d0", "ann")
    assert not any(b"variant 0.0" in path.read_bytes() for path in store.folder.iterdir())


def test_an_erasure_that_did_not_reach_a_moved_homes_copy_is_finished_later(tmp_path: Path) -> None:
    store = a_home(tmp_path, "one", [a_document(0)])
    made = backup_automatically(store.database, store.folder, "hourly")
    moved = made.rename(made.with_name(made.name[:-16] + "0123abcd.sqlite3"))
    content = moved.read_bytes()
    moved.write_bytes(b"SQLite format 3\0 damaged")
    with pytest.raises(StoreError, match="may still hold its text"):
        store.erase_document("p", "d0", "ann")
    moved.write_bytes(content)
    store.erase_document("p", "d0", "ann")
    assert b"variant 0.0" not in moved.read_bytes()


def test_home_and_backups_moved_together_still_belong_together(tmp_path: Path) -> None:
    store = a_home(tmp_path / "here", "one", [a_document(0)])
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene")))
    backup_automatically(store.database, store.folder, "hourly")
    store.close()
    (tmp_path / "here").rename(tmp_path / "there")
    assert len(store_of(tmp_path / "there" / "one").backups()) == 1


def test_a_home_and_the_folder_named_after_it_are_moved_and_renamed_together(
    tmp_path: Path,
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'one' / 's.sqlite3'}", tmp_path / "one-backups")
    backup_automatically(store.database, store.folder, "hourly")
    store.close()
    for end in ("", "-backups"):
        (tmp_path / f"one{end}").rename(tmp_path / f"two{end}")
    moved = Store(f"sqlite:///{tmp_path / 'two' / 's.sqlite3'}", tmp_path / "two-backups")
    assert len(moved.backups()) == 1
