"""What curators do: compare reviewers' versions, take of them for the shared copy, take back."""

from __future__ import annotations

from collections.abc import Sequence

from bioner.access import Action
from bioner.store import agreement, curations, projects
from bioner.store.curations import Curated, Curating, Curation
from bioner.store.door import Door
from bioner.store.evidence import Agreement, SideBySide
from bioner.store.values import Revision, new_op, read_in


class Curators(Door):
    """What curators of an independent project do: compare its reviewers, choose, take back."""

    def agreement(self, project: str, a: str, b: str) -> Agreement:
        """Compare two reviewers of an independent project on the items that both have reviewed."""
        with self.database.read() as connection:
            return agreement.agreement(connection, projects.find(connection, project), a, b)

    def side_by_side(self, project: str, item: int = 0) -> list[SideBySide]:
        """Return the reviewed sentences with every reviewer's version, in the order of the texts.

        ``item``: that sentence alone.
        """
        with self.database.read() as connection:
            return agreement.side_by_side(connection, projects.find(connection, project), item)

    def curate(self, chosen: Sequence[Curating], reviewer: str, op: str = "") -> Curated:
        """Save what a curator took of reviewers' versions as the shared copy, as one batch.

        Sentences that somebody has changed or curated since they were read are left as they are. A
        resent ``op`` is saved once.
        """
        self._allow(Action.ADJUDICATE, reviewer)
        op = op or new_op()
        since = read_in([one.edit for one in chosen])
        return self._surely(since, lambda c: curations.curate(c, chosen, reviewer, op))

    def curations(self, project: str, *, limit: int = 20) -> list[Curation]:
        """Return the curations that stand, newest first; those made in one batch are one."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return curations.curations(connection, stored, limit=limit)

    def undo_curation(self, item: int, reviewer: str, op: str = "") -> list[Revision]:
        """Take the newest curation of a sentence back, with its whole batch; [] if there is none.

        Raises StaleEditError, and does nothing, where one of the batch was curated anew since.
        """
        self._allow(Action.ADJUDICATE, reviewer)
        op = op or new_op()
        return self._surely("", lambda c: curations.undo_curation(c, item, reviewer, op))
