"""One builder of jobs: whoever starts one, its folder says what its command says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from runs import make_model
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.errors import JobError
from bioner.jobs import launch
from bioner.jobs.folder import JobSpec
from bioner.jobs.specs import is_retraining, job_spec, option, retraining_spec
from bioner.settings import Settings, read_settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("HOME", "MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("BIONER_DEVICE", "cpu")
    monkeypatch.chdir(tmp_path)
    return read_settings()


def test_folder_says_what_the_command_says_with_whole_paths(place: Settings) -> None:
    Path("encoder").mkdir()
    words = ("train", "--base", "encoder", "--data", "merged", "--out", "models/mine")
    spec = job_spec((*words, "--device", "cpu"), place, title="mine")
    for name, said in (("--base", spec.base), ("--data", spec.data), ("--out", spec.out)):
        assert Path(said).is_absolute()
        assert option(spec.command, name) == said
    assert spec.device == "cpu"


def test_hub_name_is_no_path(place: Settings) -> None:
    words = ("train", "--base", "owner/name", "--out", "mine")
    assert job_spec(words, place, title="mine").base == "owner/name"


def test_retraining_by_a_command_is_the_job_of_the_page(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = make_model(place.models, "first")
    page = retraining_spec(place, parent)
    made: list[JobSpec] = []

    def refuse(spec: JobSpec, settings: Settings, **_: object) -> None:
        made.append(spec)
        raise JobError("caught")

    monkeypatch.setattr(launch, "launch", refuse)
    words = ["retrain", "--base", "first", "--out", page.out, "--device", "cpu", "--background"]
    assert CliRunner().invoke(app, words).exit_code == 1
    assert made == [replace(page, details={**page.details, "reviewed_sentences": 0})]
    assert is_retraining(made[0])
