"""Who waits for the tagger, and for how long: short requests together, long ones in turns."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from bioner.conventions import ANY, Conventions, Told
from bioner.errors import BionerError
from bioner.progress import OnProgress, Progress
from bioner.spans import Document


class DocumentTagger(Protocol):
    """What the service asks of a tagger: documents in, documents with predicted mentions out.

    ``progress`` is told after each piece of the work, and may end it by raising.
    """

    name: str
    backend: str
    types: tuple[str, ...]
    conventions: Conventions

    def tag_documents(
        self,
        documents: Sequence[Document],
        *,
        convention: Told = ANY,
        progress: OnProgress | None = None,
    ) -> list[Document]: ...


@dataclass(frozen=True)
class Limits:
    """What one request may ask for, how many may wait, and how long a client may keep silent.

    ``long_characters``: from here on a request is long. ``long_at_once`` of these share the machine
    piece by piece. ``patience_s``: seconds for a request's head, for its body, and for taking each
    part of the answer.
    """

    body_bytes: int = 4_000_000
    texts: int = 1_000
    waiting: int = 128
    batch_characters: int = 200_000
    long_characters: int = 20_000
    long_at_once: int = 4
    patience_s: float = 30.0


class RequestError(BionerError):
    """A request that cannot be answered; ``status`` is its HTTP status code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Left(BionerError):
    """The client has gone: nobody waits for this work any more."""


class Work:
    """Documents of one request, their answer to come, and whether somebody still waits for it.

    ``convention`` says whose rules of marking hold for them.
    """

    def __init__(self, documents: list[Document], convention: str = ANY) -> None:
        self.documents = documents
        self.convention = convention
        self.answer: Future[list[Document]] = Future()
        self._left = threading.Event()

    @property
    def characters(self) -> int:
        """How long the texts are together."""
        return sum(len(one.text) for one in self.documents)

    @property
    def has_left(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._left.is_set()

    def leave(self) -> None:
        """Say that nobody waits any more: work that waits is dropped, what runs ends soon."""
        self._left.set()
        self.answer.cancel()


class Turns:
    """Lets those that work at the same time go on one piece each, in the order in which they ask.

    A plain lock would let whoever has just put it down take it up again.
    """

    def __init__(self) -> None:
        self._asking: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for the turn."""
        mine = threading.Event()
        with self._lock:
            self._asking.append(mine)
            if len(self._asking) == 1:
                mine.set()
        mine.wait()

    def give(self) -> None:
        """Let the next one go on."""
        with self._lock:
            self._asking.popleft()
            if self._asking:
                self._asking[0].set()


GIVES_WAY_S = 0.5
"""So long at most a long request waits, between two pieces, for the short ones to be answered."""


class TagQueue:
    """Takes requests from the event loop and tags them in threads.

    Short requests have a thread of their own, which tags together what waits; so none of them waits
    for a long one. Long requests take turns, piece by piece, so that none of them holds another.
    The tagger is loaded on first need; a model that is missing is looked for again at the next
    request.
    """

    def __init__(self, load: Callable[[], DocumentTagger], limits: Limits) -> None:
        self._load = load
        self._limits = limits
        self._short: deque[Work] = deque()
        self._long = 0
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._turns = Turns()
        self._count = threading.Lock()
        self._unanswered = 0
        self._is_calm = threading.Event()
        self._is_calm.set()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="tag")
        self._long_workers = ThreadPoolExecutor(limits.long_at_once, thread_name_prefix="tag-long")
        self._tagger: DocumentTagger | None = None

    def ready(self) -> Future[DocumentTagger]:
        """Return the tagger, at once if it is loaded; the future raises ModelError if it is not."""
        if self._tagger is None:
            return self._worker.submit(self._loaded)
        at_once: Future[DocumentTagger] = Future()
        at_once.set_result(self._tagger)
        return at_once

    def submit(self, documents: list[Document], convention: str = ANY) -> Work:
        """Queue documents for tagging. Raises RequestError (503) where too many requests wait."""
        work = Work(documents, convention)
        is_long = work.characters >= self._limits.long_characters
        with self._lock:
            beyond = self._long - self._limits.long_at_once if is_long else len(self._short)
            if beyond >= self._limits.waiting:
                raise RequestError(503, "too many requests are waiting; try again in a moment")
            if is_long:
                self._long += 1
            else:
                self._short.append(work)
                with self._count:
                    self._unanswered += 1
                    self._is_calm.clear()
                work.answer.add_done_callback(self._note_answer)
        if is_long:
            self._long_workers.submit(self._work_long, work)
        else:
            self._worker.submit(self._work_short)
        return work

    def _note_answer(self, _answer: Future[list[Document]]) -> None:
        with self._count:
            self._unanswered -= 1
            if not self._unanswered:
                self._is_calm.set()

    def close(self) -> None:
        """Finish what was taken on, then let the threads go."""
        self._worker.shutdown(wait=True)
        self._long_workers.shutdown(wait=True)

    def _loaded(self) -> DocumentTagger:
        with self._loading:
            if self._tagger is None:
                self._tagger = self._load()
            return self._tagger

    def _take(self) -> list[Work]:
        taken: list[Work] = []
        characters = 0
        with self._lock:
            while self._short and (not taken or characters < self._limits.batch_characters):
                work = self._short.popleft()
                if work.answer.set_running_or_notify_cancel():
                    taken.append(work)
                    characters += work.characters
        return taken

    def _work_short(self) -> None:
        taken = self._take()
        if taken:
            self._tag(taken, lambda _: _stop_if_all_left(taken))

    def _work_long(self, work: Work) -> None:
        def next_piece(_progress: Progress) -> None:
            _stop_if_all_left([work])
            self._turns.give()
            self._is_calm.wait(GIVES_WAY_S)
            self._turns.take()

        try:
            if work.answer.set_running_or_notify_cancel():
                self._turns.take()
                try:
                    self._tag([work], next_piece)
                finally:
                    self._turns.give()
        finally:
            with self._lock:
                self._long -= 1

    def _tag(self, taken: list[Work], heard: OnProgress) -> None:
        try:
            documents = [one for work in taken for one in work.documents]
            told = [work.convention for work in taken for _ in work.documents]
            found = self._loaded().tag_documents(documents, convention=told, progress=heard)
            tagged = iter(found)
            for work in taken:
                work.answer.set_result([next(tagged) for _ in work.documents])
        except BaseException as error:
            for work in taken:
                if not work.answer.done():
                    work.answer.set_exception(error)
            if not isinstance(error, Exception):
                raise


def _stop_if_all_left(taken: Sequence[Work]) -> None:
    if all(work.has_left for work in taken):
        raise Left("the client has gone")
