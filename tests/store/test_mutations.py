"""Each lock is taken out once, and the test that is named for it fails: part of ``make long``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from store_support import postgres_problem

ROOT = Path(__file__).parents[2]

LOCKS = {
    "row lock of claim_next": (
        "leases.py",
        "        .with_for_update(of=items, skip_locked=True)\n",
        "",
        "two_who_ask_for_the_next",
    ),
    "skipping of rows that are locked": (
        "leases.py",
        ".with_for_update(of=items, skip_locked=True)",
        ".with_for_update(of=items)",
        "two_who_ask_for_the_next",
    ),
    "row lock of claim": (
        "leases.py",
        "        .with_for_update()\n",
        "",
        "never_reserved_for_two",
    ),
    "row lock of a save": (
        "states.py",
        "query.with_for_update(of=items) if lock else query",
        "query",
        "who_saves_second",
    ),
    "lock of the chain": (
        "chains.py",
        "        .with_for_update(key_share=True)\n",
        "",
        "make_one_chain",
    ),
    "lock of the settings": (
        "projects.py",
        "query.with_for_update(key_share=True) if lock else query",
        "query",
        "changes_the_settings_second",
    ),
    "order of the locks of a batch": (
        "states.py",
        "    if len(some) < 2:\n        return\n",
        "    return\n",
        "opposite_order",
    ),
    "being alone": (
        "engine.py",
        '"pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"',
        '"pg_advisory_xact_lock_shared"',
        "must_be_alone",
    ),
    "SQLite's lock on writing": (
        "engine.py",
        'exec_driver_sql("BEGIN IMMEDIATE")',
        'exec_driver_sql("BEGIN")',
        "turns_to_writing",
    ),
    "lock of the backups": (
        "backups.py",
        'lock.execute("BEGIN EXCLUSIVE")',
        'lock.execute("BEGIN")',
        "never_at_work_on_the_backups",
    ),
    "turns": ("turns.py", "        mine.wait()\n", "", "turns_are_had"),
    "release of a commit that failed": (
        "engine.py",
        "            connection.invalidate()\n",
        "",
        "a_save_is_whole_or_not_at_all and sqlite",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("name", LOCKS)
def test_without_this_lock_a_test_fails(name: str, tmp_path: Path) -> None:
    if postgres_problem():
        pytest.skip(postgres_problem())
    file, lock, instead, test = LOCKS[name]
    for part in ("bioner", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "former", "e2e")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "bioner" / "store" / file
    source = path.read_text(encoding="utf-8")
    assert source.count(lock) == 1, f"{lock!r} is in {file} {source.count(lock)} times"

    def tried() -> int:
        words = ["tests/store/test_locks.py", "tests/store/test_every_call.py", "-q", "-k", test]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *words],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=600,
        ).returncode

    path.write_text(source.replace(lock, instead), encoding="utf-8")
    failed = 1
    assert tried() == failed, f"no test fails without: {name}"
