"""What a run will take, said before it starts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from runs import make_model, make_run

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.errors import TrainingError
from bioner.jobs import estimate, sizes
from bioner.jobs.beside import Beside
from bioner.jobs.estimate import Speed, Steps
from bioner.jobs.sizes import TrainGroup, TrainSize
from bioner.settings import Settings, read_settings
from bioner.training.rare import repeat_factors

WHOLE = Steps(epochs=1, max_steps=0, batch_size=24)


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
    assert sizes.corpora_of(groups) == {"AnatEM": 5, "BioNLP13CG": 3, "CRAFT": 5}
    assert sizes.chosen_size(groups, ["AnatEM", "BioNLP13CG"]) == TrainSize(5, 50)
    assert sizes.chosen_size(groups, ["BioNLP13CG"]) == TrainSize(3, 30)


def test_the_piece_that_tells_whose_rules_hold_counts_in_every_sentence() -> None:
    groups = [TrainGroup(frozenset({"CRAFT"}), TrainSize(5, 50))]
    plain, told = (sizes.chosen_size(groups, ["CRAFT"], is_told=told) for told in (False, True))
    assert told.pieces == plain.pieces + 5


def test_estimate_says_when_the_limit_of_steps_cuts_the_run() -> None:
    size = TrainSize(240, 2400)
    whole = estimate.estimate(
        size,
        Steps(epochs=2, max_steps=300, batch_size=24),
        parameters=10**6,
        speed=Speed(100.0, "x"),
    )
    assert (whole.steps, whole.is_cut) == (20, False)
    assert whole.seconds == pytest.approx(2 * size.pieces / 100)
    cut = estimate.estimate(
        size, Steps(epochs=2, max_steps=5, batch_size=24), parameters=10**6, speed=None
    )
    assert (cut.steps, cut.is_cut, cut.seconds) == (5, True, None)
    assert cut.pieces == pytest.approx(whole.pieces / 4, rel=0.01)


def test_what_a_run_does_beside_its_steps_counts_in_time_and_memory() -> None:
    size = TrainSize(55_000, 1_500_000)

    def run(**beside: int | bool) -> estimate.Estimate:
        given = Beside(**{"in_data": 55_000, "corpora": 10, **beside})
        return estimate.estimate(
            size,
            WHOLE,
            parameters=23_000_000,
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
    quick = run(is_filled_in=True, is_filled_by_onnx=True)
    assert quick.seconds is not None
    assert quick.seconds - plain.seconds == pytest.approx(steps / 6.5)
    assert filled.memory_bytes - plain.memory_bytes == 4 * 23_000_000
    told = estimate.estimate(
        TrainSize(55_000, 1_500_000, is_told=True),
        WHOLE,
        parameters=23_000_000,
        speed=None,
        beside=Beside(in_data=55_000, corpora=10),
    )
    assert told.memory_bytes > plain.memory_bytes + 1e8


def test_batches_of_word_pieces_make_other_steps_and_another_need_of_memory() -> None:
    size = TrainSize(1_000, 20_000)  # 31,000 word-pieces
    rows, pieces, twice = (
        estimate.estimate(size, plan, parameters=23_000_000, speed=None)
        for plan in (
            Steps(epochs=1, max_steps=0, batch_size=24),
            Steps(epochs=1, max_steps=0, batch_size=24, batch_pieces=1_000),
            Steps(epochs=1, max_steps=0, batch_size=24, batch_pieces=1_000, accumulate=2),
        )
    )
    assert (rows.steps, pieces.steps, twice.steps) == (42, 32, 16)
    assert rows.pieces == pieces.pieces == twice.pieces == size.pieces
    assert pieces.memory_bytes < rows.memory_bytes


def test_memory_is_that_of_the_longest_batch_that_the_run_will_read() -> None:
    short, odd = (
        TrainGroup(frozenset("A"), TrainSize(2_990, 29_900)),
        TrainGroup(frozenset("A"), TrainSize(10, 2_000)),
    )
    size = sizes.chosen_size([short, odd], "A")
    assert size.lengths == ((200, 10), (10, 2_990))
    few, many = (sizes.longest_read(size, batch=24, batches=steps) for steps in (1, 500))
    assert many == sizes.WINDOW, "200 words are more pieces than a window holds"
    assert few < 40
    needs = [
        estimate.estimate(
            size, Steps(epochs=9, max_steps=n, batch_size=24), parameters=23_000_000, speed=None
        ).memory_bytes
        for n in (1, 500)
    ]
    assert needs[1] - needs[0] > 2e9
    assert sizes.longest_read(TrainSize(10, 100), batch=2, batches=1) == sizes.WINDOW, "not known"


def test_what_is_repeated_for_its_rarity_counts_in_every_figure() -> None:
    groups = [
        TrainGroup(frozenset({"A"}), TrainSize(96, 960), frozenset({("A", "Gene")})),
        TrainGroup(frozenset({"A"}), TrainSize(4, 80), frozenset({("A", "Gene"), ("A", "Cell")})),
        TrainGroup(frozenset({"B"}), TrainSize(50, 500), frozenset({("B", "Cell")})),
    ]
    assert sizes.chosen_size(groups, ["A"]) == TrainSize(100, 1040)
    # a share of 0.04, wanted 0.16: twice as often
    assert sizes.chosen_size(groups, ["A"], repeat_rare=0.16) == TrainSize(104, 1120)


def test_the_sentences_to_be_repeated_are_counted_as_training_repeats_them(
    sample: Dataset, tmp_path: Path
) -> None:
    write_dataset(sample, tmp_path / "merged")
    groups = sizes.train_groups(tmp_path / "merged", with_marks=True)
    known = sizes.corpora_of(groups)
    assert known == sizes.corpora_of(sizes.train_groups(tmp_path / "merged"))
    size = sizes.chosen_size(groups, known, repeat_rare=0.1)
    assert size.sentences == round(sum(repeat_factors(sample.train, 0.1)))
    assert size.sentences > len(sample.train)


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
        assert command[-4:] == [str(folder), "cpu", "2", "48"]
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
