"""Reviewing: the queue, what is open in whose hands, and the revisions that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection

from bioner.access import Action
from bioner.store import items, layers, leases, projects, queue, revisions, undo
from bioner.store.evidence import Layered
from bioner.store.failures import StaleEditError
from bioner.store.queue_items import (
    Occurrence,
    Priority,
    QueueFilter,
    QueueRow,
    ReviewItem,
    StatusFilter,
)
from bioner.store.travelling import Travelling
from bioner.store.turns import PIECE, in_pieces, rested
from bioner.store.undo import Wish
from bioner.store.values import Edit, Revision, new_op, read_in

_ANY = QueueFilter()


class Reviewing(Travelling):
    """What reviewers do: take the next sentence, save what they changed, undo, look back."""

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

    def save(self, edit: Edit) -> Revision:
        """Save one edit and return its revision; it is on disk when this returns.

        Raises StaleEditError (with ``.revision``) if somebody saved a newer revision of the item,
        StoreError if the text is not what the reviewer saw. A resent ``op`` is saved once.
        """
        return self.save_all((edit,))[0]

    def save_all(self, edits: Sequence[Edit]) -> list[Revision]:
        """Save several edits; those of one item in one call build upon each other.

        Few are saved all or none. Many go in pieces, so that others save meanwhile: none is saved
        where one would be refused at the beginning; what somebody changes after that stays as they
        have it, and is raised as StaleEditError once all others are saved. Where it was cut off,
        the same edits go on by their ``op``.
        """
        self._allow(Action.ANNOTATE, *(edit.reviewer for edit in edits))
        since = read_in(edits)
        if len(edits) <= PIECE:
            saved = self._surely(since, lambda connection: revisions.save(connection, edits))
        else:
            saved = self._save_in_pieces(edits, since)
        self._hourly.begin()
        return saved

    def _save_in_pieces(self, edits: Sequence[Edit], since: str) -> list[Revision]:
        with self.database.read() as connection:
            revisions.refuse(connection, edits)
        saved: list[Revision] = []
        overtaken: list[StaleEditError] = []
        own: dict[tuple[int, str], int] = {}
        for piece in rested(in_pieces(edits)):

            def work(
                connection: Connection, some: Sequence[Edit] = piece
            ) -> list[Revision | StaleEditError]:
                return revisions.save_each(connection, some, own)

            for edit, done in zip(piece, self._surely(since, work), strict=True):
                if isinstance(done, StaleEditError):
                    overtaken.append(done)
                else:
                    own[edit.item, done.track] = done.seq
                    saved.append(done)
        if overtaken:
            raise StaleEditError(
                f"{overtaken[0]}; the other {len(saved):,} sentences are saved",
                overtaken[0].revision,
            )
        return saved

    def undo(
        self, item: int, reviewer: str = "", op: str = "", session: str = ""
    ) -> list[Revision]:
        """Take back the item's last change, with its whole batch, by new revisions; [] if none.

        Raises StaleEditError, and does nothing, where one of the batch was changed since. A long
        batch goes in pieces, so that others save meanwhile; a resent ``op`` goes on where it was
        cut off, and so does the next undo in a sentence that is left.
        """
        self._allow(Action.ANNOTATE, reviewer)
        wish = Wish(item=item, reviewer=reviewer, op=op or new_op(), session=session)
        return self._travel(wish)

    def redo(
        self, item: int, reviewer: str = "", op: str = "", session: str = ""
    ) -> list[Revision]:
        """Make again what was last undone; [] if nothing is."""
        self._allow(Action.ANNOTATE, reviewer)
        wish = Wish(item=item, reviewer=reviewer, op=op or new_op(), session=session, redo=True)
        return self._travel(wish)

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
