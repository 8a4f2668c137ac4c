"""``jobs estimate``: the Train page's figures before a run, measured apart from guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs import make_model
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.jobs import estimate, sizes
from bioner.jobs.slots import take_slots
from bioner.models.bases import find_base
from bioner.settings import Settings, read_settings


@pytest.fixture
def place(home: Path, sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    settings = read_settings()
    write_dataset(sample, settings.merged)
    make_model(settings.models, "there")
    return settings


def say(*words: str) -> str:
    done = CliRunner().invoke(app, ["jobs", "estimate", "--device", "cpu", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_time_is_not_known_before_anything_was_measured(place: Settings) -> None:
    said = say("--base", "there")
    assert "not known" in said
    assert "--measure takes a few steps" in said
    for what in ("sentences", "word-pieces", "steps", "memory", "disk"):
        assert what in said


def test_figures_are_those_of_the_page(place: Settings) -> None:

    raw = json.loads(say("--base", "e/tiny", "--json"))
    base = find_base("e/tiny", place)
    groups = sizes.train_groups(place.merged)
    size = sizes.chosen_size(groups, list(sizes.corpora_of(groups)))
    names = list(sizes.corpora_of(groups))
    page = estimate.estimate_run(
        place,
        base,
        size,
        estimate.Steps(epochs=1.0, max_steps=-1, batch_size=24),
        device="cpu",
        beside=estimate.beside_of(groups, names, evaluations=0),
    )
    assert raw["steps"] == page.steps
    assert raw["memory_bytes"] == page.memory_bytes
    assert raw["sentences"] == size.sentences


def test_fewer_corpora_are_fewer_sentences(place: Settings) -> None:
    whole = json.loads(say("--base", "there", "--json"))["sentences"]
    part = json.loads(say("--base", "there", "--corpora", "BC2GM,CRAFT", "--json"))["sentences"]
    assert 0 < part < whole


@pytest.mark.slow
def test_measured_pace_is_said_to_be_measured(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place.models / "there"
    config = json.loads((folder / "config.json").read_text())
    shape = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
    (folder / "config.json").write_text(json.dumps({**config, **shape, "dtype": "float16"}))
    said = say("--base", "there", "--batch-size", "2", "--measure")
    assert "measured: from a calibration on this device" in said
    assert "not known" not in say("--base", "there", "--batch-size", "2")


def test_nothing_is_measured_while_a_job_has_the_device(place: Settings) -> None:
    place.jobs.mkdir()
    slots = take_slots(place.jobs, "cpu") or ()
    done = CliRunner().invoke(
        app, ["jobs", "estimate", "--base", "there", "--device", "cpu", "--measure"]
    )
    assert done.exit_code == 1
    assert "a job is computing on the cpu now" in done.stderr
    for slot in slots:
        slot.release()
