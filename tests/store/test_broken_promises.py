"""The fault benchmark's short form: a minute of kills, full disks, restores and erasures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from store_support import postgres_problem


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_minute_of_faults_breaks_no_promise(kind: str) -> None:
    if kind == "postgresql" and postgres_problem():
        pytest.skip(postgres_problem())
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--minutes", "0.5", "--only", kind],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode >= 0, f"ended by signal {-done.returncode}: nothing judged"
    assert done.stdout.splitlines()[-1:] == ["faults: 0 broken promises"], done.stdout + done.stderr
