"""What a job on a Ray cluster takes there, and what its processes are told: a cluster is faked."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from bioner.errors import JobError
from bioner.jobs.bulk import BULK
from bioner.jobs.engines import ray_job
from bioner.jobs.engines.ray_bulk import card_share
from bioner.jobs.engines.ray_job import RayJob
from bioner.jobs.estimate import known_speed
from bioner.jobs.folder import JobSpec, JobState
from bioner.jobs.preflight import check_launch
from bioner.jobs.specs import job_spec
from bioner.machine import Device
from bioner.processes import process_id
from bioner.settings import read_settings

SPEC = JobSpec(("bioner", "train"), title="run", engine="ray", address="http://head:8265")


class Cluster:
    """Takes a job, and says at once that it has ended."""

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}

    def submit_job(self, **given: Any) -> None:
        self.taken = given

    def get_job_info(self, handle: str) -> Any:
        return type("Info", (), {"status": "SUCCEEDED", "driver_node_id": "abc", "handle": handle})

    def get_job_logs(self, handle: str) -> str:
        return ""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(ray_job, "connect", lambda _: made)
    return made


def submitted(cluster: Cluster, folder: Path, spec: JobSpec) -> dict[str, Any]:
    place = folder / "job"
    place.mkdir(parents=True)
    (place / "spec.json").write_text(json.dumps(asdict(spec)), encoding="utf-8")
    (place / "state.json").write_text(json.dumps(asdict(JobState())), encoding="utf-8")
    assert RayJob(place, spec.command).run() == 0
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
