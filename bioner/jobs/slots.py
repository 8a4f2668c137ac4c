"""The slots of this machine's devices: one a GPU, one for the CPU, held while a job computes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bioner.machine import (
    gpus,
)

if TYPE_CHECKING:
    pass


def take_slots(jobs: Path, device: str, count: int = 1) -> dict[str, int] | None:
    """Lock ``count`` slots of a device, for the CPU its one: slot name → open lock file.

    The worker inherits the open files, so a slot stays taken while either process lives. None when
    too few are free.
    """
    names = ["cpu"] if device == "cpu" else [f"cuda-{card.index}" for card in gpus()]
    wanted = 1 if device == "cpu" else count
    taken: dict[str, int] = {}
    for name in names:
        handle = os.open(jobs / f".device-{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            continue
        taken[name] = handle
        if len(taken) == wanted:
            return taken
    for handle in taken.values():
        os.close(handle)
    return None
