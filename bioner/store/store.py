"""Store: the one door to the annotation database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from copy import copy
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from bioner.access import Action, Actor, operator
from bioner.errors import StoreError
from bioner.settings import Settings
from bioner.spans import Document, Range, Sentence
from bioner.store import (
    agreement,
    copies,
    erasing,
    exporting,
    former,
    items,
    layers,
    leases,
    projects,
    queue,
    resplit,
    restoring,
    revisions,
    training_data,
    undo,
)
from bioner.store import backups as rotation
from bioner.store import documents as incoming
from bioner.store.engine import Database
from bioner.store.events import read_events, record_event
from bioner.store.my_test import TrainedOn, nothing
from bioner.store.outlook import Outlook, look_ahead
from bioner.store.values import (
    Agreement,
    Backup,
    Edit,
    Event,
    EventKind,
    Evidence,
    ExportLayer,
    Layer,
    Layered,
    Occurrence,
    Placement,
    Priority,
    Project,
    QueueFilter,
    QueueRow,
    ReviewItem,
    ReviewProgress,
    Revision,
    StatusFilter,
    UnsureError,
    Usable,
    new_op,
)
from bioner.store.verifying import Verified, verify

_ANY = QueueFilter()
T = TypeVar("T")
_RECORDED: Mapping[EventKind, Action] = {
    "import": Action.IMPORT,
    "export": Action.EXPORT,
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


class Store:
    """Projects, documents, layers and revisions in one database; safe to share between threads.

    What a method has returned is on disk: SQLite runs in WAL mode with full synchronisation. Each
    method is one transaction. Whatever writes asks first whether its ``actor`` may; ``acting``
    gives the same store in another's hands. Raises StoreError for what a person can mend,
    AccessError for what the actor may not do.
    """

    def __init__(self, url: str, backups: Path, *, actor: Actor | None = None) -> None:
        self.actor = actor or operator()
        self.database = Database(url)
        self.folder = backups
        restoring.refuse_if_gone(self.database, backups)
        is_new = not self.database.version()
        self.database.migrate(lambda: self._back_up("migration"))
        self._hourly = rotation.Hourly(self.database, backups)
        if not is_new:
            self._hourly.run_quietly()

    def close(self) -> None:
        """Close the database's connections, after a backup that may be under way."""
        self._hourly.wait()
        self.database.close()

    @property
    def place(self) -> str:
        """Where the database is, for a message, without a password."""
        return self.database.place

    def acting(self, actor: Actor) -> Store:
        """Return this store in the hands of an actor; both share the database."""
        other = copy(self)
        other.actor = actor
        return other

    def _allow(self, action: Action, *reviewers: str) -> None:
        """Raise AccessError unless the actor may do this, and write under these names."""
        self.actor.require(action)
        for name in reviewers:
            self.actor.require_name(name)

    def _allow_in(self, action: Action, stored: projects.StoredProject) -> None:
        """Raise AccessError unless the actor may do this in this project."""
        project = stored.project
        self.actor.require(action, project.reviewers, where=f"project {project.name!r}")

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

    def progress(self, project: str, reviewer: str = "") -> ReviewProgress:
        """Return how far a project is: of the shared copy, or of this reviewer's own."""
        with self.database.read() as connection:
            return queue.progress(connection, projects.find(connection, project), reviewer)

    def events(self, project: str | None = None, *, limit: int = 100) -> list[Event]:
        """Return what was done to a project, or to all and the database itself, newest first."""
        with self.database.read() as connection:
            return read_events(connection, project, limit)

    def record(
        self, kind: EventKind, *, project: str = "", who: str = "", after: Mapping[str, object]
    ) -> None:
        """Record that something was done outside of the database: an export, a promotion, a job."""
        who = who or self.actor.name
        self._allow(_RECORDED[kind], who)
        with self.database.write() as connection:
            record_event(connection, kind, project=project, who=who, after=after)

    # Documents

    def import_documents(
        self,
        project: str,
        documents: Iterable[Document],
        *,
        as_layer: Layer = "prediction",
        model: str = "",
        schema: str = "",
        covers: frozenset[str] | None = None,
        source: str = "",
        trained: TrainedOn = nothing,
    ) -> Placement:
        """Place documents and their mentions; a document that is there already gets only the layer.

        Works in pieces, each a transaction, so that others save meanwhile: what is placed stays if
        a later piece fails, and importing the same again places the rest.

        In a project with enough text one document in five (by a hash of its words) is set aside as
        "my test", for good, unless a model knows it: ``trained`` gives the fingerprints of what
        models were trained on. ``model`` and ``schema`` (its fingerprint) say who made a
        prediction; importing the same model's again replaces it. ``covers`` overrides what the
        project looks for. Nothing is dropped silently: the report counts all and names each reject.
        """
        return self._import(
            project,
            incoming.incoming_documents(documents),
            incoming.Origin(as_layer, model, schema, source, covers, trained),
        )

    def import_sentences(
        self,
        project: str,
        sentences: Iterable[Sentence],
        *,
        as_layer: Layer = "prediction",
        model: str = "",
        schema: str = "",
        covers: frozenset[str] | None = None,
        source: str = "",
        trained: TrainedOn = nothing,
    ) -> Placement:
        """Place corpus sentences as one-sentence documents; their tokens and covers are kept."""
        return self._import(
            project,
            incoming.incoming_sentences(sentences),
            incoming.Origin(as_layer, model, schema, source, covers, trained),
        )

    def _import(
        self, project: str, given: Iterable[incoming.Incoming], origin: incoming.Origin
    ) -> Placement:
        with self.database.read() as connection:
            self._allow_in(Action.IMPORT, projects.find(connection, project))
        return incoming.import_in_pieces(self.database, project, origin, given)

    def texts(self, project: str, names: Sequence[str]) -> dict[str, str | None]:
        """Return the texts of those documents that the project has; None for an erased one."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return incoming.read_texts(connection, stored.id, names)

    def export_documents(
        self,
        project: str,
        *,
        layer: ExportLayer = "shown",
        model: str = "",
        only_reviewed: bool = False,
        with_covers: bool = False,
    ) -> list[Document]:
        """Return the documents with a layer's mentions; ``shown`` is what the reviewer sees.

        Nested, overlapping and discontinuous mentions and attributes come out as they went in, and
        so do the relations whose mentions are there; reviewed mentions have the status
        ``reviewed``. ``with_covers`` adds what was looked for, in the project and in the sentences
        where it was something else, as attributes.
        """
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            self._allow_in(Action.EXPORT, stored)
            return list(
                exporting.export_documents(
                    connection,
                    stored,
                    layer,
                    model,
                    only_reviewed=only_reviewed,
                    with_covers=with_covers,
                )
            )

    def erase_document(
        self, project: str, document: str, reviewer: str, *, in_backups: bool = True
    ) -> Revision:
        """Remove a document's text and the content of all its revisions, and record that.

        Every copy in the folder of the backups is erased from too, unless ``in_backups`` is False;
        copies elsewhere are the person's own to erase, and a PostgreSQL server keeps the old rows
        in its files until it vacuums them and in its log until that is recycled. Nobody writes and
        no backup is made meanwhile. What could not be finished is named by a StoreError, and
        finished by erasing the document once more. Only a curator may.
        """
        self._allow(Action.ERASE, reviewer)
        with rotation.locked(self.folder):
            with self.database.write(alone=True) as connection:
                revision = erasing.erase(connection, project, document, reviewer, new_op())
            self.database.forget_free_pages()
            rotation.sweep(self.folder, self.database.file)
            if in_backups:
                erasing.erase_in_backups(self.folder, project, document, self.database.put_aside())
        return revision

    def resplit(
        self, project: str, document: str, ranges: Sequence[Range], reviewer: str
    ) -> list[int]:
        """Give a document other sentence ranges and return the items' ids; mentions move along.

        Items whose range stays keep their id and verdict; changed ones with corrections are open
        again. Raises StoreError for ranges that overlap, leave the text, or cut or drop a mention.
        """
        self._allow(Action.ANNOTATE, reviewer)
        with self.database.write() as connection:
            return resplit.resplit(connection, project, document, ranges, reviewer, new_op())

    def undo_resplit(self, project: str, document: str, reviewer: str) -> list[int]:
        """Take back the newest change of a document's sentences and return the items' ids.

        Marks stay as they are now; a sentence whose marks are those of before has its verdict
        again. Raises StoreError where there is no change left, or where a mention would be cut.
        """
        self._allow(Action.ANNOTATE, reviewer)
        with self.database.write() as connection:
            return resplit.undo_resplit(connection, project, document, reviewer, new_op())

    def successor(self, item: int) -> int | None:
        """Return the item itself, or where it begins now if its sentence was split or joined."""
        with self.database.read() as connection:
            return former.successor(connection, item)

    # The queue

    def queue(
        self,
        project: str,
        *,
        reviewer: str = "",
        filters: QueueFilter = _ANY,
        limit: int = 20,
        after: int | None = None,
    ) -> list[QueueRow]:
        """Return a page of the queue, best first; ``after`` is the last item of the page before."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return queue.rows(connection, stored, reviewer, filters, limit, after)

    def set_priorities(self, project: str, priorities: Iterable[Priority]) -> int:
        """Give items their place in the queue with its named reasons; return how many.

        Works in pieces, so that nobody who saves an edit has to wait.
        """
        stream, given = iter(priorities), 0
        while part := list(islice(stream, queue.PIECE)):
            with self.database.write() as connection:
                stored = projects.find(connection, project)
                self._allow_in(Action.PRIORITIES, stored)
                given += queue.set_priorities(connection, stored.id, part)
        return given

    def layered(
        self,
        project: str,
        *,
        status: StatusFilter = "waiting",
        documents: Iterable[str] | None = None,
    ) -> Iterator[Layered]:
        """Yield the items with their layers as flat Sentences, a page at a time, in order of id.

        Of these ``documents`` alone, if they are named.
        """
        names = None if documents is None else iter(dict.fromkeys(documents))
        while names is None or (some := list(islice(names, queue.PIECE))):
            after = 0
            while True:
                with self.database.read() as connection:
                    stored = projects.find(connection, project)
                    page = layers.layered_page(
                        connection, stored, status, after, None if names is None else some
                    )
                if not page:
                    break
                yield from page
                after = page[-1].item
            if names is None:
                return

    def claim_next(
        self,
        project: str,
        reviewer: str,
        *,
        filters: QueueFilter = _ANY,
        after: int | None = None,
    ) -> ReviewItem | None:
        """Reserve and return the best item that nobody else has open; None if there is none.

        Who may only read gets the best item and reserves none.
        """
        if not self._reserves(reviewer):
            best = self.queue(project, reviewer=reviewer, filters=filters, limit=1, after=after)
            return self.open_item(best[0].item, reviewer, claim=False) if best else None
        with self.database.write() as connection:
            stored = projects.find(connection, project)
            item = leases.claim_next(
                connection, self.database.clock, stored, reviewer, filters, after
            )
            if item is None:
                return None
            return items.read_item(connection, self.database.clock, item, reviewer)

    def open_item(self, item: int, reviewer: str = "", *, claim: bool = True) -> ReviewItem:
        """Return one item; with ``claim``, reserve it unless somebody else has (``claimed_by``)."""
        if not claim or not self._reserves(reviewer):
            with self.database.read() as connection:
                return items.read_item(connection, self.database.clock, item, reviewer)
        with self.database.write() as connection:
            leases.claim(connection, self.database.clock, item, reviewer)
            return items.read_item(connection, self.database.clock, item, reviewer)

    def renew(self, item: int, reviewer: str) -> bool:
        """Extend the reservation by ten minutes; False if somebody else has the item open."""
        if not self._reserves(reviewer):
            return True
        with self.database.write() as connection:
            return leases.claim(connection, self.database.clock, item, reviewer)

    def release(self, item: int, reviewer: str) -> None:
        """Give back an item that this reviewer has reserved."""
        if not self._reserves(reviewer):
            return
        with self.database.write() as connection:
            leases.release(connection, item, reviewer)

    def _reserves(self, reviewer: str) -> bool:
        """Tell whether the actor's reading keeps others away, under no name but their own."""
        self.actor.require_name(reviewer)
        return self.actor.may(Action.ANNOTATE)

    def items_of(self, project: str, document: str) -> list[int]:
        """Return the ids of a document's items, in the order of the text."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return items.items_of(connection, stored.id, document)

    def occurrences(
        self, project: str, surface: str, *, document: str = "", limit: int = 200
    ) -> list[Occurrence]:
        """Return where a surface occurs as whole words (case kept), in one document or all."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return items.occurrences(connection, stored, surface, document, limit)

    # Revisions

    def save(self, edit: Edit) -> Revision:
        """Save one edit and return its revision; it is on disk when this returns.

        Raises StaleEditError (with ``.revision``) if somebody saved a newer revision of the item,
        StoreError if the text is not what the reviewer saw. A resent ``op`` is saved once.
        """
        return self.save_all((edit,))[0]

    def save_all(self, edits: Sequence[Edit]) -> list[Revision]:
        """Save several edits, all or none; edits of one item in one call build upon each other."""
        self._allow(Action.ANNOTATE, *(edit.reviewer for edit in edits))
        read_in = {edit.generation for edit in edits if edit.generation}
        since = read_in.pop() if len(read_in) == 1 else ""
        saved = self._surely(since, lambda connection: revisions.save(connection, edits))
        self._hourly.begin()
        return saved

    def _surely(self, since: str, work: Callable[[Connection], T]) -> T:
        """Do what carries its own operation id; where the connection broke at the end, ask again.

        What was saved after all is found by its id, and what was not is saved now.
        """
        try:
            with self.database.write(since=since) as connection:
                return work(connection)
        except UnsureError:
            with self.database.write(since=since) as connection:
                return work(connection)

    def undo(
        self, item: int, reviewer: str = "", op: str = "", session: str = ""
    ) -> list[Revision]:
        """Take back the item's last change, with its whole batch, by new revisions; [] if none."""
        self._allow(Action.ANNOTATE, reviewer)
        op = op or new_op()
        return self._surely(
            "", lambda c: undo.undo(c, item, reviewer, op, session=session, redo=False)
        )

    def redo(
        self, item: int, reviewer: str = "", op: str = "", session: str = ""
    ) -> list[Revision]:
        """Make again what was last undone; [] if nothing is."""
        self._allow(Action.ANNOTATE, reviewer)
        op = op or new_op()
        return self._surely(
            "", lambda c: undo.undo(c, item, reviewer, op, session=session, redo=True)
        )

    def can_undo(self, item: int, reviewer: str = "") -> tuple[bool, bool]:
        """Tell whether there is something to undo, and something to redo."""
        with self.database.read() as connection:
            return undo.can_undo(connection, item, reviewer)

    def restore_revision(
        self, seq: int, reviewer: str = "", op: str = "", session: str = ""
    ) -> Revision:
        """Bring an item back to what it was just after revision ``seq``, by a new revision."""
        self._allow(Action.ANNOTATE, reviewer)
        op = op or new_op()
        return self._surely("", lambda c: revisions.restore(c, seq, reviewer, op, session=session))

    def history(self, item: int) -> list[Revision]:
        """Return the revisions that touched an item's text, newest first."""
        with self.database.read() as connection:
            return revisions.history(connection, item)

    def adjudicate(self, item: int, reviewer: str, chosen: str, op: str = "") -> Revision:
        """Make one reviewer's copy the shared one: a curator's choice in an independent project."""
        self._allow(Action.ADJUDICATE, reviewer)
        op = op or new_op()
        return self._surely("", lambda c: revisions.adjudicate(c, item, reviewer, chosen, op))

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

    def agreement(self, project: str, a: str, b: str) -> Agreement:
        """Compare two reviewers of an independent project on the items that both have reviewed."""
        with self.database.read() as connection:
            return agreement.agreement(connection, projects.find(connection, project), a, b)

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
        return rotation.list_backups(self.folder)

    def restore(self, path: Path, reviewer: str = "") -> Path:
        """Put a backup in the place of the present content, all or nothing.

        The present is backed up first; its path is returned. What was done is the first event of
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

    def verify(self) -> Verified:
        """Walk every chain of revisions, and compare it with what the backups hold."""
        return verify(self.database, self.folder)

    def _back_up(self, reason: str) -> Path:
        return rotation.backup_automatically(self.database, self.folder, reason)
