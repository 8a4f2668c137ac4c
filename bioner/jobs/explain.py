"""Why a worker ended badly, and how to mend it."""

from __future__ import annotations

import signal

from bioner.jobs.folder import JobSpec
from bioner.jobs.log import RESUMED
from bioner.jobs.specs import option
from bioner.processes import KILLED

_MEMORY_SIGNS = (
    "MemoryError",
    "OutOfMemoryError",
    "out of memory",
    "Cannot allocate memory",
    "can't allocate memory",
    "std::bad_alloc",
)


def explain(
    code: int, log: str, spec: JobSpec, *, said: str = "", killed_for_memory: bool = False
) -> tuple[str, str]:
    """Say why a worker ended badly and how to mend it, from its exit code and last log lines."""
    log = log.rpartition(RESUMED)[2]
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    if any(sign in log for sign in _MEMORY_SIGNS) or killed_for_memory or "CUDA error: out" in log:
        where = "the GPU" if "CUDA" in log else "the machine"
        return f"{where} ran out of memory", _smaller_batch(spec)
    if "No space left on device" in log:
        return "the disk is full", "free some space, then resume it"
    if code in (-KILLED, 128 + KILLED):
        return (
            "it was killed by the system (signal 9), most likely because memory ran out",
            _smaller_batch(spec),
        )
    if said:
        return said, ""
    if code < 0:
        name = signal.Signals(-code).name
        return f"it crashed ({name})" + (f": {last}" if last else ""), "see its log, then resume it"
    return last or f"it ended with exit code {code}", "see its log, mend the cause, then resume it"


def _smaller_batch(spec: JobSpec) -> str:
    now = option(spec.command, "--batch-size")
    if now and now.isdigit() and int(now) > 1:
        return f"try again with a smaller batch: --batch-size {int(now) // 2} instead of {now}"
    return "try again with a smaller batch"
