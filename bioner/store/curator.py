"""What curators do: compare reviewers' versions, take of them for the shared copy, take back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from bioner.access import Action
from bioner.store import agreement, curations, projects
from bioner.store.curations import Curated, Curating, Curation
from bioner.store.evidence import Agreement, SideBySide
from bioner.store.failures import StaleEditError
from bioner.store.travelling import Travelling
from bioner.store.turns import in_pieces, rested
from bioner.store.undo import Wish
from bioner.store.values import Revision, new_op, read_in


class Curators(Travelling):
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

        Sentences that somebody has changed or curated since they were read are left as they are.
        Works in pieces, so that others save meanwhile: each is in the batch as soon as it is saved.
        A resent ``op`` is saved once, and goes on where it was cut off.
        """
        self._allow(Action.ADJUDICATE, reviewer)
        op = op or new_op()
        batch = op if len(chosen) > 1 else ""
        since = read_in([one.edit for one in chosen])
        saved: list[Revision] = []
        overtaken: list[StaleEditError] = []
        for piece in rested(in_pieces(chosen)):

            def work(connection: Connection, some: Sequence[Curating] = piece) -> Curated:
                return curations.curate(connection, some, reviewer, op, batch=batch)

            part = self._surely(since, work)
            saved += part.revisions
            overtaken += part.overtaken
        return Curated(revisions=tuple(saved), overtaken=tuple(overtaken))

    def curations(self, project: str, *, limit: int = 20) -> list[Curation]:
        """Return the curations that stand, newest first; those made in one batch are one."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return curations.curations(connection, stored, limit=limit)

    def undo_curation(
        self, item: int, reviewer: str, op: str = "", *, seen: int = 0
    ) -> list[Revision]:
        """Take the newest curation of a sentence back, with its whole batch; [] if there is none.

        ``seen``: its revision, as somebody looks at it. Raises StaleEditError, and does nothing,
        where the newest is another, or one of the batch was curated anew since. A long batch goes
        in pieces, as for ``undo``.
        """
        self._allow(Action.ADJUDICATE, reviewer)
        with self.database.read() as connection:
            curations.allow_undo(connection, item, reviewer)
        wish = Wish(
            item=item, reviewer=reviewer, op=op or new_op(), track=curations.SHARED, seen=seen
        )
        return self._travel(wish)
