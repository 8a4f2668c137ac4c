"""A long request lets the short ones go first, and is not held for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from bioner.conventions import Conventions, Told
from bioner.progress import OnProgress, Progress
from bioner.serve import queue
from bioner.serve.queue import Limits, TagQueue
from bioner.spans import Document


class Tagger:
    """Works at a long text piece by piece, and at a short one until it is let go."""

    name = backend = "fake"
    types = ("Gene",)
    conventions = Conventions()

    def __init__(self) -> None:
        self.pieces = 0
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def tag_documents(
        self,
        documents: Sequence[Document],
        *,
        convention: Told = "any",
        progress: OnProgress | None = None,
    ) -> list[Document]:
        if len(documents[0].text) < 100:
            assert self.may_end.wait(20)
            return list(documents)
        assert progress is not None
        for number in range(40):
            time.sleep(0.01)
            self.pieces += 1
            self.has_begun.set()
            progress(Progress(number, 40))
        return list(documents)


def test_a_long_request_waits_between_two_pieces_while_a_short_one_is_unanswered(
    monkeypatch,
) -> None:
    monkeypatch.setattr(queue, "GIVES_WAY_S", 5.0)
    tagger = Tagger()
    waiting = TagQueue(lambda: tagger, Limits(long_characters=100))
    long = waiting.submit([Document("a", "a" * 200)])
    assert tagger.has_begun.wait(10)
    short = waiting.submit([Document("b", "b")])
    time.sleep(0.1)
    then = tagger.pieces
    time.sleep(0.3)
    assert tagger.pieces == then
    tagger.may_end.set()
    assert short.answer.result(10)
    assert long.answer.result(10)
    assert tagger.pieces == 40
    waiting.close()


def test_a_long_request_is_not_held_for_ever_by_short_ones(monkeypatch) -> None:
    monkeypatch.setattr(queue, "GIVES_WAY_S", 0.01)
    tagger = Tagger()
    waiting = TagQueue(lambda: tagger, Limits(long_characters=100))
    short = waiting.submit([Document("b", "b")])
    long = waiting.submit([Document("a", "a" * 200)])
    assert long.answer.result(10)
    assert not short.answer.done()
    tagger.may_end.set()
    waiting.close()
