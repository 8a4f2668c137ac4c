"""Backups: made by themselves, rotated, checked, put back; and erased from."""

from __future__ import annotations

import os
import shutil
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from store_support import a_document, a_project, a_store, edit_of

from bioner.errors import StoreError
from bioner.identifiers import identified
from bioner.settings import read_settings
from bioner.spans import mention
from bioner.store import Backup, QueueFilter, Store, backups, engine, open_store
from bioner.store.tables import metadata


def reopen(folder: Path) -> Store:
    return Store(f"sqlite:///{folder / 'store.sqlite3'}", folder / "backups")


def named(moment: datetime, reason: str = "hourly") -> str:
    return f"bioner-{moment:%Y%m%dT%H%M%SZ}-{reason}.sqlite3"


def test_opening_makes_a_backup_at_most_hourly(tmp_path: Path) -> None:
    a_store(tmp_path)
    assert reopen(tmp_path).backups()[0].reason == "hourly"
    assert len(reopen(tmp_path).backups()) == 1
    (only,) = (tmp_path / "backups").iterdir()
    only.rename(only.with_name(named(datetime.now(UTC) - timedelta(minutes=61))))
    assert len(reopen(tmp_path).backups()) == 2


def test_an_app_that_stays_open_makes_a_backup_hourly_while_edits_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = time.monotonic()
    store = a_store(tmp_path)

    def save() -> None:
        item = store.open_item(store.items_of("p", "d0")[0], claim=False)
        store.save(edit_of(item, mention(0, 5, "Gene")))

    save()
    assert store.backups() == []
    monkeypatch.setattr(backups.time, "monotonic", lambda: started + 2 * 3600)
    save()
    save()
    store.close()
    assert [b.reason for b in store.backups()] == ["hourly"]
    copy = Store(f"sqlite:///{store.backups()[0].path}", tmp_path / "b2")
    assert copy.progress("p").done == 1


def test_a_backup_that_cannot_be_made_does_not_refuse_the_edit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.monotonic() + 2 * 3600
    store = a_store(tmp_path)
    (tmp_path / "backups").write_text("a file where the folder should be")
    monkeypatch.setattr(backups.time, "monotonic", lambda: later)
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    assert store.save(edit_of(item)).seq == 1
    store.close()
    assert "no hourly backup" in caplog.text
    with pytest.raises(StoreError, match="cannot write the copy"):
        store.backup(tmp_path / "backups" / "copy.sqlite3")
    assert reopen(tmp_path).progress("p").done == 1


def test_a_backup_from_the_future_does_not_stop_new_ones(tmp_path: Path) -> None:
    a_store(tmp_path).close()
    reopen(tmp_path)
    (only,) = (tmp_path / "backups").iterdir()
    only.rename(only.with_name(named(datetime.now(UTC) + timedelta(days=400))))
    assert len(reopen(tmp_path).backups()) == 2


def test_a_backup_that_is_rotated_away_while_they_are_listed_is_no_failure(tmp_path: Path) -> None:
    gone = tmp_path / "bioner-20260101T000000Z-hourly.sqlite3"
    gone.symlink_to(tmp_path / "nowhere")  # listed, and then not there
    (tmp_path / "bioner-20260102T000000Z-hourly.sqlite3").write_bytes(b"x")
    assert [one.size for one in backups.list_backups(tmp_path)] == [1]


@pytest.mark.skipif(os.name != "posix", reason="rights of folders are POSIX's")
def test_nobody_else_may_enter_the_folders_that_are_made_and_others_stay(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'home' / 's.sqlite3'}", tmp_path / "backups")
    backups.backup_automatically(store.database, tmp_path / "backups", "hourly")
    store.close()
    for name in ("home", "backups"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o770)
    shared.chmod(0o770)
    Store(f"sqlite:///{shared / 's.sqlite3'}", tmp_path / "others").close()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o770


def test_the_rotation_keeps_the_newest_and_one_a_day() -> None:
    now = datetime(2030, 1, 31, 23, tzinfo=UTC)
    made = [
        Backup(named(now - timedelta(hours=h)), "hourly", 1, (now - timedelta(hours=h)).isoformat())
        for h in range(24 * 60)
    ]
    dropped = {b.path for b in backups.superseded(made)}
    kept = [b for b in made if b.path not in dropped]
    assert kept[: backups.RECENT] == made[: backups.RECENT]
    days = [b.created[:10] for b in kept[backups.RECENT :]]
    assert len(days) == len(set(days)) == backups.DAYS


def test_a_restore_is_all_or_nothing_and_can_be_taken_back(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene")))
    present = store.export_documents("p")
    for content in (b"", b"nonsense" * 1000):
        bad = tmp_path / "bad.sqlite3"
        bad.write_bytes(content)
        with pytest.raises(StoreError, match="nothing was changed"):
            store.restore(bad)
    with pytest.raises(StoreError, match="no such file"):
        store.restore(tmp_path / "absent.sqlite3")
    copy = store.backup(tmp_path / "good.sqlite3")
    damaged = bytearray(copy.read_bytes())
    damaged[8192:20000] = b"\xff" * (20000 - 8192)
    bad.write_bytes(damaged)
    with pytest.raises(StoreError, match="nothing was changed"):
        store.restore(bad)
    assert store.export_documents("p") == present
    store.import_documents("p", [a_document(9)])
    safety = store.restore(copy).before
    assert store.export_documents("p") == present
    assert "-restore-" in safety.name
    assert len(Store(f"sqlite:///{safety}", tmp_path / "b2").export_documents("p")) == 4


def test_other_open_connections_see_what_was_restored(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    other = reopen(tmp_path)
    copy = store.backup(tmp_path / "copy.sqlite3")
    other.create_project(a_project("later"))
    store.restore(copy)
    assert [p.name for p in other.projects()] == ["p"]


def test_a_backup_is_made_while_somebody_is_writing(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE items SET priority = 1")
        copy = store.backup(tmp_path / "copy.sqlite3")
    assert {r.priority for r in Store(f"sqlite:///{copy}", tmp_path / "b").queue("p")} == {0.0}


def test_erasing_a_document_erases_it_from_the_files_and_the_backups(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    item = store.open_item(store.items_of("p", "d1")[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene"), note="secret note"))
    reopen(tmp_path)
    everything = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert any(b"variant 1.0" in p.read_bytes() for p in (tmp_path / "backups").iterdir())
    store.erase_document("p", "d1", "ann")
    for path in everything:
        content = path.read_bytes() if path.exists() else b""
        assert b"variant 1.0" not in content
        assert b"secret note" not in content
    assert any(b"variant 2.0" in p.read_bytes() for p in (tmp_path / "backups").iterdir())
    store.restore(Path(store.backups()[0].path))
    assert "d1" not in {d.id for d in store.export_documents("p")}


def test_a_damaged_backup_does_not_keep_the_others_from_being_erased(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    reopen(tmp_path)
    sound = Path(store.backups()[0].path)
    for year in (2020, 2099):
        (sound.parent / f"bioner-{year}0101T000000Z-hourly.sqlite3").write_bytes(b"")
    assert len(store.backups()) == 3
    with pytest.raises(StoreError, match=r"is erased, but .*2099.* may still hold its text"):
        store.erase_document("p", "d1", "ann")
    assert b"variant 1.0" not in sound.read_bytes()
    assert "d1" not in {one.id for one in store.export_documents("p")}


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    store = a_store(tmp_path, documents=0)
    plain = create_engine("sqlite://")
    metadata.create_all(plain)
    migrated, expected = inspect(store.database.engine), inspect(plain)
    assert set(migrated.get_table_names()) == {*expected.get_table_names(), "alembic_version"}
    with store.database.read() as one, plain.connect() as two:
        query = (
            "SELECT sql FROM sqlite_master WHERE tbl_name != 'alembic_version' AND sql IS NOT NULL"
        )
        found, wanted = (
            sorted(sorted(" ".join(str(r[0]).split()).removesuffix(" )").split(", ")) for r in rows)
            for rows in (one.exec_driver_sql(query).all(), two.exec_driver_sql(query).all())
        )
    assert found == wanted
    config = Config()
    config.set_main_option("script_location", str(engine.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [engine.HEAD]


def test_a_database_and_a_backup_of_the_first_schema_are_brought_up_to_date(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path)
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    named = identified(mention(0, 5, "Gene"), "HGNC:1100")
    store.save(edit_of(item, named))
    progress, shown = store.progress("p"), store.export_documents("p")
    with store.database.write() as connection:
        for statement in (
            "DROP INDEX corrections_reviewers",
            "DROP INDEX items_counts",
            "ALTER TABLE corrections DROP COLUMN project",
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
            "DELETE FROM facets WHERE facet = 'concept'",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.exec_driver_sql(statement)
    store.close()
    (tmp_path / "old.sqlite3").write_bytes((tmp_path / "store.sqlite3").read_bytes())
    again = reopen(tmp_path)
    assert (again.progress("p"), again.export_documents("p")) == (progress, shown)
    assert len(again.queue("p", filters=QueueFilter("all", concept="1100"))) == 1
    assert again.backups()[0].reason == "migration"
    assert again.verify().problems == ()
    again.restore(tmp_path / "old.sqlite3")
    assert (again.progress("p"), again.export_documents("p")) == (progress, shown)
    again.erase_document("p", "d0", "ann")
    again.restore(tmp_path / "old.sqlite3")  # a copy elsewhere, which the erasure did not reach
    assert again.export_documents("p") == [one for one in shown if one.id != "d0"]


def test_a_migration_is_preceded_by_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_store(tmp_path).close()
    newer = shutil.copytree(engine.MIGRATIONS, tmp_path / "migrations")
    (newer / "versions" / "9998_later.py").write_text(
        "from alembic import op\n\n"
        f'revision, down_revision = "9998", "{engine.HEAD}"\n\n\n'
        'def upgrade():\n    op.execute("CREATE TABLE later (id INTEGER)")\n'
    )
    monkeypatch.setattr(engine, "MIGRATIONS", newer)
    monkeypatch.setattr(engine, "HEAD", "9998")
    store = reopen(tmp_path)
    assert store.database.version() == "9998"
    assert store.backups()[-1].reason == "migration"


def test_the_store_opens_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIONER_HOME", str(tmp_path / "home with space %"))
    monkeypatch.delenv("BIONER_DATABASE_URL", raising=False)
    monkeypatch.delenv("BIONER_BACKUPS", raising=False)
    store = open_store(read_settings())
    store.create_project(a_project())
    assert (tmp_path / "home with space %" / "bioner.sqlite3").is_file()
    assert [p.name for p in open_store(read_settings()).projects()] == ["p"]
