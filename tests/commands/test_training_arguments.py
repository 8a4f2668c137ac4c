"""Every argument of train, retrain and jobs: empty, negative, huge, mistyped, unwritable.

Each is refused in one sentence before anything is done: exit status 1, or 2 for wrong usage.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import make_model, make_run
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.settings import Settings, read_settings

HUGE = "99999999999999999999999"
NUMBERS = {
    "--epochs": ("0", "-1", "nan", "inf", "1e9", "x", ""),
    "--max-steps": ("0", "-5", HUGE, "1.5", ""),
    "--lr": ("0", "-1", "nan", "inf", "5", "x", ""),
    "--head-lr": ("0", "-1", "nan", "inf", "5", ""),
    "--layer-decay": ("0", "-1", "nan", "1.5", ""),
    "--batch-size": ("0", "-1", HUGE, "2.5", "x", ""),
    "--accumulate": ("0", "-1", HUGE, ""),
    "--max-length": ("0", "-1", "15", "100000", HUGE, ""),
    "--warmup": ("-0.1", "5", "nan", ""),
    "--weight-decay": ("-1", "nan", "inf", "5", ""),
    "--dropout": ("-0.1", "1", "nan", ""),
    "--seed": ("-1", HUGE, "x", ""),
    "--save-steps": ("-1", HUGE, ""),
    "--save-minutes": ("0", "-1", "nan", ""),
    "--log-steps": ("0", "-1", HUGE, ""),
    "--eval-steps": ("-5", HUGE, ""),
}
WORDS = {
    "--loss": ("", "both"),
    "--device": ("", "gpu", "CPU"),
    "--precision": ("", "half", "fp8"),
    "--out": ("", ".", "..", "/", "/proc/model", "file/model"),
    "--parent": ("nope", "../nope"),
    "--fill-in": ("nope",),
    "--base": ("", "/nope", "./nope", "models/nope"),
    "--data": ("", "nope"),
}
RETRAIN = {
    **{name: NUMBERS[name] for name in ("--epochs", "--lr", "--batch-size", "--seed")},
    "--replay": ("-1", HUGE, "x", ""),
    "--repeat": ("0", "-1", HUGE, ""),
    "--keep": ("-0.1", "1", "nan", ""),
    "--device": WORDS["--device"],
    "--out": WORDS["--out"],
    "--base": ("nope", "../nope"),
    "--data": ("", "nope"),
}


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("BIONER_DEVICE", "cpu")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    settings = read_settings()
    make_model(settings.models, "there")
    return settings


def refuse(*words: str) -> str:
    """Run the command in this process; return its one sentence."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code in (1, 2), (words, done.output, done.exception)
    assert isinstance(done.exception, SystemExit), (words, done.exception)
    said = done.stderr.strip()
    assert said, words
    assert "Traceback" not in said
    if done.exit_code == 1:
        assert said.startswith("error: "), said
        assert len(said.splitlines()) == 1, said
    return said


def wrong(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.slow
@pytest.mark.parametrize("background", [(), ("--background",)], ids=["here", "as a job"])
def test_train_refuses_values_without_sense_before_it_does_anything(
    place: Settings, background: tuple[str, ...]
) -> None:
    before = sorted(place.models.iterdir())
    given = {"--base": str(place.models / "there"), "--out": "mine"}
    for name, value in wrong({**NUMBERS, **WORDS}):
        words = [word for pair in {**given, name: value}.items() for word in pair]
        said = refuse("train", *words, *background)
        assert name in said or value in said, (name, value, said)
        assert sorted(place.models.iterdir()) == before, (name, value)
        assert not list(place.jobs.glob("2*")), (name, value)


@pytest.mark.slow
@pytest.mark.parametrize("background", [(), ("--background",)], ids=["here", "as a job"])
def test_retrain_refuses_values_without_sense_before_it_does_anything(
    place: Settings, background: tuple[str, ...]
) -> None:
    before = sorted(place.models.iterdir())
    given = {"--base": "there", "--out": "mine"}
    for name, value in wrong(RETRAIN):
        words = [word for pair in {**given, name: value}.items() for word in pair]
        said = refuse("retrain", *words, *background)
        assert name in said or value in said, (name, value, said)
        assert sorted(place.models.iterdir()) == before, (name, value)
        assert not list(place.jobs.glob("2*")), (name, value)


def test_retrain_without_a_correction_is_refused_before_a_model_is_loaded(place: Settings) -> None:
    done = CliRunner().invoke(app, ["retrain", "--base", "there", "--out", "mine"])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("error: there is no correction to learn from")


@pytest.mark.slow
def test_jobs_estimate_refuses_values_without_sense(place: Settings, sample: Dataset) -> None:
    write_dataset(sample, place.merged)
    numbers = ("--epochs", "--max-steps", "--batch-size", "--accumulate")
    table = {name: NUMBERS[name] for name in numbers}
    words = {"--base": ("", "/nope"), "--data": ("nope",), "--corpora": ("nope",)}
    for name, value in wrong({**table, **words, "--gpus": ("0", "-1"), "--device": ("gpu",)}):
        given = {"--base": "there", name: value}
        refuse("jobs", "estimate", *(word for pair in given.items() for word in pair))


@pytest.mark.parametrize("command", ["show", "stop", "resume", "logs"])
@pytest.mark.parametrize("id", [".", "..", "../models", "/", "NOPE", "x" * 5000])
def test_jobs_refuses_an_id_that_is_none(place: Settings, command: str, id: str) -> None:
    make_run(place, "one")
    assert "no such job" in refuse("jobs", command, id)
    assert "ID: holds a zero byte" in refuse("jobs", command, "a\0b")
    assert "ID: is needed, got nothing" in refuse("jobs", command, "")


@pytest.mark.parametrize("lines", ["0", "-5", HUGE, "x", ""])
def test_jobs_logs_refuses_a_number_of_lines_without_sense(place: Settings, lines: str) -> None:
    job = make_run(place, "one")
    refuse("jobs", "logs", job.id, "--lines", lines)


def test_jobs_logs_prints_the_end_of_the_log(place: Settings) -> None:
    done = CliRunner().invoke(app, ["jobs", "logs", make_run(place, "one").id])
    assert (done.exit_code, done.stdout) == (0, "the last line of the log\n")


@pytest.mark.parametrize("command", ["stop", "resume"])
def test_finished_job_is_neither_stopped_nor_resumed(place: Settings, command: str) -> None:
    assert "is finished" in refuse("jobs", command, make_run(place, "one").id)
