"""What people do with jobs is on record: who, when, what the job was before and after."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from idle import idle_jobs
from sources import tree_of
from support import ROOT

from bioner.access import Actor, Role
from bioner.errors import JobError, StoreError
from bioner.jobs import launch
from bioner.jobs.folder import JobSpec, read_job
from bioner.review import job_record
from bioner.settings import Settings, read_settings
from bioner.store import Event, Store, open_store

ANN = Actor("ann", Role.CURATOR, is_known=True)


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with idle_jobs(monkeypatch):
        yield read_settings()


def recorded(place: Settings) -> list[Event]:
    store = open_store(place)
    try:
        return store.events()
    finally:
        store.close()


def spec(place: Settings) -> JobSpec:
    return JobSpec(("python", "-m", "bioner", "train"), title="one", out=str(place.models / "one"))


def test_each_step_of_a_job_is_on_record_with_who_took_it(place: Settings) -> None:
    job = job_record.launch(spec(place), place, actor=ANN)
    job_record.stop(job.id, place, actor=ANN)
    launch.edit_state(job.folder, lambda state: launch.replace(state, status="stopped"))
    job_record.resume(job.id, place, actor=ANN)
    launch.edit_state(job.folder, lambda state: launch.replace(state, status="failed"))
    job_record.delete(job.id, place, actor=ANN)
    told = [
        (one.kind, one.who, one.before.get("status"), one.after["did"], one.after["job"])
        for one in reversed(recorded(place))
    ]
    assert told == [
        ("job", "ann", None, "start", job.id),
        ("job", "ann", "queued", "stop", job.id),
        ("job", "ann", "stopped", "resume", job.id),
        ("job", "ann", "failed", "delete", job.id),
    ]


def test_a_job_that_could_not_be_put_on_record_is_started_and_that_is_said(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "record", full)
    with pytest.raises(JobError, match=r"done \(start\), but .* on record: the disk is full"):
        job_record.launch(spec(place), place, actor=ANN)
    (folder,) = [one for one in place.jobs.iterdir() if one.is_dir()]
    assert read_job(folder.name, place).status == "queued"


DOERS = {"launch", "stop", "resume", "delete", "retry"}


def test_nothing_but_the_record_starts_or_ends_jobs() -> None:
    strangers = []
    for path in sorted((ROOT / "bioner").rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        if where in ("bioner/jobs/launch.py", "bioner/review/job_record.py"):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.module == "bioner.jobs.launch":
                strangers += [f"{where}: {one.name}" for one in node.names if one.name in DOERS]
            if isinstance(node, ast.Attribute) and node.attr in DOERS:
                of_jobs = ast.unparse(node.value) in ("launch", "jobs", "jobs.launch")
                strangers += [f"{where}: {ast.unparse(node)}"] * of_jobs
    assert strangers == []
