"""Store: the one door to the annotation database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from bioner.access import Action, Actor, operator
from bioner.errors import StoreError
from bioner.settings import Settings
from bioner.spans import Sentence
from bioner.store import backups as rotation
from bioner.store import copies, examples, projects, queue, restoring, training_data
from bioner.store.curator import Curators
from bioner.store.deciding import Deciding
from bioner.store.engine import Database
from bioner.store.events import read_events, record_event
from bioner.store.evidence import Evidence, Usable
from bioner.store.examples import ShownExample
from bioner.store.outlook import Outlook, look_ahead
from bioner.store.queue_items import ReviewProgress
from bioner.store.restoring import Restored
from bioner.store.reviewing import Reviewing
from bioner.store.suggested import Suggesting
from bioner.store.texts import Texts
from bioner.store.values import Backup, Event, EventKind, Project
from bioner.store.verifying import Verified, verify

_RECORDED: Mapping[EventKind, Action] = {
    "import": Action.IMPORT,
    "export": Action.EXPORT,
    "audit": Action.ANNOTATE,
    "promotion": Action.PROMOTE,
    "job": Action.JOBS,
}
"""What may be recorded by whoever may do it; the store records the rest itself."""


def open_store(settings: Settings, actor: Actor | None = None) -> Store:
    """Open the annotation store of these settings, making or migrating its database.

    A backup is made before a migration and, at most hourly, at opening and while edits are saved.
    ``actor``: who works with it, else the user of this machine. Raises StoreError if the database
    cannot be opened or a newer version has made it.
    """
    return Store(settings.database_url, settings.backups, actor=actor)


class Store(Texts, Reviewing, Deciding, Suggesting, Curators):
    """Projects, documents, layers and revisions in one database; safe to share between threads.

    What a method has returned is on disk: SQLite runs in WAL mode with full synchronisation. Each
    method is one transaction, but for those that say that they work in pieces. Whatever writes asks
    first whether its ``actor`` may; ``acting`` gives the same store in another's hands. Raises
    StoreError for what a person can mend, AccessError for what the actor may not do.
    """

    def __init__(self, url: str, backups: Path, *, actor: Actor | None = None) -> None:
        super().__init__(Database(url), backups, actor or operator())
        restoring.refuse_if_gone(self.database, backups)
        is_new = not self.database.version()
        self.database.migrate(lambda: self._back_up("migration"))
        if not is_new:
            self._hourly.run_quietly()

    def close(self) -> None:
        """Close the database's connections, after a backup that may be under way."""
        self._hourly.wait()
        self.database.close()

    # Projects

    def create_project(self, project: Project, reviewer: str = "") -> None:
        """Add a project; its name must be new."""
        self._allow(Action.CREATE, reviewer or self.actor.name)
        with self.database.write() as connection:
            projects.create(connection, project, reviewer or self.actor.name)

    def update_project(self, project: Project, reviewer: str = "") -> Project:
        """Replace the project of the same name, and return it as it is now; only a curator may.

        Raises StaleSettingsError if somebody changed it after this one was read.
        """
        self._allow(Action.CHANGE, reviewer)
        with self.database.write() as connection:
            present = projects.find(connection, project.name)
            if self.actor.is_known:
                self._allow_in(Action.CHANGE, present)
            else:
                projects.require(present.project, reviewer, Action.CHANGE)
            if project.reviewers and "curator" not in {role for _, role in project.reviewers}:
                raise StoreError(
                    f"project {project.name!r}: name at least one curator among the reviewers, or "
                    "nobody could change it any more; nothing was changed"
                )
            return projects.change(connection, project, reviewer or self.actor.name)

    def projects(self) -> list[Project]:
        """Return all projects, by name."""
        with self.database.read() as connection:
            return [stored.project for stored in projects.read_all(connection)]

    def project(self, name: str) -> Project:
        """Return one project, or raise StoreError naming those that exist."""
        with self.database.read() as connection:
            return projects.find(connection, name).project

    def examples(self, project: str) -> list[ShownExample]:
        """Return the examples of a project's guidelines, without those whose text is gone."""
        with self.database.read() as connection:
            return examples.shown_examples(connection, projects.find(connection, project))

    def progress(self, project: str, reviewer: str = "") -> ReviewProgress:
        """Return how far a project is: of the shared copy, or of this reviewer's own."""
        with self.database.read() as connection:
            return queue.progress(connection, projects.find(connection, project), reviewer)

    def events(self, project: str | None = None, *, limit: int = 100) -> list[Event]:
        """Return what was done to a project, or to all and the database itself, newest first."""
        with self.database.read() as connection:
            return read_events(connection, project, limit)

    def record(
        self,
        kind: EventKind,
        *,
        project: str = "",
        who: str = "",
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object],
    ) -> None:
        """Record that something was done outside of the database: an export, a promotion, a job."""
        who = who or self.actor.name
        self._allow(_RECORDED[kind], who)
        with self.database.write() as connection:
            record_event(connection, kind, project=project, who=who, before=before, after=after)

    # Evidence

    def corrections(
        self, project: str | None = None, *, include_test: bool = False
    ) -> list[Sentence]:
        """Return the reviewed sentences (accept, correct) of one or all projects as training data.

        ``covers`` is the project's, or what the reviewer said for the sentence; ``corpus`` is
        "corrections". "My test" is left out unless asked for. ``evidence`` gives the same with the
        counts of what flattening did and of what is not there.
        """
        return list(self._reviewed(project, None if include_test else False).sentences)

    def evidence(self, project: str | None = None) -> Evidence:
        """Return the training data of ``corrections``, and what is not in it, counted."""
        return self._reviewed(project, False)

    def usable(self, project: str | None = None) -> Usable:
        """Count the sentences that a training run will use: as many as ``corrections`` returns."""
        with self.database.read() as connection:
            chosen = (
                projects.read_all(connection)
                if project is None
                else [projects.find(connection, project)]
            )
            return sum((training_data.usable(connection, one) for one in chosen), Usable())

    def my_test(self, project: str | None = None) -> list[Sentence]:
        """Return the reviewed sentences of "my test": for scoring, never for training."""
        return list(self._reviewed(project, True).sentences)

    def _reviewed(self, project: str | None, tests: bool | None) -> Evidence:
        with self.database.read() as connection:
            chosen = (
                projects.read_all(connection)
                if project is None
                else [projects.find(connection, project)]
            )
            found = (training_data.reviewed(connection, stored, tests=tests) for stored in chosen)
            return sum(found, Evidence())

    # Backups

    def backup(self, path: Path) -> Path:
        """Write a copy of the database to a new file, and return its path."""
        self._allow(Action.BACKUP)
        if path.exists():
            raise StoreError(f"{path}: exists already; name a new file")
        is_among = path.resolve().parent == self.folder.resolve()
        with rotation.locked(self.folder) if is_among else nullcontext():
            copies.backup(self.database, path)
        return path

    def backups(self) -> list[Backup]:
        """Return the automatic backups, newest first."""
        return rotation.backups_of(self.database, self.folder)

    def restore(self, path: Path, reviewer: str = "") -> Restored:
        """Put a backup in the place of the present content, all or nothing.

        The present is backed up first. What was done is the first event of
        the new generation; whoever worked on the former is told so at their next saving.
        """
        who = reviewer or self.actor.name
        self._allow(Action.RESTORE, who)
        return restoring.restore(self.database, path, self.folder, who)

    def look_ahead(self, path: Path) -> Outlook:
        """Return what restoring a backup would change."""
        self._allow(Action.RESTORE)
        with self.database.read() as connection:
            return look_ahead(connection, path)

    def verify(self, *, most: int | None = None) -> Verified:
        """Walk every chain of revisions, and compare it with what the backups hold.

        ``most``: in a database of more revisions, about so many of them.
        """
        return verify(self.database, self.folder, most=most)

    def _back_up(self, reason: str) -> Path:
        return rotation.backup_automatically(self.database, self.folder, reason)
