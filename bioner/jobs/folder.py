"""The folder of a training job: its values, how they are read and changed, the worker's end of it.

``jobs/<id>/`` holds ``spec.json`` (what to run), ``state.json`` (where it stands),
``metrics.jsonl`` (one Progress a line), ``log.txt`` (all that the worker printed) and
``outcome.json`` (how the worker itself says that it ended).
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from bioner.errors import BionerError, JobError, Stopped
from bioner.files import write_whole
from bioner.machine import ProcessId, is_alive
from bioner.models.card import CARD, ModelCard, read_card
from bioner.settings import Settings

Status = Literal["queued", "running", "stopping", "stopped", "finished", "failed", "lost"]
ACTIVE: tuple[Status, ...] = ("queued", "running", "stopping")
RESUMED = "[resumed"
"""What the line in the log between two attempts begins with."""
CLOCK_S = 2.0
"""How far a card's time, in whole seconds, may lie outside its run."""
START_LIMIT_S = 30.0
"""How long a new job may take to have a process before it counts as lost."""


@dataclass(frozen=True)
class JobSpec:
    """What a job runs, on what, into what.

    ``command`` repeats the run by hand; the supervisor adds ``--job FOLDER`` and, for another
    attempt, ``--resume``. ``data`` and ``base`` are checked before the launch; ``disk_bytes`` and
    ``memory_bytes`` are estimates (0: unknown); ``details`` is what a page wants to show again.
    """

    command: tuple[str, ...]
    title: str
    kind: str = "train"
    device: Literal["cpu", "cuda"] = "cpu"
    gpus: int = 1
    out: str = ""
    data: str = ""
    base: str = ""
    created: str = ""
    disk_bytes: int = 0
    memory_bytes: int = 0
    grace_s: float = 90.0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobState:
    """Where a job stands. Times are seconds since 1970; ``ticket`` orders the queue."""

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


@dataclass(frozen=True)
class Metric:
    """One line of ``metrics.jsonl``: a Progress, with its time and the attempt it belongs to."""

    step: int
    total_steps: int
    epoch: float = 0.0
    loss: float | None = None
    learning_rate: float | None = None
    tokens_per_s: float | None = None
    devel_f1: float | None = None
    devel_by_type: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    at: float = 0.0
    attempt: int = 1


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
    if not id or Path(id).name != id or not (folder / "spec.json").is_file():
        known = ", ".join(job.id for job in list_jobs(settings)[:5]) or "none yet"
        raise JobError(f"{id}: no such job in {settings.jobs}; there are: {known}")
    return open_job(folder)


def open_job(folder: Path) -> Job:
    """Read the job in this folder, its state checked against its living processes."""
    job = Job(folder.name, folder, read_spec(folder), read_state(folder))
    return replace(job, state=_observed(job))


def read_spec(folder: Path) -> JobSpec:
    """Read ``spec.json``; keys of later versions are left out."""
    raw = _read_json(folder / "spec.json")
    try:
        return JobSpec(**{**_known(JobSpec, raw), "command": tuple(raw["command"])})
    except (KeyError, TypeError) as error:
        raise JobError(f"{folder / 'spec.json'}: not a job specification: {error}") from error


def read_state(folder: Path) -> JobState:
    """Read ``state.json`` as it was written; ``read_job`` also looks whether it is still true."""
    raw = _known(JobState, _read_json(folder / "state.json"))
    try:
        for name in ("supervisor", "worker"):
            raw[name] = ProcessId(**raw[name]) if raw.get(name) else None
        return JobState(**{**raw, "slots": tuple(raw.get("slots", ()))})
    except TypeError as error:
        raise JobError(f"{folder / 'state.json'}: not a job state: {error}") from error


def _known(kind: type[Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name in kind.__dataclass_fields__}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobError(f"{path}: cannot be read as JSON; delete the job's folder") from error
    if not isinstance(value, dict):
        raise JobError(f"{path}: expected a JSON object; delete the job's folder")
    return value


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
    with _locked(folder / ".lock"):
        state = change(read_state(folder))
        write_whole(folder / "state.json", json.dumps(asdict(state), indent=2) + "\n")
    return state


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _observed(job: Job) -> JobState:
    state = job.state
    if state.status not in ACTIVE or is_alive(state.supervisor):
        return state
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


def with_options(command: Sequence[str], changes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command with options set to new values, added at its end where they were not."""
    words = list(command)
    for option, value in changes.items():
        if option in words[:-1]:
            words[words.index(option) + 1] = value
        else:
            words += [option, value]
    return tuple(words)


def option(command: Sequence[str], name: str) -> str | None:
    """Return the value of an option in a command, or None."""
    words = list(command)
    return words[words.index(name) + 1] if name in words[:-1] else None


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


def read_metrics(id: str, settings: Settings) -> list[Metric]:
    """Read a job's metrics in the order of their steps.

    After a resume the steps since the checkpoint were taken twice: only the later ones are kept.
    A line that is still being written is left for the next reading.
    """
    rows: list[Metric] = []
    settled = 1
    try:
        text = (settings.jobs / id / "metrics.jsonl").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    for line in text.splitlines():
        try:
            row = Metric(**_known(Metric, json.loads(line)))
        except (ValueError, TypeError, AttributeError):
            continue
        if row.step > 0 and row.attempt > settled:
            rows = [r for r in rows if r.step < row.step or r.attempt == row.attempt]
            settled = row.attempt
        rows.append(row)
    return rows


def remaining_s(metrics: Sequence[Metric]) -> float | None:
    """Estimate the seconds to the last step from the pace of the latest steps of this attempt."""
    if not metrics:
        return None
    last = metrics[-1]
    recent = [m for m in metrics[-40:] if m.attempt == last.attempt and m.step > 0]
    if not recent:
        return None
    steps, seconds = last.step - recent[0].step, last.at - recent[0].at
    if steps <= 0 or seconds <= 0:
        return None
    return max(0, last.total_steps - last.step) * seconds / steps


def tail_log(id: str, settings: Settings, lines: int = 40) -> str:
    """Return the last lines of a job's log, progress bars reduced to their last state."""
    return tail_text(settings.jobs / id / "log.txt", lines)


def tail_text(path: Path, lines: int) -> str:
    """Return the last lines of a text file without reading all of it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - 400 * lines - 20_000)
            file.seek(start)
            raw = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    found = raw.replace("\r\n", "\n").split("\n")
    if start:
        found = found[1:]
    shown = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in found]
    while shown and not shown[-1]:
        shown.pop()
    return "\n".join(shown[-lines:])


@dataclass(frozen=True)
class Outcome:
    """How a worker itself says that it ended."""

    status: Literal["finished", "stopped", "failed"]
    attempt: int
    problem: str = ""
    mend: str = ""


class JobReporter:
    """The worker's end of a job: call it with each Progress; its ``with`` block says how it ended.

    ``with JobReporter(folder) as report: train(..., report=report)``. Exceptions pass through.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attempt = read_state(folder).attempt

    def __call__(self, progress: object) -> None:
        """Append one Progress (any dataclass with Metric's fields) to the job's metrics."""
        if not is_dataclass(progress) or isinstance(progress, type):
            raise TypeError(f"expected a Progress, got {type(progress).__name__}")
        row = {**asdict(progress), "at": time.time(), "attempt": self.attempt}
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=str) + "\n")
        if row.get("message"):
            with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%H:%M:%S')} step {row['step']}: {row['message']}\n")

    def __enter__(self) -> JobReporter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or (isinstance(error, SystemExit) and not error.code):
            outcome = Outcome("finished", self.attempt)
        elif isinstance(error, Stopped | KeyboardInterrupt):
            outcome = Outcome("stopped", self.attempt)
        elif isinstance(error, BionerError):
            outcome = Outcome("failed", self.attempt, str(error))
        else:
            return  # the supervisor reads the log, as for a worker that could not say anything
        write_whole(self.folder / "outcome.json", json.dumps(asdict(outcome)) + "\n")


def read_outcome(folder: Path, attempt: int) -> Outcome | None:
    """Read what the worker of this attempt said about its end; None if it said nothing."""
    try:
        outcome = Outcome(**json.loads((folder / "outcome.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return outcome if outcome.attempt == attempt else None
