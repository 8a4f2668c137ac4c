"""What people do with jobs, done and put on record: started, stopped, resumed, deleted, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from types import MappingProxyType

from bioner.access import Actor
from bioner.errors import JobError, StoreError
from bioner.jobs import launch as jobs
from bioner.jobs.folder import Job, JobSpec, read_job
from bioner.settings import Settings
from bioner.store import open_store


def launch(
    spec: JobSpec,
    settings: Settings,
    *,
    actor: Actor | None = None,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Job:
    """Start a job; raises what ``bioner.jobs.launch.launch`` raises."""
    job = jobs.launch(spec, settings, actor=actor, files=files)
    about = {"title": job.spec.title, "kind": job.spec.kind, "out": job.spec.out}
    _record(settings, actor, job.id, "start", after={**about, "status": job.status})
    return job


def stop(id: str, settings: Settings, *, force: bool = False, actor: Actor | None = None) -> Job:
    """Ask a job to stop; raises what ``bioner.jobs.launch.stop`` raises."""
    before = read_job(id, settings).status
    job = jobs.stop(id, settings, force=force, actor=actor)
    did = "stop at once" if force else "stop"
    _record(settings, actor, id, did, before={"status": before}, after={"status": job.status})
    return job


def resume(id: str, settings: Settings, *, actor: Actor | None = None) -> Job:
    """Go on with a job; raises what ``bioner.jobs.launch.resume`` raises."""
    before = read_job(id, settings).status
    job = jobs.resume(id, settings, actor=actor)
    _record(settings, actor, id, "resume", before={"status": before}, after={"status": job.status})
    return job


def delete(id: str, settings: Settings, *, actor: Actor | None = None) -> int:
    """Delete a job's folder; raises what ``bioner.jobs.launch.delete`` raises."""
    before = read_job(id, settings)
    freed = jobs.delete(id, settings, actor=actor)
    was = {"title": before.spec.title, "status": before.status}
    _record(settings, actor, id, "delete", before=was, after={"bytes": freed})
    return freed


def _record(
    settings: Settings,
    actor: Actor | None,
    id: str,
    did: str,
    *,
    before: Mapping[str, object] = MappingProxyType({}),
    after: dict[str, object],
) -> None:
    """Put it on record; what was done is done, whether that can be recorded or not."""
    try:
        with closing(open_store(settings, actor)) as store:
            told = {"job": id, "did": did, **after}
            store.record("job", before={"job": id, **before}, after=told)
    except StoreError as error:
        raise JobError(f"{id}: done ({did}), but it could not be put on record: {error}") from error
