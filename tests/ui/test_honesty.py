"""The benchmark of honesty: nothing differs, and what is made to differ is found."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import ROOT

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [((), 0, "honesty: 0 differences"), (("--break", "settled"), 1, "settled · ")],
)
def test_every_page_and_command_says_what_the_database_says(
    words: tuple[str, ...], code: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.honesty", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
