"""What a run will take, said before it starts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from runs import make_model, make_run

from bioner.errors import TrainingError
from bioner.jobs import estimate
from bioner.jobs.beside import Beside
from bioner.jobs.estimate import Speed, TrainGroup, TrainSize
from bioner.settings import Settings, read_settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("HOME", "BACKUPS", "MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("BIONER_ENCODERS", str(tmp_path / "encoders"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("BIONER_DEVICE", "cpu")
    return read_settings()


def test_fused_sentence_counts_for_each_of_its_corpora_and_once_in_the_sum() -> None:
    groups = [
        TrainGroup(frozenset({"AnatEM", "BioNLP13CG"}), TrainSize(3, 30)),
        TrainGroup(frozenset({"AnatEM"}), TrainSize(2, 20)),
        TrainGroup(frozenset({"CRAFT"}), TrainSize(5, 50)),
    ]
    assert estimate.corpora_of(groups) == {"AnatEM": 5, "BioNLP13CG": 3, "CRAFT": 5}
    assert estimate.chosen_size(groups, ["AnatEM", "BioNLP13CG"]) == TrainSize(5, 50)
    assert estimate.chosen_size(groups, ["BioNLP13CG"]) == TrainSize(3, 30)


def test_the_piece_that_tells_whose_rules_hold_counts_in_every_sentence() -> None:
    groups = [TrainGroup(frozenset({"CRAFT"}), TrainSize(5, 50))]
    plain, told = (estimate.chosen_size(groups, ["CRAFT"], is_told=told) for told in (False, True))
    assert told.pieces == plain.pieces + 5


def test_estimate_says_when_the_limit_of_steps_cuts_the_run() -> None:
    size = TrainSize(240, 2400)
    whole = estimate.estimate(
        size, parameters=10**6, epochs=2, max_steps=300, batch_size=24, speed=Speed(100.0, "x")
    )
    assert (whole.steps, whole.is_cut) == (20, False)
    assert whole.seconds == pytest.approx(2 * size.pieces / 100)
    cut = estimate.estimate(
        size, parameters=10**6, epochs=2, max_steps=5, batch_size=24, speed=None
    )
    assert (cut.steps, cut.is_cut, cut.seconds) == (5, True, None)
    assert cut.pieces == pytest.approx(whole.pieces / 4, rel=0.01)


def test_what_a_run_does_beside_its_steps_counts_in_time_and_memory() -> None:
    size = TrainSize(55_000, 1_500_000)

    def run(**beside: int | bool) -> estimate.Estimate:
        given = Beside(**{"in_data": 55_000, "corpora": 10, **beside})
        return estimate.estimate(
            size,
            parameters=23_000_000,
            epochs=1,
            max_steps=0,
            batch_size=24,
            speed=Speed(1500.0, "x"),
            beside=given,
        )

    plain = run()
    assert plain.seconds is not None
    steps = size.pieces / 1500
    assert 25 < plain.seconds - steps < 60, "start, reading, encoding, the confidence"
    scored, filled = run(evaluations=9), run(is_filled_in=True)
    assert scored.seconds is not None
    assert filled.seconds is not None
    each = size.pieces / size.sentences
    assert scored.seconds - plain.seconds == pytest.approx(9 * 1000 * each / 4500)
    assert filled.seconds - plain.seconds == pytest.approx(steps / 3)
    assert filled.memory_bytes - plain.memory_bytes == 4 * 23_000_000
    told = estimate.estimate(
        TrainSize(55_000, 1_500_000, is_told=True),
        parameters=23_000_000,
        epochs=1,
        max_steps=0,
        batch_size=24,
        speed=None,
        beside=Beside(in_data=55_000, corpora=10),
    )
    assert told.memory_bytes > plain.memory_bytes + 1e8


def test_pace_comes_from_earlier_runs_of_the_same_encoder(place: Settings) -> None:
    assert estimate.known_speed(place, "/e/tiny", "cpu", 24) is None
    make_run(place, "one")
    speed = estimate.known_speed(place, "/e/tiny", "cpu", 24)
    assert speed is not None
    assert speed.pieces_per_s == pytest.approx(2050)
    assert estimate.known_speed(place, "/e/other", "cpu", 24) is None


def test_measured_pace_is_kept_for_this_encoder_device_and_batch(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_model(tmp_path / "encoders", "tiny", head=False)
    pace = 1234.5

    def answer(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[-3:] == [str(folder), "cpu", "2"]
        return subprocess.CompletedProcess(command, 0, f"a warning\n{pace}\n", "")

    monkeypatch.setattr(estimate.subprocess, "run", answer)
    assert estimate.measure_speed(place, str(folder), "cpu", 2).pieces_per_s == pace
    kept = estimate.known_speed(place, str(folder), "cpu", 2)
    assert kept == Speed(pace, "from a calibration on this device")
    assert estimate.known_speed(place, str(folder), "cpu", 4) is None
    doubled = estimate.known_speed(place, str(folder), "cpu", 2, gpus=2)
    assert doubled is not None
    assert doubled.pieces_per_s == 2 * pace


def test_failed_calibration_says_why(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="Traceback …\nMemoryError: 9 GB")

    monkeypatch.setattr(estimate.subprocess, "run", fail)
    with pytest.raises(TrainingError, match="calibration failed: MemoryError: 9 GB"):
        estimate.measure_speed(place, "x", "cpu", 24)

    def hang(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 120)

    monkeypatch.setattr(estimate.subprocess, "run", hang)
    with pytest.raises(TrainingError, match="take a smaller batch"):
        estimate.measure_speed(place, "x", "cpu", 24)
    assert estimate.known_speed(place, "x", "cpu", 24) is None
