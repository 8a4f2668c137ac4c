"""The processes of one training run (torchrun, accelerate): which is the first, and agreeing.

With one process, the usual case, nothing here does anything.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from bioner.errors import Stopped
from bioner.machine import Device
from bioner.settings import read_launched
from bioner.training.progress import BETWEEN

PATIENCE = timedelta(hours=6)
"""How long the others wait while the first scores or saves: longer than any of that takes."""

Made = TypeVar("Made")
_group: Any = None
_is_at_once = False


def count() -> int:
    """Return how many processes train together."""
    launched = read_launched()
    return launched.count if launched else 1


def rank() -> int:
    """Return the number of this process, from 0."""
    launched = read_launched()
    return launched.rank if launched else 0


def is_first() -> bool:
    """Return whether this process is the one that reports, scores, saves and writes."""
    return rank() == 0


def join(device: Device) -> None:
    """Meet the other processes, on GPUs each with a card of its own."""
    global _group
    launched = read_launched()
    if launched is None or launched.count == 1 or _group is not None:
        return
    import torch
    from torch import distributed

    if device is Device.CUDA:
        torch.cuda.set_device(launched.local_rank)
    if not distributed.is_initialized():
        distributed.init_process_group(
            "nccl" if device is Device.CUDA else "gloo", timeout=PATIENCE
        )
    _group = distributed.new_group(backend="gloo", timeout=PATIENCE)


def leave() -> None:
    """Part from the other processes; without this they would warn."""
    global _group
    if _group is not None:
        from torch import distributed

        distributed.destroy_process_group()
        _group = None


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Let a signal stop what is in this block wherever it is: it writes nothing by halves.

    Where something in it takes the error for one of its own, the request stands all the same.
    """
    global _is_at_once
    _is_at_once = True
    try:
        yield
    finally:
        _is_at_once = False


def first_before_others(work: Callable[[], Made]) -> Made:
    """Do the work on the first process, then on the others: they find what it has written."""
    if not is_first():
        wait()
    made = work()
    if is_first():
        wait()
    return made


def wait() -> None:
    """Wait until every process is here."""
    if _group is not None:
        from torch import distributed

        distributed.barrier(group=_group)


def any_of(claim: bool) -> bool:
    """Return, on every process alike, whether the claim is true on one of them."""
    return total(int(claim)) > 0


def total(number: int) -> int:
    """Return, on every process alike, the sum of their numbers."""
    if _group is None:
        return number
    import torch
    from torch import distributed

    numbers = torch.tensor(number, dtype=torch.int64)
    distributed.all_reduce(numbers, group=_group)
    return int(numbers)


def stop_on_signal() -> Callable[[], bool]:
    """Turn SIGTERM and SIGINT into a request to stop after the running step, or ``at_once``."""
    asked = False

    def remember(_signal: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        if _is_at_once:
            raise Stopped(BETWEEN)

    signal.signal(signal.SIGTERM, remember)
    signal.signal(signal.SIGINT, remember)
    return lambda: asked
