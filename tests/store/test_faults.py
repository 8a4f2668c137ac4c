"""The store under faults, with real processes: kill -9, a full disk, a clock set back."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy import select
from store_support import (  # noqa: F401 (a fixture)
    a_document,
    a_project,
    a_store,
    assert_state_is_replay,
    edit_of,
    empty,
    postgres_url,
)

from bioner.errors import StoreError
from bioner.spans import mention
from bioner.store import Store, codec
from bioner.store import log as store_log
from bioner.store.leases import LEASE_S
from bioner.store.logical_clock import LogicalClock
from bioner.store.tables import documents, revisions

FAKES = Path(__file__).parents[1] / "fakes"


@dataclass
class Writer:
    """One reviewer whose process is killed and started again until all edits are acknowledged."""

    url: str
    backups: Path
    name: str
    total: int
    kills: int
    acknowledged: dict[int, int] = field(default_factory=dict)
    killed: int = 0
    problems: list[str] = field(default_factory=list)

    def run(self) -> None:
        chance = random.Random(self.name)
        while len(self.acknowledged) < self.total:
            process = self._start()
            assert process.stdout is not None
            quota = chance.randrange(1, max(2, 2 * self.total // (self.kills + 1)))
            doomed = self.killed < self.kills
            got = 0
            for line in process.stdout:
                got += self._take(line)
                if doomed and got >= quota:
                    time.sleep(chance.random() * 0.05)
                    process.send_signal(signal.SIGKILL)
                    self.killed += 1
                    doomed = False
            process.stdout.close()
            if process.wait(60) not in (0, -signal.SIGKILL):
                self.problems.append(f"{self.name}: exit code {process.returncode}")
                return

    def _start(self) -> subprocess.Popen[str]:
        first = len(self.acknowledged)
        command = [sys.executable, str(FAKES / "store_writer.py"), self.url, str(self.backups)]
        return subprocess.Popen(
            [*command, self.name, str(first), str(self.total)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=FAKES,
            env={**os.environ, "PYTHONPATH": f"{FAKES.parents[1]}{os.pathsep}{FAKES}"},
        )

    def _take(self, line: str) -> int:
        kind, *rest = line.split()
        if kind != "ack" or not line.endswith("\n"):
            return 0
        number, seq = map(int, rest)
        if number != len(self.acknowledged):
            self.problems.append(f"{self.name}: edit {number} acknowledged out of turn")
        self.acknowledged[number] = seq
        return 1


def write_under_kills(folder: Path, url: str, *, total: int, kills: int) -> None:
    """Let two reviewers save edits while they are killed; compare with what was acknowledged."""
    store = Store(url, folder / "backups")
    store.create_project(a_project())
    store.import_documents("p", [a_document(n) for n in range(5)])
    writers = [Writer(url, folder / "backups", name, total // 2, kills // 2) for name in ("a", "b")]
    threads = [threading.Thread(target=w.run) for w in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [p for w in writers for p in w.problems] == []
    expected = {f"{w.name}:{n}": seq for w in writers for n, seq in w.acknowledged.items()}
    with store.database.read() as connection:
        rows = connection.execute(select(revisions)).all()
    found = {row.op: row.seq for row in rows}
    lost = sorted(expected.keys() - found.keys())
    doubled = [op for op, n in Counter(row.note for row in rows).items() if n > 1]
    changed = [op for op, seq in expected.items() if found.get(op) != seq]
    print(
        f"\n{len(expected)} edits acknowledged under {sum(w.killed for w in writers)} kills "
        f"(SIGKILL): {len(lost)} lost, {len(doubled)} doubled, {len(changed)} renumbered"
    )
    assert (len(rows), lost, doubled, changed) == (total, [], [], [])
    assert_state_is_replay(store.database)
    store.close()


@pytest.mark.slow
def test_no_acknowledged_edit_is_lost_or_doubled_when_processes_are_killed(tmp_path: Path) -> None:
    write_under_kills(tmp_path, f"sqlite:///{tmp_path / 'k.sqlite3'}", total=100, kills=4)


@pytest.mark.long
def test_a_thousand_acknowledged_edits_survive_many_kills(tmp_path: Path) -> None:
    write_under_kills(tmp_path, f"sqlite:///{tmp_path / 'k.sqlite3'}", total=1200, kills=40)


def test_no_acknowledged_edit_is_lost_or_doubled_on_postgresql(
    tmp_path: Path,
    postgres_url: str,  # noqa: F811
) -> None:
    empty(postgres_url)
    write_under_kills(tmp_path, postgres_url, total=100, kills=2)


@pytest.mark.long
def test_a_thousand_acknowledged_edits_survive_many_kills_on_postgresql(
    tmp_path: Path,
    postgres_url: str,  # noqa: F811
) -> None:
    empty(postgres_url)
    write_under_kills(tmp_path, postgres_url, total=1000, kills=20)


def test_the_database_is_written_through_and_checks_its_references(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with store.database.write() as connection:
        said = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    full = 2
    assert said == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def save_on_a_full_disk(folder: Path, answer: Connection) -> None:
    store = a_store(folder, documents=1)
    item = store.items_of("p", "d0")[0]

    def save() -> int:
        seen = store.open_item(item, "ann", claim=False)
        return store.save(edit_of(seen, mention(0, 5, "Gene"), note="x" * 3000)).seq

    acknowledged = [save()]
    largest = max(path.stat().st_size for path in folder.iterdir() if path.is_file())
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 60_000, hard))
    refused = ""
    for _ in range(500):
        try:
            acknowledged.append(save())
        except StoreError as error:
            refused = str(error)
            break
    seen_then = store.history(item)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    acknowledged.append(save())
    answer.send((refused, acknowledged, len(seen_then)))


@pytest.mark.slow
def test_a_full_disk_refuses_the_edit_says_so_and_harms_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=save_on_a_full_disk, args=(tmp_path, there))
    process.start()
    assert here.poll(60)
    refused, acknowledged, present_then = here.recv()
    process.join(60)
    assert "nothing was saved" in refused
    assert "make room on the disk" in refused
    assert present_then == len(acknowledged) - 1
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    item = store.items_of("p", "d0")[0]
    assert [r.seq for r in reversed(store.history(item))] == acknowledged
    with contextlib.closing(sqlite3.connect(tmp_path / "store.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert_state_is_replay(store.database)


class FakeTime:
    def __init__(self, wall: float) -> None:
        self.wall = wall
        self.monotonic = 50.0

    def clock(self) -> LogicalClock:
        return LogicalClock(lambda: self.wall, lambda: self.monotonic)


def test_a_lease_neither_ends_early_nor_hangs_when_the_clock_is_set_back(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=1)
    time_ = FakeTime(1_000_000.0)
    store.database.clock = time_.clock()
    taken = store.claim_next("p", "ann")
    assert taken is not None

    time_.wall = 10.0
    store.database.clock = time_.clock()  # another process, started after the clock was set back
    other = store.claim_next("p", "bob")
    assert other is not None
    assert other.item != taken.item
    time_.monotonic += LEASE_S - 1
    assert store.claim_next("p", "eve") is None
    time_.monotonic += 2
    again = store.claim_next("p", "eve")
    assert again is not None
    assert again.item == taken.item


def test_revisions_are_in_order_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = a_store(tmp_path, documents=1)
    item = store.items_of("p", "d0")[0]
    years = iter(range(2030, 2000, -1))

    class Backwards(datetime):
        """A clock that is a year earlier at each look."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Backwards:
            return cls(next(years), 1, 1, tzinfo=tz)

    monkeypatch.setattr(store_log, "datetime", Backwards)
    for end in (5, 13):
        seen = store.open_item(item, claim=False)
        store.save(edit_of(seen, mention(0, end, "Gene")))
    store.undo(item)
    assert store.open_item(item, claim=False).mentions[0].end == 5
    assert [r.kind for r in store.history(item)] == ["undo", "edit", "edit"]
    assert_state_is_replay(store.database)


def test_a_second_process_waits_for_the_first_instead_of_failing(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=1)
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    other = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    held = threading.Event()

    def hold() -> None:
        with other.database.write():
            held.set()
            time.sleep(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    assert store.save(edit_of(item)).seq == 1
    thread.join()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreError, match="made by a newer version"):
        Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_text("not a database at all, but long enough" * 100)
    with pytest.raises(StoreError, match="not a sound database"):
        Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    with pytest.raises(StoreError, match="not a database URL"):
        Store("nonsense", tmp_path)


def test_the_log_stores_text_as_text(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=1)
    item = store.open_item(store.items_of("p", "d0")[0], claim=False)
    store.save(edit_of(item, mention(0, 5, "Gene"), note="α 🧬"))
    with store.database.read() as connection:
        row = connection.execute(select(revisions)).one()
        name = connection.execute(select(documents.c.name)).scalar_one()
    assert (name, row.note, row.surface) == ("d0", "α 🧬", item.surface)
    assert json.loads(row.after) == [{"at": [[0, 5]], "label": "Gene"}]
    assert codec.read_mentions(row.after) == (mention(0, 5, "Gene"),)
