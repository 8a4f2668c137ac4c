"""Deciding: the marks that wait, and one choice about many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from bioner.access import Action
from bioner.store import decisions, projects, taking_back, waiting
from bioner.store.alike import Waiting, count_alike
from bioner.store.decisions import Decision, Ruling, Settled, Settling, TakenBack
from bioner.store.door import Door
from bioner.store.turns import in_pieces, rested
from bioner.store.values import new_op, read_in
from bioner.store.waiting import Standing, WaitingMark


class Deciding(Door):
    """What reviewers do about many alike marks at once."""

    def waiting_marks(
        self, project: str, reviewer: str = "", only: Sequence[int] | None = None
    ) -> list[WaitingMark]:
        """Return the marks on which nobody has decided, in no order; "my test" is named as such.

        ``only``: those in these sentences.
        """
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return waiting.waiting_marks(connection, stored, reviewer, only)

    def alike(self, project: str, reviewer: str = "") -> Waiting:
        """Count the marks on which nobody has decided, by surface and type."""
        with self.database.read() as connection:
            return count_alike(connection, projects.find(connection, project), reviewer)

    def moment(self, project: str) -> str:
        """Return what is another as soon as other marks may wait in a project.

        It names the generation, the newest import, sentence, revision and change of settings.
        """
        with self.database.read() as connection:
            return waiting.moment(connection, projects.find(connection, project))

    def standing(
        self, project: str, sentences: Sequence[int], reviewer: str = ""
    ) -> list[Standing]:
        """Return these sentences as they stand for a reviewer, in order of id."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return waiting.standing(connection, stored, sentences, reviewer)

    def decided(self, project: str, reviewer: str = "") -> list[int]:
        """Return the begun sentences in which every mark is decided, "my test" left out."""
        with self.database.read() as connection:
            return waiting.decided(connection, projects.find(connection, project), reviewer)

    def decide(
        self,
        project: str,
        choice: Ruling,
        settlings: Sequence[Settling],
        reviewer: str = "",
        op: str = "",
    ) -> Settled:
        """Save the edits of one decision as a batch, and put the decision on record.

        Sentences that somebody else has open, or has changed since they were read, are left as they
        are and counted. Works in pieces, so that others save meanwhile: each piece is in the batch,
        and on record, as soon as it is saved. A resent ``op`` is saved once, and goes on where it
        was cut off.
        """
        self._allow(Action.ANNOTATE, reviewer, *(one.edit.reviewer for one in settlings))
        op = op or new_op()
        clock = self.database.clock
        since = read_in([one.edit for one in settlings])
        settled = Settled()
        for piece in rested(in_pieces(settlings)):

            def work(connection: Connection, some: Sequence[Settling] = piece) -> Settled:
                return decisions.decide(connection, clock, project, choice, some, reviewer, op)

            part = self._surely(since, work)
            settled = replace(
                part, held=settled.held + part.held, changed=settled.changed + part.changed
            )
        self._hourly.begin()
        return settled

    def take_back(self, number: int, reviewer: str = "", op: str = "") -> TakenBack:
        """Take a decision back in all its sentences, but where others went on since.

        Works in pieces, so that others save meanwhile; the decision stands until all are done.
        """
        self._allow(Action.ANNOTATE, reviewer)
        op = op or new_op()
        seqs = self._surely("", lambda c: taking_back.settled_by(c, number, reviewer, op))
        done = 0
        for piece in rested(in_pieces(seqs or ())):

            def work(connection: Connection, some: Sequence[int] = piece) -> int:
                return taking_back.take_back(connection, number, some, reviewer, op)

            done += self._surely("", work)
        sentences = self._surely("", lambda c: taking_back.end(c, number, reviewer, op))
        if seqs is None:
            return TakenBack(number=number, sentences=sentences, kept=0)
        return TakenBack(number=number, sentences=done, kept=len(seqs) - done)

    def decisions(
        self, project: str, reviewer: str = "", *, limit: int | None = None
    ) -> list[Decision]:
        """Return the decisions on record, those taken back among them, newest first."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return decisions.read_decisions(connection, stored, reviewer, limit=limit)
