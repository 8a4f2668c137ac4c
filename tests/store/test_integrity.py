"""What was saved and is changed or lost since is named; settings and restores are on record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from store_support import (
    a_document,
    a_project,
    a_store,
    edit_of,
    empty,
    postgres_url,  # noqa: F401
)

from bioner.errors import StoreError
from bioner.spans import mention
from bioner.store import (
    RestoredMeanwhileError,
    StaleSettingsError,
    Store,
)
from bioner.store.backups import backup_automatically


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        empty(url)
    made = a_store(tmp_path, documents=3, url=url)
    yield made
    made.close()


def save_some(store: Store, count: int = 4) -> list[int]:
    item = store.items_of("p", "d0")[0]
    saved = []
    for number in range(count):
        seen = store.open_item(item, claim=False)
        saved.append(store.save(edit_of(seen, mention(0, 5 + number, "Gene"), note="n")).seq)
    return saved


def test_what_is_whole_is_found_whole_through_undo_resplit_erase_and_restore(
    store: Store, tmp_path: Path
) -> None:
    save_some(store)
    store.undo(store.items_of("p", "d0")[0])
    whole = store.open_item(store.items_of("p", "d1")[0], claim=False)
    store.save(edit_of(whole, mention(0, 5, "Gene")))
    store.resplit("p", "d1", [(0, len(whole.text))], "ann")
    copy = store.backup(tmp_path / "copy.sqlite3")
    store.erase_document("p", "d0", "ann")
    assert store.verify().problems == ()
    store.restore(copy)
    found = store.verify()
    assert found.problems == ()
    # Four edits, an undo and the erasure, which the restore did again; an edit and two resplit.
    assert (found.documents, found.revisions) == (3, 9)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE revisions SET note = 'other' WHERE seq = :second", "content of revision"),
        ("UPDATE revisions SET reviewer = 'eve' WHERE seq = :second", "was changed, or one before"),
        ("DELETE FROM revisions WHERE seq = :second", "revision {second} is missing"),
        ("DELETE FROM revisions WHERE seq = :last", "its newest revision is missing"),
        ("DELETE FROM revisions", "all its revisions are missing"),
        ("UPDATE documents SET text = 'x' || text WHERE name = 'd0'", "the text differs"),
        ("UPDATE corrections SET mentions = '[]'", "is not what its newest revision says"),
    ],
)
def test_what_was_changed_or_is_missing_is_named(store: Store, damage: str, said: str) -> None:
    saved = save_some(store)
    names = {"second": saved[1], "last": saved[-1]}
    with store.database.write() as connection:
        wanted = {k: v for k, v in names.items() if f":{k}" in damage}
        connection.execute(text(damage), wanted)
    problems = store.verify().problems
    assert any(said.format(**names) in one for one in problems), problems
    assert all("'d0'" in one or "item" in one for one in problems)


def test_a_document_that_a_backup_holds_and_the_database_lacks_is_named(store: Store) -> None:
    save_some(store)
    backup_automatically(store.database, store.folder, "hourly")
    with store.database.write() as connection:
        for table in ("facets", "layers", "corrections"):
            connection.execute(text(f"DELETE FROM {table}"))
        for table in ("items", "revisions"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("DELETE FROM documents WHERE name = 'd0'"))
    (problem,) = [one for one in store.verify().problems if "'d0'" in one]
    assert "what the backup" in problem


def test_of_many_revisions_some_documents_are_looked_at_and_each_has_its_turn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = []
    for name in ("d0", "d1", "d2"):
        seen = store.open_item(store.items_of("p", name)[0], claim=False)
        saved.append(store.save(edit_of(seen, mention(0, 5, "Gene"))).seq)
    assert store.verify(most=3).share == 1
    with store.database.write() as connection:
        changed = text("UPDATE revisions SET reviewer = 'eve' WHERE seq = :seq")
        connection.execute(changed, {"seq": saved[1]})
    told = []
    for rest in range(3):
        monkeypatch.setattr("random.randrange", lambda share, rest=rest: rest)
        found = store.verify(most=1)
        assert (found.share, found.revisions, found.documents) == (3, 3, 3)
        told += found.problems
    assert len(told) == 1
    assert "'d1'" in told[0]


def test_erasing_takes_content_and_salt_and_leaves_the_chain_whole(store: Store) -> None:
    save_some(store)
    store.erase_document("p", "d0", "ann")
    with store.database.read() as connection:
        row = connection.execute(text("SELECT salt, tip FROM documents WHERE name = 'd0'")).one()
    assert row.salt is None
    assert row.tip
    assert store.verify().problems == ()


def test_two_curators_cannot_overwrite_each_others_settings(store: Store) -> None:
    seen = store.project("p")
    mine = store.update_project(replace(seen, guidelines=(("Gene", "all"),)), "ann")
    with pytest.raises(StaleSettingsError, match="meanwhile; nothing was changed") as refused:
        store.update_project(replace(seen, covers=frozenset({"Gene"})), "bob")
    assert refused.value.project.guidelines == (("Gene", "all"),)
    store.update_project(replace(mine, covers=frozenset({"Gene"})), "bob")
    last, first, created = store.events("p")
    assert (created.kind, first.kind, last.who) == ("created", "settings", "bob")
    assert first.before["guidelines"] == []
    assert first.after["guidelines"] == [["Gene", "all"]]
    assert last.recorded


def test_what_was_done_stays_on_record_through_a_restore(store: Store, tmp_path: Path) -> None:
    copy = store.backup(tmp_path / "copy.sqlite3")
    store.update_project(replace(store.project("p"), covers=frozenset({"Gene"})), "ann")
    store.restore(copy, "ann")
    kinds = [(one.kind, one.who) for one in store.events()]
    assert kinds[:2] == [("restore", "ann"), ("settings", "ann")]


def test_an_edit_begun_before_a_restore_is_refused_and_the_next_is_not(
    store: Store, tmp_path: Path
) -> None:
    copy = store.backup(tmp_path / "copy.sqlite3")
    seen = store.open_item(store.items_of("p", "d0")[0], claim=False)
    store.restore(copy)
    edit = replace(edit_of(seen, mention(0, 5, "Gene")), generation=seen.generation)
    with pytest.raises(RestoredMeanwhileError, match="nothing was saved"):
        store.save(edit)
    seen = store.open_item(seen.item, claim=False)
    assert store.save(replace(edit, op="again", generation=seen.generation)).seq


def test_an_import_begun_before_a_restore_does_not_go_on_in_what_was_restored(
    store: Store, tmp_path: Path
) -> None:
    copy = store.backup(tmp_path / "copy.sqlite3")

    def coming() -> Iterator[object]:
        for number in range(100, 250):
            if number == 220:
                store.restore(copy)
            yield a_document(number)

    with pytest.raises(RestoredMeanwhileError):
        store.import_documents("p", coming())  # type: ignore[arg-type]
    assert store.progress("p").documents == 3


def test_what_was_written_into_a_file_put_aside_is_not_called_saved(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    seen = store.open_item(store.items_of("p", "d0")[0], claim=False)
    copy = store.backup(tmp_path / "copy.sqlite3")
    file = tmp_path / "store.sqlite3"

    def save_into_what_is_put_aside() -> None:
        with store.database.write() as connection:
            connection.execute(text("UPDATE items SET priority = 1"))
            file.rename(tmp_path / "aside.sqlite3")
            (tmp_path / "store.sqlite3-wal").rename(tmp_path / "aside.sqlite3-wal")
            file.write_bytes(copy.read_bytes())

    with pytest.raises(RestoredMeanwhileError):
        save_into_what_is_put_aside()
    assert store.save(edit_of(seen)).seq == 1


def test_a_name_or_note_with_a_nul_is_refused_on_both_databases(store: Store) -> None:
    seen = store.open_item(store.items_of("p", "d0")[0], claim=False)
    for edit in (edit_of(seen, note="a\0b"), edit_of(seen, reviewer="a\0b")):
        with pytest.raises(StoreError, match="NUL"):
            store.save(edit)
    with pytest.raises(StoreError, match="NUL"):
        store.create_project(a_project("a\0b"))


def test_a_chain_of_many_old_revisions_is_made_by_the_migration(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    save_some(store, 20)
    store.close()
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as connection:
        for statement in (
            "DROP TABLE events",
            "DROP TABLE decisions",
            "DROP TABLE assignments",
            "ALTER TABLE projects DROP COLUMN vocabularies",
            "ALTER TABLE projects DROP COLUMN examples",
            "ALTER TABLE projects DROP COLUMN changes",
            "ALTER TABLE documents DROP COLUMN salt",
            "ALTER TABLE documents DROP COLUMN tip",
            "ALTER TABLE revisions DROP COLUMN digest",
            "ALTER TABLE revisions DROP COLUMN chain",
            "ALTER TABLE clock DROP COLUMN generation",
            "UPDATE alembic_version SET version_num = '0002'",
        ):
            connection.execute(statement)
        connection.commit()
    again = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    found = again.verify()
    assert (found.revisions, found.problems) == (20, ())
    with again.database.write() as connection:
        connection.execute(text("UPDATE revisions SET note = 'x' WHERE seq = 7"))
    assert again.verify().problems


def test_what_a_restore_would_change_is_counted_before(store: Store, tmp_path: Path) -> None:
    save_some(store, 2)
    copy = store.backup(tmp_path / "copy.sqlite3")
    save_some(store, 3)
    store.import_documents("p", [a_document(9)])
    store.create_project(a_project("later"))
    ahead = store.look_ahead(copy)
    assert (ahead.undone, ahead.documents, ahead.gone) == (3, (4, 3), ("later",))
    with pytest.raises(StoreError, match="no such file"):
        store.look_ahead(tmp_path / "absent")


def test_what_was_erased_stays_erased_when_a_copy_elsewhere_is_restored(
    store: Store, tmp_path: Path
) -> None:
    save_some(store)
    copy = store.backup(tmp_path / "elsewhere.sqlite3")
    store.erase_document("p", "d0", "ann")
    store.restore(copy)
    assert store.texts("p", ["d0", "d1"])["d0"] is None
    assert store.verify().problems == ()
