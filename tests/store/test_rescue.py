"""A database that is damaged, empty or gone: said, never begun anew in silence, and restorable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from store_support import a_project, a_store, edit_of, empty, postgres_url  # noqa: F401

from bioner.access import Actor, Role
from bioner.errors import AccessError, StoreError
from bioner.spans import mention
from bioner.store import DatabaseLostError, Store, restore_database


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.sqlite3'}"


def a_backed_up_store(folder: Path) -> tuple[Store, Path]:
    store = a_store(folder)
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene")))
    store.database.forget_free_pages()  # the log would mend what the tests break
    return store, store.backup(folder / "good.sqlite3")


def truncate(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def overwrite(file: Path) -> None:
    file.write_bytes(b"these are no pages of a database" * 1000)


def blank(file: Path) -> None:
    file.write_bytes(b"")


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("damage", [truncate, overwrite, blank, remove])
def test_a_database_in_any_state_is_restored_and_what_was_there_is_kept(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    store, good = a_backed_up_store(tmp_path)
    present = store.export_documents("p")
    file = tmp_path / "store.sqlite3"
    store.close()
    damage(file)
    broken = file.read_bytes() if file.exists() else b""
    done = restore_database(url_of(tmp_path), tmp_path / "backups", good)
    again = Store(url_of(tmp_path), tmp_path / "backups")
    assert again.export_documents("p") == present
    if done.was_damaged:
        assert done.before is not None
        assert done.before.read_bytes() == broken
    item = again.open_item(again.items_of("p", "d0")[0], claim=False)
    assert again.save(edit_of(item, mention(0, 5, "Gene"))).seq > 1
    again.close()


def test_the_rows_of_a_damaged_database_that_can_be_read_are_counted(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    store.close()
    file = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'layers'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    file.write_bytes(content)
    done = restore_database(url_of(tmp_path), tmp_path / "backups", good)
    assert done.was_damaged
    assert done.readable["revisions"] == 1
    assert done.readable["documents"] == 3
    assert "layers" not in done.readable


def test_a_bad_backup_changes_nothing_of_a_damaged_database(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    store.close()
    file = tmp_path / "store.sqlite3"
    overwrite(file)
    broken = file.read_bytes()
    truncate(good)
    with pytest.raises(StoreError, match="nothing was changed"):
        restore_database(url_of(tmp_path), tmp_path / "backups", good)
    assert file.read_bytes() == broken
    assert not list(tmp_path.glob("*damaged*"))


@pytest.mark.parametrize("damage", [blank, remove])
def test_a_database_that_is_gone_is_never_begun_anew_beside_its_backups(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    a_backed_up_store(tmp_path)[0].close()
    Store(url_of(tmp_path), tmp_path / "backups").close()
    file = tmp_path / "store.sqlite3"
    damage(file)
    with pytest.raises(DatabaseLostError, match=r"review restore .*hourly"):
        Store(url_of(tmp_path), tmp_path / "backups")
    assert not file.exists() or not file.stat().st_size


def test_an_open_process_says_that_the_file_is_gone_and_makes_no_new_one(tmp_path: Path) -> None:
    store, _ = a_backed_up_store(tmp_path)
    for path in tmp_path.glob("store.sqlite3*"):
        path.unlink()
    with pytest.raises(DatabaseLostError, match="gone"):
        store.projects()
    assert not (tmp_path / "store.sqlite3").exists()


def test_an_open_process_goes_on_in_what_was_put_in_the_files_place(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    overwrite(tmp_path / "store.sqlite3")
    restore_database(url_of(tmp_path), tmp_path / "backups", good)
    store.create_project(a_project("later"))
    fresh = Store(url_of(tmp_path), tmp_path / "backups")
    assert [one.name for one in fresh.projects()] == ["later", "p"]


def test_an_erasure_reaches_the_damaged_file_that_was_kept(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    overwrite(tmp_path / "store.sqlite3")
    done = restore_database(url_of(tmp_path), tmp_path / "backups", good)
    assert done.before is not None
    with pytest.raises(StoreError, match=r"damaged-.* may still hold its text"):
        store.erase_document("p", "d0", "ann")
    done.before.unlink()
    store.erase_document("p", "d0", "ann")


def test_what_was_erased_stays_erased_when_a_damaged_database_is_restored(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    elsewhere = tmp_path / "elsewhere.sqlite3"
    elsewhere.write_bytes(good.read_bytes())
    store.erase_document("p", "d0", "Ann")
    store.database.forget_free_pages()
    store.close()
    file = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'layers'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as broken:
        broken.seek((page - 1) * size)
        broken.write(b"\xff" * size)
    assert restore_database(url_of(tmp_path), tmp_path / "backups", elsewhere).was_damaged
    again = Store(url_of(tmp_path), tmp_path / "backups")
    assert again.texts("p", ["d0"])["d0"] is None
    assert "erase" in [event.kind for event in again.events()]
    again.close()


def damage_table(file: Path, name: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as broken:
        broken.seek((page - 1) * size)
        broken.write(b"\xff" * size)


def test_it_is_said_when_nobody_can_tell_what_was_erased_since(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    store.erase_document("p", "d0", "Ann")
    store.database.forget_free_pages()
    store.close()
    damage_table(tmp_path / "store.sqlite3", "events")
    done = restore_database(url_of(tmp_path), tmp_path / "backups", good)
    assert not done.knows_erased
    assert "erase it once more" in done.said()[-1]
    (tmp_path / "store.sqlite3").unlink()
    assert not restore_database(url_of(tmp_path), tmp_path / "backups", good).knows_erased


def test_nothing_is_said_of_erasures_where_all_could_be_read(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    store.close()
    damage_table(tmp_path / "store.sqlite3", "layers")
    done = restore_database(url_of(tmp_path), tmp_path / "backups", good)
    assert done.was_damaged
    assert done.knows_erased


def test_the_events_on_either_side_of_a_damaged_page_are_kept(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    for number in range(300):
        store.record("export", project="p", after={"number": number, "filler": "x" * 100})
    store.erase_document("p", "d0", "Ann")
    store.database.forget_free_pages()
    store.close()
    file = tmp_path / "store.sqlite3"
    content = bytearray(file.read_bytes())
    at = content.index(b'"number": 150}')
    content[at // 4096 * 4096 : at // 4096 * 4096 + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    done = restore_database(url_of(tmp_path), tmp_path / "backups", good)
    assert not done.knows_erased
    again = Store(url_of(tmp_path), tmp_path / "backups")
    known = {event.after.get("number") for event in again.events(limit=1000)}
    assert {0, 299} <= known
    assert again.texts("p", ["d0"])["d0"] is None
    again.close()


def test_a_restore_meets_a_damaged_record_of_an_erasure(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    elsewhere = tmp_path / "elsewhere.sqlite3"
    elsewhere.write_bytes(good.read_bytes())
    store.erase_document("p", "d0", "Ann")
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as connection:
        connection.execute("UPDATE events SET after = '{' WHERE kind = 'erase'")
        connection.commit()
    assert not store.restore(elsewhere).knows_erased
    store.close()


def test_who_may_not_restore_restores_no_damaged_database_either(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    store.close()
    file = tmp_path / "store.sqlite3"
    overwrite(file)
    with pytest.raises(AccessError):
        restore_database(url_of(tmp_path), tmp_path / "backups", good, Actor("ann", Role.ANNOTATOR))
    assert file.read_bytes().startswith(b"these are")
    restore_database(url_of(tmp_path), tmp_path / "backups", good, Actor("cy", Role.CURATOR))
    again = Store(url_of(tmp_path), tmp_path / "backups")
    assert [(one.kind, one.who) for one in again.events(limit=1)] == [("restore", "cy")]
    again.close()


def test_a_sound_database_is_backed_up_first(tmp_path: Path) -> None:
    store, good = a_backed_up_store(tmp_path)
    store.create_project(a_project("later"))
    done = restore_database(url_of(tmp_path), tmp_path / "backups", good)
    assert not done.was_damaged
    assert done.before is not None
    kept = Store(f"sqlite:///{done.before}", tmp_path / "other")
    assert [one.name for one in kept.projects()] == ["later", "p"]
    assert [one.name for one in store.projects()] == ["p"]


def test_a_backup_is_put_back_into_postgresql(
    tmp_path: Path,
    postgres_url: str,  # noqa: F811
) -> None:
    empty(postgres_url)
    store = a_store(tmp_path, url=postgres_url)
    good = store.backup(tmp_path / "good.sqlite3")
    present = store.export_documents("p")
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    store.save(edit_of(item, mention(0, 9, "Gene")))
    store.create_project(a_project("later"))
    assert store.export_documents("p") != present
    assert restore_database(postgres_url, tmp_path / "backups", good).before is not None
    assert store.export_documents("p") == present
    assert [one.name for one in store.projects()] == ["p"]
    store.erase_document("p", "d0", "ann")
    restore_database(postgres_url, tmp_path / "backups", good)  # which the erasure did not reach
    assert store.export_documents("p") == [one for one in present if one.id != "d0"]
