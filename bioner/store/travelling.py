"""Undo and redo as the store does them: a long batch in pieces, so that others save meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from bioner.store import undo
from bioner.store.door import Door
from bioner.store.turns import PIECE, in_pieces, rested
from bioner.store.undo import Wish
from bioner.store.values import Revision


class Travelling(Door):
    """What goes back and forth in the log."""

    def _travel(self, wish: Wish) -> list[Revision]:
        """Undo or redo; a short batch in one transaction, a long one in pieces.

        A long one is looked through before anything of it is done. What is cut off goes on under
        the same ``op``, or where the next undo is asked for in what is left of the batch.
        """
        with self.database.read() as connection:
            size = undo.size(connection, wish)
        if size <= PIECE:
            return self._surely("", lambda c: undo.undo(c, wish))
        with self.database.read() as connection:
            travel = undo.plan(connection, wish)
        saved: list[Revision] = []
        if travel is None:
            return saved
        for piece in rested(in_pieces(travel.seqs)):

            def work(connection: Connection, some: Sequence[int] = piece) -> list[Revision]:
                return undo.go(connection, travel, some)

            saved += self._surely("", work)
        return saved
