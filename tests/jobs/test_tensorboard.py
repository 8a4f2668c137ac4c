"""TensorBoard's event files lie beside a job's metrics, where TensorBoard is installed."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from bioner.jobs import tensorboard
from bioner.jobs.folder import JobState
from bioner.jobs.reporter import JobReporter
from bioner.jobs.tensorboard import EventWriter
from bioner.training.progress import RunProgress

HEARD = RunProgress(3, 9, 0.5, loss=0.25, devel_f1=0.5, devel_by_type={"Gene": 0.75}, message="m")


class Kept:
    def __init__(self) -> None:
        self.scalars: list[tuple[str, float, int]] = []
        self.is_closed = False

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "state.json").write_text(json.dumps(asdict(JobState())))
    return tmp_path


def test_every_number_of_a_report_is_written_under_its_step(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept()
    monkeypatch.setattr("bioner.jobs.reporter.event_writer", lambda _: EventWriter(kept))
    with JobReporter(folder) as report:
        report(HEARD)
    assert kept.scalars == [
        ("loss", 0.25, 3),
        ("devel_f1", 0.5, 3),
        ("devel_f1_by_type/Gene", 0.75, 3),
    ]
    assert kept.is_closed


def test_without_tensorboard_nothing_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda _: None)
    with JobReporter(folder) as report:
        report(HEARD)
    assert not list(folder.glob("events.out.*"))


@pytest.mark.slow
def test_with_tensorboard_there_is_an_event_file(folder: Path) -> None:
    pytest.importorskip("tensorboard")
    with JobReporter(folder) as report:
        report(HEARD)
    (events,) = folder.glob("events.out.*")
    assert b"devel_f1_by_type/Gene" in events.read_bytes()
