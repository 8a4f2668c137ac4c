"""Bulk work on this machine: a process a worker; a killed one is replaced, its item tried again."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 3
"""How often an item is begun whose worker dies."""
TICK_S = 1.0


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int,
    tick: Callable[[], None],
) -> Iterator[tuple[Item, Result | None, str]]:
    """Do each item's work in one of so many processes; yield (item, result, why there is none).

    An error in the work is its item's alone. Processes that are killed are replaced; what they
    were at is begun again, at most three times. They end with this process, however it ends.
    """
    left = list(range(len(items)))
    tries: Counter[int] = Counter()
    while left:
        broken: list[int] = []
        with _pool(workers) as pool:
            waiting: dict[Future[Result], int] = {}
            while left or waiting:
                while left and len(waiting) < workers and not broken:
                    number = left.pop(0)
                    tries[number] += 1
                    waiting[pool.submit(work, items[number])] = number
                if not waiting:
                    break
                done, _ = wait(waiting, timeout=TICK_S, return_when=FIRST_COMPLETED)
                tick()
                for future in done:
                    number = waiting.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool):
                        broken.append(number)
                    else:
                        yield items[number], *_answer(future)
        for number in broken:
            if tries[number] < TRIES:
                left.append(number)
            else:
                yield items[number], None, "its worker was killed each time, perhaps for memory"
        if broken:
            time.sleep(0.1)


def _answer(future: Future[Result]) -> tuple[Result | None, str]:
    error = future.exception()
    if error is None:
        return future.result(), ""
    return None, f"{type(error).__name__}: {error}"


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_end_with,
        initargs=(os.getpid(),),
    )


def _end_with(parent: int) -> None:
    """End this process when its parent is gone: killed, it cannot say so itself."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(TICK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
