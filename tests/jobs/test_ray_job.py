"""What a job on a Ray cluster takes there, and what its processes are told: a cluster is faked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bioner.errors import JobError
from bioner.jobs import launch
from bioner.jobs.bulk import BULK
from bioner.jobs.engines import ray_job
from bioner.jobs.engines.ray_bulk import card_share
from bioner.jobs.engines.ray_job import RayJob
from bioner.jobs.estimate import known_speed
from bioner.jobs.folder import JobSpec, JobState, ask_to_stop
from bioner.jobs.preflight import check_launch
from bioner.jobs.specs import job_spec
from bioner.machine import Device
from bioner.processes import process_id
from bioner.settings import read_settings

SPEC = JobSpec(("bioner", "train"), title="run", engine="ray", address="http://head:8265")


class Cluster:
    """Takes jobs; ``will`` says what each says of itself, one status a question, then the last."""

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}
        self.stopped: list[str] = []
        self.will: dict[str, list[str]] = {}
        self.log = ""

    def submit_job(self, **given: Any) -> None:
        self.taken = given
        self.will[given["submission_id"]] = ["SUCCEEDED"]

    def get_job_info(self, handle: str) -> Any:
        if handle not in self.will:
            raise RuntimeError(f"Request failed with status code 404: {handle}")
        said = self.will[handle]
        status = said.pop(0) if len(said) > 1 else said[0]
        if status == "silent":
            raise ConnectionError("no answer")
        if status == "broken":
            raise RuntimeError("Request failed with status code 500: no memory.")
        return SimpleNamespace(status=status, driver_node_id="abc")

    def get_job_logs(self, handle: str) -> str:
        return self.log

    def stop_job(self, handle: str) -> None:
        self.stopped.append(handle)
        self.will[handle] = ["STOPPED"]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(ray_job, "connect", lambda _: made)
    monkeypatch.setattr(ray_job, "POLL_S", 0.0)
    return made


def a_job(folder: Path, spec: JobSpec, **state: Any) -> Path:
    place = folder / "job"
    place.mkdir(parents=True)
    (place / "spec.json").write_text(json.dumps(asdict(spec)), encoding="utf-8")
    (place / "state.json").write_text(json.dumps(asdict(JobState(**state))), encoding="utf-8")
    return place


def submitted(cluster: Cluster, folder: Path, spec: JobSpec) -> dict[str, Any]:
    assert RayJob(a_job(folder, spec), spec.command).run() == 0
    return cluster.taken


TAKEN = {
    "the CPU": (SPEC, False, (1, 0)),
    "the CPU, where cards are": (SPEC, True, (1, 0)),
    "a card": (replace(SPEC, device=Device.CUDA), False, (1, 1)),
    "four cards of a node": (replace(SPEC, device=Device.CUDA, gpus=4), True, (1, 4)),
    "what there is: a card": (replace(SPEC, device=Device.AUTO), True, (1, 1)),
    "what there is: no card": (replace(SPEC, device=Device.AUTO), False, (1, 0)),
    "many together": (replace(SPEC, device=Device.CUDA, workers=2), True, (0, 0)),
    "many texts": (replace(SPEC, device=Device.AUTO, kind=BULK), True, (0, 0)),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_command_takes_a_place_and_one_that_shares_work_out_takes_none(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    spec, has_cards, expected = TAKEN[case]
    monkeypatch.setattr(ray_job, "has_cards", lambda _: has_cards)
    found = submitted(cluster, tmp_path, spec)
    assert (found["entrypoint_num_cpus"], found["entrypoint_num_gpus"]) == expected


EARLIER: dict[str, tuple[list[str], int, bool]] = {
    "still runs, and ends well": (["RUNNING", "RUNNING", "SUCCEEDED"], 0, False),
    "ended well while nobody watched": (["SUCCEEDED"], 0, False),
    "still runs, and fails": (["RUNNING", "RUNNING", "FAILED"], 0, True),
    "failed": (["FAILED"], 0, True),
    "was stopped": (["STOPPED"], 0, True),
    "is still being stopped": (["RUNNING", "STOPPED"], 0, True),
    "is not known any more": ([], 0, True),
}


@pytest.mark.parametrize("case", EARLIER)
def test_an_attempt_that_nobody_watched_is_followed_and_never_doubled(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    said, code, is_anew = EARLIER[case]
    if said:
        cluster.will["run-1"] = [*said]
    cluster.log = "as shown before\n"
    job = a_job(tmp_path, SPEC, attempt=2, handle="run-1")
    assert RayJob(job, SPEC.command).run() == code
    assert bool(cluster.taken) is is_anew
    assert cluster.stopped == []
    assert ("as shown before" in capsys.readouterr().out) is (not said)


def test_an_attempt_that_is_followed_obeys_a_stop(cluster: Cluster, tmp_path: Path) -> None:
    cluster.will["run-1"] = ["RUNNING"]
    job = a_job(tmp_path, SPEC, attempt=2, handle="run-1")
    ask_to_stop(job)
    assert RayJob(job, SPEC.command).run() == 1
    assert cluster.stopped == ["run-1"]
    assert cluster.taken == {}, "nothing is begun anew"


@pytest.mark.parametrize("how", ["silent", "broken"])
def test_nothing_is_begun_where_the_head_does_not_say_whether_it_runs(
    cluster: Cluster, tmp_path: Path, how: str
) -> None:
    cluster.will["run-1"] = [how]
    job = a_job(tmp_path, SPEC, attempt=2, handle="run-1")
    with pytest.raises(JobError, match="head at http://head:8265 is gone; resume"):
        RayJob(job, SPEC.command).run()
    assert cluster.taken == {}


def test_a_job_that_is_stopped_by_force_is_ended_on_the_cluster_too(
    home: Path, cluster: Cluster
) -> None:
    settings = read_settings()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        living = {"supervisor": process_id(other.pid), "heartbeat": time.time()}
        folder = a_job(settings.jobs, SPEC, status="running", handle="run-1", **living)
        launch.stop(folder.name, settings, force=True)
        other.kill()
    assert cluster.stopped == ["run-1"]


def test_a_job_finds_our_folders_there_and_no_secret_travels(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "DATA", "MODELS", "JOBS", "ENCODERS"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("BIONER_DATABASE_URL", "postgresql://ann:hidden@db/bioner")
    monkeypatch.setenv("BIONER_PROXY_SECRET", "hidden")
    told = submitted(cluster, tmp_path, SPEC)["runtime_env"]["env_vars"]
    for name in ("HOME", "DATA", "MODELS", "JOBS", "ENCODERS"):
        assert told[f"BIONER_{name}"] == str(tmp_path / name.lower())
    assert told["BIONER_DEVICE"] == "cpu"
    assert "hidden" not in json.dumps(told)
    assert all(isinstance(value, str) for value in told.values())


@pytest.mark.parametrize(
    ("device", "cards", "share"),
    [
        (Device.AUTO, 2.0, 0.125),
        (Device.AUTO, 0.0, 0.0),
        (Device.CUDA, 1.0, 0.125),
        (Device.CPU, 1.0, 0.0),
    ],
)
def test_a_worker_of_many_takes_a_share_of_a_card(
    device: Device, cards: float, share: float
) -> None:
    assert card_share(device, cards, on_a_card=8) == share
    with pytest.raises(JobError, match="has no GPU: choose the CPU"):
        card_share(Device.CUDA, 0.0, on_a_card=8)


def test_what_auto_means_the_cluster_says_and_not_this_machine(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(read_settings(), device=Device.AUTO)
    words = ["train", "--out", "x"]
    assert job_spec(words, settings, title="x").device is Device.CPU
    there = job_spec(words, settings, title="x", engine="ray", address="http://head:8265")
    assert there.device is Device.AUTO
    asked = job_spec([*words, "--device", "cuda"], settings, title="x", engine="ray")
    assert asked.device is Device.CUDA


def test_a_job_on_a_cluster_holds_nothing_up_here_and_tells_nothing_of_this_machines_pace(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings()
    there = replace(SPEC, base="mine", out=str(settings.models / "there"))
    folder = settings.jobs / "one"
    folder.mkdir(parents=True)
    state = JobState(supervisor=process_id(os.getpid()), heartbeat=time.time())
    (folder / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")
    ours = JobSpec(("x",), title="x", out=str(settings.models / "here"))
    for spec, is_ahead in ((replace(there, engine="local"), True), (there, False)):
        (folder / "spec.json").write_text(json.dumps(asdict(spec)), encoding="utf-8")
        told = " ".join(one.text for one in check_launch(ours, settings))
        assert ("ahead on this device" in told) is is_ahead
    rows = [{"step": n, "total_steps": 9, "epoch": 0.1, "tokens_per_s": 500.0} for n in (1, 2, 3)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    assert known_speed(settings, "mine", "cpu", 8) is None
    found = known_speed(settings, "mine", "cpu", 8, address=there.address)
    assert found is not None
    assert found.pieces_per_s == 500.0
    wide = known_speed(settings, "mine", "cpu", 8, 4, there.address)
    assert wide is not None
    assert wide.pieces_per_s == 2_000.0
