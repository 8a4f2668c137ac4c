"""The job that tags a folder: its command, who may name which folder, how it says what came."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.access import Actor, Role
from bioner.errors import AccessError, JobError
from bioner.jobs import launch as jobs
from bioner.jobs.bulk import BulkChoices, bulk_source, bulk_spec
from bioner.jobs.folder import read_outcome
from bioner.jobs.preflight import check_launch
from bioner.settings import Settings, read_settings
from bioner.tagging.bulk import Bulk
from bioner.tagging.standing import OnStanding, Standing, read_standing
from bioner.tagging.watching import Outcome


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BIONER_DEVICE", "cpu")
    settings = read_settings()
    (settings.data / "texts").mkdir(parents=True)
    return settings


def chosen(place: Settings, **changes: object) -> BulkChoices:
    given = BulkChoices(source=place.data / "texts", name="all", model="m", workers=2)
    return replace(given, **changes)


def test_the_command_names_all_that_was_chosen(place: Settings) -> None:
    spec = bulk_spec(place, chosen(place, format="parquet", column="abstract", convention="CRAFT"))
    words = list(spec.command)
    assert words[words.index("tag") + 1] == str(place.data / "texts")
    told = dict(pairwise(words))
    assert told["--out"] == spec.out == str(place.tagged / "all")
    assert (told["--format"], told["--column"]) == ("parquet", "abstract")
    assert (told["--convention"], told["--model"], told["--workers"]) == ("CRAFT", "m", "2")
    assert bulk_source(spec) == place.data / "texts"


def test_on_a_cluster_the_command_spreads_over_the_cluster_that_it_runs_on(
    place: Settings,
) -> None:
    spec = bulk_spec(place, chosen(place, engine="ray", address="http://head:8265"))
    told = dict(pairwise(spec.command))
    assert (told["--engine"], told["--address"]) == ("ray", "auto")
    assert (spec.engine, spec.address) == ("ray", "http://head:8265")


def test_what_stands_in_its_way_is_said_before(place: Settings) -> None:
    def told(**changes: object) -> list[str]:
        found = check_launch(bulk_spec(place, chosen(place, **changes)), place)
        return [one.text for one in found if one.is_blocking]

    assert told() == []
    assert "There is no folder" in told(source=place.data / "nope")[0]
    assert "lies in" in told(source=place.data)[0]


def test_only_who_may_name_a_folder_of_the_server_has_it_tagged(
    place: Settings, tmp_path: Path
) -> None:
    curator = Actor("cara", Role.CURATOR, is_known=True)
    administrator = Actor("ada", Role.ADMINISTRATOR, is_known=True)
    spec = bulk_spec(place, chosen(place))
    with pytest.raises(AccessError):
        jobs.launch(spec, place, actor=curator)
    with pytest.raises(AccessError, match="not below a folder that BIONER_FOLDERS names"):
        jobs.launch(spec, place, actor=administrator)
    allowed = replace(place, folders=(place.data,))
    gone = bulk_spec(place, chosen(place, source=place.data / "nope"))
    with pytest.raises(JobError, match="There is no folder"):
        jobs.launch(gone, allowed, actor=administrator)


def test_as_a_job_it_keeps_its_figures_and_how_it_ended(
    place: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = tmp_path / "job"
    job.mkdir()
    (job / "state.json").write_text(json.dumps({"attempt": 2}))

    def run(_: Bulk, __: object, hear: OnStanding) -> Outcome:
        hear(Standing(share=0.5, inputs=2, documents=7))
        return Outcome(inputs=2, inputs_done=1, documents=9, unreadable={"b": "damaged"})

    monkeypatch.setattr("bioner.tagging.bulk_run.tag_folder", run)
    monkeypatch.setattr("bioner.models.catalogue.chosen_model", lambda *_: tmp_path)
    monkeypatch.setattr("bioner.evaluation.keys.model_hash", lambda *_: "h")
    words = ["tag", str(place.data / "texts"), "--out", str(tmp_path / "out"), "--workers", "1"]
    result = CliRunner().invoke(app, [*words, "--job", str(job), "--resume"])
    assert result.exit_code == 1
    standing = read_standing(job)
    assert standing is not None
    assert (standing.share, standing.documents) == (0.5, 7)
    ended = read_outcome(job, 2)
    assert ended is not None
    assert ended.status == "failed"
    assert "1 of 2 inputs were not tagged to their end" in ended.problem
