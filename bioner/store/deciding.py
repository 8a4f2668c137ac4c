"""Deciding: the marks that wait, and one choice about many of them."""

from __future__ import annotations

from collections.abc import Sequence

from bioner.access import Action
from bioner.store import decisions, projects, waiting
from bioner.store.decisions import Decision, Ruling, Settled, Settling, TakenBack
from bioner.store.door import Door
from bioner.store.values import new_op, read_in
from bioner.store.waiting import Standing, WaitingMark


class Deciding(Door):
    """What reviewers do about many alike marks at once."""

    def waiting_marks(self, project: str, reviewer: str = "") -> list[WaitingMark]:
        """Return the marks on which nobody has decided, in no order; "my test" is named as such."""
        with self.database.read() as connection:
            return waiting.waiting_marks(connection, projects.find(connection, project), reviewer)

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
        are and counted. A resent ``op`` is saved once.
        """
        self._allow(Action.ANNOTATE, reviewer, *(one.edit.reviewer for one in settlings))
        op = op or new_op()
        clock = self.database.clock
        settled = self._surely(
            read_in([one.edit for one in settlings]),
            lambda c: decisions.decide(c, clock, project, choice, settlings, reviewer, op),
        )
        self._hourly.begin()
        return settled

    def take_back(self, number: int, reviewer: str = "", op: str = "") -> TakenBack:
        """Take a decision back in all its sentences at once, but where others went on since."""
        self._allow(Action.ANNOTATE, reviewer)
        op = op or new_op()
        return self._surely("", lambda c: decisions.take_back(c, number, reviewer, op))

    def decisions(
        self, project: str, reviewer: str = "", *, limit: int | None = None
    ) -> list[Decision]:
        """Return the decisions on record, those taken back among them, newest first."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return decisions.read_decisions(connection, stored, reviewer, limit=limit)
