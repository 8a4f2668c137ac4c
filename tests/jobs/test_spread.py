"""Bulk work on this machine: every item once, an error its own, a killed worker replaced."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bioner.jobs.engines.local import spread

pytestmark = pytest.mark.slow


def double(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return 2 * number


def die_once(mark: str) -> str:
    path = Path(mark)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def die(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def test_every_item_is_done_once_and_an_error_is_its_own() -> None:
    found = sorted(spread(double, range(6), workers=2, tick=lambda: None))
    assert [(i, r) for i, r, _ in found] == [(0, 0), (1, 2), (2, 4), (3, None), (4, 8), (5, 10)]
    assert [why for i, _, why in found if i == 3] == ["ValueError: three"]


def test_a_killed_worker_is_replaced_and_its_item_begun_again(tmp_path: Path) -> None:
    marks = [str(tmp_path / f"{n}") for n in range(2)]
    found = sorted(spread(die_once, marks, workers=1, tick=lambda: None))
    assert [result for _, result, _ in found] == ["0", "1"]


def test_an_item_that_kills_its_worker_each_time_is_named() -> None:
    ((_, result, why),) = spread(die, [1], workers=1, tick=lambda: None)
    assert result is None
    assert "killed each time" in why
