"""Everything that Home tells, read once a run."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from bioner.errors import BionerError
from bioner.jobs.folder import ACTIVE, Job, list_jobs
from bioner.models.catalogue import ModelEntry, active_model
from bioner.store import Backup, ReviewProgress, Usable, backups_beside, place_of
from bioner.ui import cache
from bioner.ui.session import Session


@dataclass(frozen=True)
class ProjectProgress:
    """A project and how far its review is."""

    name: str
    progress: ReviewProgress


@dataclass(frozen=True)
class Studio:
    """Everything that Home tells, read once a run; a part that cannot be read is empty.

    ``has_store``: the database could be read, so that no project means that there is none.
    """

    projects: tuple[ProjectProgress, ...]
    backups: tuple[Backup, ...]
    models: tuple[ModelEntry, ...]
    active: str
    jobs: tuple[Job, ...]
    problems: tuple[str, ...]
    place: str = ""
    usable: Usable = field(default_factory=Usable)
    has_store: bool = True

    @property
    def waiting(self) -> int:
        """Sentences that wait for a reviewer, in all projects."""
        return sum(one.progress.waiting for one in self.projects)

    @property
    def running(self) -> tuple[Job, ...]:
        """The jobs that are at work or queued."""
        return tuple(job for job in self.jobs if job.state.status in ACTIVE)


def read_studio(session: Session) -> Studio:
    """Read what there is; what cannot be read is told as a problem, in one sentence."""
    settings = session.settings
    problems: list[str] = []
    projects: tuple[ProjectProgress, ...] = ()
    backups: tuple[Backup, ...] = ()
    active = place = ""
    has_store = True
    usable = Usable()
    jobs: tuple[Job, ...] = ()
    try:
        store = session.store()
        place = store.database.place
        names = [project.name for project in store.projects()]
        projects = tuple(ProjectProgress(name, store.progress(name)) for name in names)
        backups = tuple(store.backups())
        usable = store.usable()
    except BionerError as error:
        problems.append(str(error))
        has_store = False
        with contextlib.suppress(BionerError):  # told already
            place = place_of(settings.database_url)
            backups = tuple(backups_beside(settings.database_url, settings.backups))
    try:
        active = active_model(settings)
    except BionerError as error:
        problems.append(str(error))
    try:
        jobs = tuple(list_jobs(settings))
    except BionerError as error:
        problems.append(str(error))
    models = tuple(cache.models(settings))
    problems += [f"Model {one.name}: {one.problem}" for one in models if one.problem]
    return Studio(
        projects, backups, models, active, jobs, tuple(problems), place, usable, has_store
    )
