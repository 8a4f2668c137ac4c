"""Whose turn it is to write: in one process, first come, first served; long work in pieces."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

PIECE = 10
"""Sentences are changed so many at a time, in a transaction of some fifty milliseconds."""
PAUSE_S = 0.02
"""After a piece, long work waits half as long as it took, at most this."""


def in_pieces(given: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut into pieces; of nothing one that is empty, which says what was done before."""
    for begin in range(0, max(1, len(given)), PIECE):
        yield given[begin : begin + PIECE]


def rested(pieces: Iterable[T]) -> Iterator[T]:
    """Yield pieces of long work, with a rest after each for the writers of other processes."""
    rest_s = 0.0
    for piece in pieces:
        time.sleep(rest_s)
        began = time.monotonic()
        yield piece
        rest_s = min(PAUSE_S, (time.monotonic() - began) / 2)


class Turns:
    """A lock that is given in the order in which it was asked for; one thread never asks twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, is_needed: bool) -> Iterator[None]:
        """Wait for one's turn and have it while the block lasts; at once where none is needed."""
        if not is_needed:
            yield
            return
        mine = threading.Event()
        with self._lock:
            self._waiting.append(mine)
            if self._waiting[0] is mine:
                mine.set()
        mine.wait()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.popleft()
                if self._waiting:
                    self._waiting[0].set()
