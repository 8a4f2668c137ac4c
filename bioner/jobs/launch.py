"""What people do with training jobs: launch, list, stop, resume, try again, delete.

A job is a folder (``bioner.jobs.folder``) and a detached process (``bioner.jobs.supervisor``) that
outlives the tab, the app and Ctrl-C.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from bioner.access import Action, Actor, allow
from bioner.errors import JobError
from bioner.files import locked, make_private, write_whole
from bioner.jobs.bulk import bulk_source
from bioner.jobs.engines.ray_job import end_there
from bioner.jobs.folder import (
    ACTIVE,
    START_LIMIT_S,
    Job,
    JobSpec,
    JobState,
    ask_to_stop,
    edit_state,
    folder_bytes,
    forget_stop,
    open_job,
    read_job,
    read_state,
)
from bioner.jobs.log import RESUMED
from bioner.jobs.preflight import check_launch
from bioner.jobs.specs import option, with_options
from bioner.processes import ask_to_end, detach, kill_tree, process_id
from bioner.settings import PROJECT_ROOT, Settings, child_environment

LAUNCHING = ".launching.lock"
"""Held while somebody looks whether a job may start and queues it."""
START_POLL_S = 0.02


def launch(
    spec: JobSpec,
    settings: Settings,
    *,
    actor: Actor | None = None,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Job:
    """Put a job into its device's queue and detach its process; returns once that process lives.

    ``files`` (name → text) lie in its folder from the beginning: what the run is to start with.

    Raises JobError with the first thing that stands in the way (see ``check_launch``), AccessError
    for who may not start jobs or names a folder of the server that is not theirs to name.
    """
    _check_folders(spec, settings, allow(Action.JOBS, actor))
    make_private(settings.jobs)
    with locked(settings.jobs / LAUNCHING):  # of two at once into one folder the second is refused
        _refuse_blocked(spec, settings)
        folder = _make_folder(spec, settings, files)
    _detach(folder)
    return open_job(folder)


def _check_folders(spec: JobSpec, settings: Settings, actor: Actor) -> None:
    source = bulk_source(spec)
    if source is not None:
        actor.require_folder(source, settings.folders)
    shipped = (PROJECT_ROOT / "data", PROJECT_ROOT / "models")
    known = (settings.models, settings.data, *shipped, *settings.encoders)
    for name in ("--base", "--data"):
        value = option(spec.command, name)
        if value and actor.is_known and Path(value).expanduser().exists():
            real = Path(value).expanduser().resolve()
            if not any(real.is_relative_to(folder.resolve()) for folder in known):
                actor.require_folder(real, settings.folders)


def _refuse_blocked(spec: JobSpec, settings: Settings, *, is_resumed: bool = False) -> None:
    for finding in check_launch(spec, settings, is_resumed=is_resumed):
        if finding.is_blocking:
            raise JobError(finding.text)


def _make_folder(spec: JobSpec, settings: Settings, files: Mapping[str, str]) -> Path:
    created = spec.created or datetime.now(UTC).isoformat(timespec="seconds")
    spec = replace(spec, created=created)
    name = re.sub(r"[^A-Za-z0-9]+", "-", spec.title).strip("-").lower()[:40] or spec.kind
    id = f"{datetime.now():%Y%m%d-%H%M%S}-{name}"
    for number in range(2, 1000):
        if not (settings.jobs / id).exists():
            break
        id = re.sub(r"(\.\d+)?$", f".{number}", id, count=1)
    folder = settings.jobs / f".new-{id}-{os.getpid()}"
    folder.mkdir()
    write_whole(folder / "spec.json", json.dumps(asdict(spec), indent=2) + "\n")
    write_whole(folder / "state.json", json.dumps(asdict(_queued(JobState())), indent=2) + "\n")
    for name, text in files.items():
        write_whole(folder / name, text)
    (folder / "log.txt").touch()
    return folder.rename(settings.jobs / id)


def _queued(state: JobState) -> JobState:
    return JobState(
        ticket=time.time_ns(),
        attempt=state.attempt,
        handle=state.handle,
        queued_at=time.time(),
        peak_memory_bytes=state.peak_memory_bytes,
    )


def _detach(folder: Path) -> None:
    command = [sys.executable, "-m", "bioner.jobs.supervisor", str(folder)]
    problem = ""
    with (folder / "log.txt").open("ab") as log:
        try:
            process = detach(command, cwd=PROJECT_ROOT, log=log, environment=child_environment())
        except OSError as error:
            problem = f"its process could not be started: {error}"
    began = time.monotonic()
    while not problem and read_state(folder).supervisor is None:
        if process.poll() is not None and read_state(folder).supervisor is None:
            problem = f"its process ended at once, with exit code {process.returncode}"
        elif time.monotonic() - began > START_LIMIT_S:
            kill_tree(process_id(process.pid))
            problem = f"its process did not answer within {START_LIMIT_S:.0f} s"
        time.sleep(START_POLL_S)
    if problem:
        edit_state(folder, lambda s: replace(s, status="failed", problem=problem))
        raise JobError(f"{folder.name}: {problem}; see {folder / 'log.txt'}")


def stop(id: str, settings: Settings, *, force: bool = False, actor: Actor | None = None) -> Job:
    """Ask a job to stop: its worker saves a checkpoint and ends.

    A file asks first, on POSIX SIGTERM too; it is killed after the specification's ``grace_s``, or
    at once with ``force``. A queued job leaves the queue. Raises JobError if the job is not active.
    """
    allow(Action.JOBS, actor)
    job = read_job(id, settings)
    if not job.is_active:
        raise JobError(f"{id} is {job.status}: there is nothing to stop")
    asked = job.state.stop_asked_at
    ask_to_stop(job.folder)
    state = edit_state(
        job.folder,
        lambda s: replace(
            s,
            status="stopping" if s.status in ACTIVE else s.status,
            stop_asked_at=s.stop_asked_at or time.time(),
        ),
    )
    if force:
        if state.handle:
            end_there(job.spec, state.handle)
        kill_tree(state.worker)
    if not ask_to_end(state.supervisor):
        overdue = asked is not None and time.time() - asked > job.spec.grace_s
        if overdue:
            kill_tree(state.worker)
        else:
            ask_to_end(state.worker)
    return read_job(id, settings)


def resume(id: str, settings: Settings, *, actor: Actor | None = None) -> Job:
    """Queue a stopped, failed or lost job again, to go on from its last checkpoint."""
    allow(Action.JOBS, actor)
    read_job(id, settings)
    with locked(settings.jobs / LAUNCHING):  # of two that resume it at once the second is refused
        job = read_job(id, settings)
        if job.is_active or job.status == "finished":
            raise JobError(
                f"{id} is {job.status}: only a stopped, failed or lost job can be resumed"
            )
        _refuse_blocked(job.spec, settings, is_resumed=True)
        forget_stop(job.folder)
        edit_state(job.folder, lambda s: _queued(replace(s, attempt=s.attempt + 1)))
    with (job.folder / "log.txt").open("a", encoding="utf-8") as log:
        log.write(f"\n{RESUMED} {datetime.now(UTC).isoformat(timespec='seconds')}]\n")
    _detach(job.folder)
    return open_job(job.folder)


def retry(
    id: str,
    settings: Settings,
    changes: Mapping[str, str] | None = None,
    *,
    actor: Actor | None = None,
) -> Job:
    """Launch a job's command again from the start, see ``repeated``."""
    allow(Action.JOBS, actor)
    return launch(repeated(id, settings, changes), settings, actor=actor)


def repeated(id: str, settings: Settings, changes: Mapping[str, str] | None = None) -> JobSpec:
    """Return what runs a job's command again from the start, with some arguments changed.

    ``changes`` maps an option to its new value (``{"--batch-size": "8"}``). What the old job left
    in its output folder is overwritten by the new one; the old job stays in the history.
    """
    job = read_job(id, settings)
    if job.is_active:
        raise JobError(f"{id} is {job.status}: stop it before trying it again")
    command = with_options(job.spec.command, changes or {})
    details = {**job.spec.details, "retry_of": id}
    return replace(job.spec, command=command, created="", details=details)


def delete(id: str, settings: Settings, *, actor: Actor | None = None) -> int:
    """Delete a job's folder, not its model; returns the bytes freed. An active job is refused."""
    allow(Action.JOBS, actor)
    job = read_job(id, settings)
    if job.is_active:
        raise JobError(f"{id} is {job.status}: stop it before deleting it")
    freed = folder_bytes(job.folder)
    doomed = job.folder.rename(job.folder.with_name(f".deleted-{job.id}"))
    shutil.rmtree(doomed, ignore_errors=True)
    return freed
