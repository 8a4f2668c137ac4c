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
        "store/leases.py",
        "        .with_for_update(of=items, skip_locked=True)\n",
        "",
        "tests/store/test_locks.py",
        "two_who_ask_for_the_next",
    ),
    "skipping of rows that are locked": (
        "store/leases.py",
        ".with_for_update(of=items, skip_locked=True)",
        ".with_for_update(of=items)",
        "tests/store/test_locks.py",
        "two_who_ask_for_the_next",
    ),
    "row lock of claim": (
        "store/leases.py",
        "        .with_for_update()\n",
        "",
        "tests/store/test_locks.py",
        "never_reserved_for_two",
    ),
    "row lock of a save": (
        "store/states.py",
        "query.with_for_update(of=items) if lock else query",
        "query",
        "tests/store/test_locks.py",
        "who_saves_second",
    ),
    "lock of the chain": (
        "store/chains.py",
        "        .with_for_update(key_share=True)\n",
        "",
        "tests/store/test_locks.py",
        "make_one_chain",
    ),
    "lock of the settings": (
        "store/projects.py",
        "query.with_for_update(key_share=True) if lock else query",
        "query",
        "tests/store/test_locks.py",
        "changes_the_settings_second",
    ),
    "order of the locks of a batch": (
        "store/states.py",
        "    if len(some) < 2:\n        return\n",
        "    return\n",
        "tests/store/test_locks.py",
        "opposite_order",
    ),
    "being alone": (
        "store/engine.py",
        '"pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"',
        '"pg_advisory_xact_lock_shared"',
        "tests/store/test_locks.py",
        "must_be_alone",
    ),
    "SQLite's lock on writing": (
        "store/sqlite.py",
        'exec_driver_sql("BEGIN IMMEDIATE")',
        'exec_driver_sql("BEGIN")',
        "tests/store/test_locks.py",
        "turns_to_writing",
    ),
    "lock of the backups": (
        "store/backups.py",
        'lock.execute("BEGIN EXCLUSIVE")',
        'lock.execute("BEGIN")',
        "tests/store/test_locks.py",
        "never_at_work_on_the_backups",
    ),
    "turns": (
        "store/turns.py",
        "        mine.wait()\n",
        "",
        "tests/store/test_locks.py",
        "turns_are_had",
    ),
    "release of a commit that failed": (
        "store/engine.py",
        "            connection.invalidate()\n",
        "",
        "tests/store/test_every_call.py",
        "a_save_is_whole_or_not_at_all and sqlite",
    ),
    "lock of a job's state": (
        "jobs/folder.py",
        '    with locked(folder / ".lock"):\n        state',
        "    if True:\n        state",
        "tests/jobs/test_folder.py",
        "waits_for_whoever_is_changing_it",
    ),
    "lock of launching": (
        "jobs/launch.py",
        "    with locked(settings.jobs / LAUNCHING):"
        "  # of two that resume it at once the second is refused\n",
        "    if True:\n",
        "tests/jobs/test_launch.py",
        "looks_after_it_has_the_lock",
    ),
    "lock of the model in use": (
        "evaluation/promotion.py",
        '    with locked(settings.home / f".{POINTER}.lock"):\n',
        "    if True:\n",
        "tests/evaluation/test_promotion.py",
        "whoever_changes_it_before",
    ),
    "lock of the tokens": (
        "bearer.py",
        '    with locked(path.with_name(f".{path.name}.lock")):\n',
        "    if True:\n",
        "tests/test_bearer.py",
        "waits_for_whoever",
    ),
}
"""What is taken out of which file, what stands there instead, and the test that then fails."""


@pytest.mark.parametrize("name", LOCKS)
def test_each_lock_is_where_it_was(name: str) -> None:
    file, lock, *_ = LOCKS[name]
    assert (ROOT / "bioner" / file).read_text(encoding="utf-8").count(lock) == 1, file


@pytest.mark.long
@pytest.mark.parametrize("name", LOCKS)
def test_without_this_lock_a_test_fails(name: str, tmp_path: Path) -> None:
    file, lock, instead, tests, test = LOCKS[name]
    if tests.startswith("tests/store") and postgres_problem():
        pytest.skip(postgres_problem())
    for part in ("bioner", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "former", "e2e")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "bioner" / file
    source = path.read_text(encoding="utf-8")

    def tried() -> int:
        words = [tests, "-q", "-k", test]
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
