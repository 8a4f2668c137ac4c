"""The folder of a training job: its values, how they are read and changed, the worker's end of it.

``jobs/<id>/`` holds ``spec.json`` (what to run), ``state.json`` (where it stands),
``metrics.jsonl`` (one Progress a line), ``log.txt`` (all that the worker printed) and
``outcome.json`` (how the worker itself says that it ended); ``stop`` is there once somebody has
asked it to end.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from bioner.errors import JobError
from bioner.files import locked, read_json_object, write_whole
from bioner.machine import Device
from bioner.models.card import CARD, ModelCard, read_card
from bioner.processes import ProcessId, is_alive
from bioner.settings import Settings

Engine = Literal["local", "ray"]
Status = Literal["queued", "running", "stopping", "stopped", "finished", "failed", "lost"]
ACTIVE: tuple[Status, ...] = ("queued", "running", "stopping")
MEND = "delete the job's folder"
STOP = "stop"
ID_LIMIT = 200
CLOCK_S = 2.0
"""How far a card's time, in whole seconds, may lie outside its run."""
SILENT_S = 60.0
"""How long a job of another machine or container may be silent before it counts as lost."""
START_LIMIT_S = 30.0
"""How long a new job may take to have a process before it counts as lost."""


@dataclass(frozen=True)
class JobSpec:
    """What a job runs, on what, into what.

    ``command`` repeats the run by hand; the supervisor adds ``--job FOLDER`` and, for another
    attempt, ``--resume``. ``data`` and ``base`` are checked before the launch; ``disk_bytes`` and
    ``memory_bytes`` are estimates (0: unknown); ``details`` is what a page wants to show again.
    ``engine`` says where the command runs: here, or on the Ray cluster at ``address``, there by so
    many ``workers``, processes that train together on whatever nodes have room. ``device`` is known
    before it starts where that is here; a cluster itself says what ``auto`` means there.
    """

    command: tuple[str, ...]
    title: str
    kind: str = "train"
    device: Device = Device.CPU
    gpus: int = 1
    out: str = ""
    data: str = ""
    base: str = ""
    created: str = ""
    disk_bytes: int = 0
    memory_bytes: int = 0
    grace_s: float = 90.0
    engine: Engine = "local"
    address: str = ""
    workers: int = 1
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_here(self) -> bool:
        """Whether it computes on this machine, and so waits for its device."""
        return self.engine == "local"

    def shares_device(self, other: JobSpec) -> bool:
        """Return whether the two wait for each other, for a device of this machine."""
        return self.is_here and other.is_here and self.device == other.device


@dataclass(frozen=True)
class JobState:
    """Where a job stands. Times are seconds since 1970; ``ticket`` orders the queue.

    On a cluster ``handle`` is its name there, ``node`` where it runs, ``place`` what the cluster
    says of it.
    """

    status: Status = "queued"
    ticket: int = 0
    attempt: int = 1
    supervisor: ProcessId | None = None
    worker: ProcessId | None = None
    slots: tuple[str, ...] = ()
    heartbeat: float = 0.0
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    stop_asked_at: float | None = None
    exit_code: int | None = None
    problem: str = ""
    mend: str = ""
    memory_bytes: int = 0
    peak_memory_bytes: int = 0
    cpu_percent: float = 0.0
    gpu_percent: float | None = None
    gpu_memory_bytes: int | None = None
    handle: str = ""
    node: str = ""
    place: str = ""


@dataclass(frozen=True)
class Job:
    """A job as it was found on disk."""

    id: str
    folder: Path
    spec: JobSpec
    state: JobState

    @property
    def status(self) -> Status:
        return self.state.status

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def duration_s(self) -> float:
        """Seconds since the current attempt started, or that the last one took."""
        if self.state.started_at is None:
            return 0.0
        return max(0.0, (self.state.ended_at or time.time()) - self.state.started_at)


def list_jobs(settings: Settings) -> list[Job]:
    """List the jobs, newest first; what is not a job folder is left out."""
    jobs = []
    for folder in settings.jobs.iterdir() if settings.jobs.is_dir() else ():
        if folder.is_dir() and not folder.name.startswith("."):
            try:
                jobs.append(open_job(folder))
            except JobError:
                continue
    return sorted(jobs, key=lambda job: (job.spec.created, job.id), reverse=True)


def read_job(id: str, settings: Settings) -> Job:
    """Read one job; raises JobError, naming the known ones, when there is none of this id."""
    folder = settings.jobs / id
    if not id or len(id) > ID_LIMIT or Path(id).name != id or not (folder / "spec.json").is_file():
        known = ", ".join(job.id for job in list_jobs(settings)[:5]) or "none yet"
        raise JobError(f"{id}: no such job in {settings.jobs}; there are: {known}")
    return open_job(folder)


def open_job(folder: Path) -> Job:
    """Read the job in this folder, its state checked against its living processes."""
    job = Job(folder.name, folder, read_spec(folder), read_state(folder))
    return replace(job, state=_observed(job))


def read_spec(folder: Path) -> JobSpec:
    """Read ``spec.json``; keys of later versions are left out."""
    raw = read_json_object(folder / "spec.json", JobError, mend=MEND)
    try:
        known = known_fields(JobSpec, raw) | {"command": tuple(raw["command"])}
        return JobSpec(**known | {"device": Device(raw.get("device", Device.CPU))})
    except (KeyError, TypeError, ValueError) as error:
        raise JobError(f"{folder / 'spec.json'}: not a job specification: {error}") from error


def read_state(folder: Path) -> JobState:
    """Read ``state.json`` as it was written; ``read_job`` also looks whether it is still true."""
    raw = known_fields(JobState, read_json_object(folder / "state.json", JobError, mend=MEND))
    try:
        for name in ("supervisor", "worker"):
            raw[name] = ProcessId(**raw[name]) if raw.get(name) else None
        return JobState(**{**raw, "slots": tuple(raw.get("slots", ()))})
    except TypeError as error:
        raise JobError(f"{folder / 'state.json'}: not a job state: {error}") from error


def known_fields(kind: type[Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a later version has written and this one does not know."""
    return {name: value for name, value in raw.items() if name in kind.__dataclass_fields__}


def card_of(job: Job) -> ModelCard | None:
    """Return the card of the model that this very job has made; None while there is none.

    What lies in its output folder may be another run's: the job has ended well, and the card was
    written while it ran. Raises ModelError where the card cannot be read.
    """
    state = job.state
    if not job.spec.out or state.status != "finished" or not (Path(job.spec.out) / CARD).exists():
        return None
    card = read_card(Path(job.spec.out))
    try:
        made = datetime.fromisoformat(card.created).timestamp()
    except ValueError:
        return None
    began, ended = state.started_at or 0.0, state.ended_at or time.time()
    return card if began - CLOCK_S <= made <= ended + CLOCK_S else None


def edit_state(folder: Path, change: Callable[[JobState], JobState]) -> JobState:
    """Change ``state.json`` under the job's lock, whole or not at all; return the new state."""
    with locked(folder / ".lock"):
        state = change(read_state(folder))
        write_whole(folder / "state.json", json.dumps(asdict(state), indent=2) + "\n")
    return state


def ask_to_stop(folder: Path) -> None:
    """Leave the file that asks a job to stop: its processes look for it, on every system."""
    (folder / STOP).touch()


def is_stop_asked(folder: Path) -> bool:
    """Return whether somebody has asked this job to stop since it was last queued."""
    return (folder / STOP).exists()


def forget_stop(folder: Path) -> None:
    """Take back the request to stop, before the job is queued again."""
    (folder / STOP).unlink(missing_ok=True)


def _observed(job: Job) -> JobState:
    """Return the job's state as its living processes show it, whatever was written last."""
    state = job.state
    if state.status not in ACTIVE or is_alive(state.supervisor):
        return state
    is_elsewhere = state.supervisor is not None and state.supervisor.is_elsewhere
    if is_elsewhere and time.time() - state.heartbeat < SILENT_S:
        return state  # its heartbeat is all that is seen of it from here
    if state.supervisor is None and time.time() - state.queued_at < START_LIMIT_S:
        return state
    if is_alive(state.worker):
        return state
    ended = max(state.heartbeat, _changed_at(job.folder / "log.txt"))
    outcome = read_outcome(job.folder, state.attempt)
    if outcome is not None:
        return replace(
            state, status=outcome.status, problem=outcome.problem, mend=outcome.mend, ended_at=ended
        )
    if state.status == "stopping":
        return replace(state, status="stopped", ended_at=ended)
    return replace(
        state,
        status="lost",
        ended_at=ended,
        problem="its processes are gone without a word: killed, or the machine was restarted",
        mend="resume it: it goes on from its last checkpoint",
    )


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return total


@dataclass(frozen=True)
class Outcome:
    """How a worker itself says that it ended."""

    status: Literal["finished", "stopped", "failed"]
    attempt: int
    problem: str = ""
    mend: str = ""


def read_outcome(folder: Path, attempt: int) -> Outcome | None:
    """Read what the worker of this attempt said about its end; None if it said nothing."""
    try:
        outcome = Outcome(**json.loads((folder / "outcome.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return outcome if outcome.attempt == attempt else None
