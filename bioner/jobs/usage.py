"""What a worker and its children use."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bioner.cards import cards
from bioner.jobs.folder import JobState
from bioner.jobs.slots import CARD

if TYPE_CHECKING:
    import psutil


def oom_kills() -> int:
    """Count the processes that the kernel has killed for memory in this control group."""
    try:
        lines = Path("/sys/fs/cgroup/memory.events").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


@dataclass(frozen=True)
class Sample:
    """What a worker and its children use now."""

    memory_bytes: int
    cpu_percent: float
    gpu_percent: float | None
    gpu_memory_bytes: int | None

    def apply(self, state: JobState) -> JobState:
        """Return the state with this sample as its heartbeat."""
        return replace(
            state,
            heartbeat=time.time(),
            memory_bytes=self.memory_bytes,
            peak_memory_bytes=max(state.peak_memory_bytes, self.memory_bytes),
            cpu_percent=self.cpu_percent,
            gpu_percent=self.gpu_percent,
            gpu_memory_bytes=self.gpu_memory_bytes,
        )


class Usage:
    """Measures a process tree; CPU use is since the sample before.

    ``descendants`` are those of the last sample: they may outlive the process in their own groups.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descendants: list[psutil.Process] = []
        self._cpu_s = 0.0
        self._at = time.monotonic()

    def sample(self, slots: Collection[str]) -> Sample:
        """Measure now; what has gone meanwhile counts as nothing."""
        import psutil

        memory, cpu_s = 0, 0.0
        try:
            root = psutil.Process(self.pid)
            self.descendants = root.children(recursive=True)
            for process in (root, *self.descendants):
                with process.oneshot():
                    memory += process.memory_info().rss
                    times = process.cpu_times()
                    cpu_s += times.user + times.system
        except psutil.Error:
            cpu_s = max(cpu_s, self._cpu_s)
        now = time.monotonic()
        elapsed = max(now - self._at, 1e-3)
        percent = max(0.0, 100 * (cpu_s - self._cpu_s) / elapsed)
        self._cpu_s, self._at = cpu_s, now
        has_cards = any(name.startswith(CARD) for name in slots)
        ours = [c for c in cards() if f"{CARD}{c.address}" in slots] if has_cards else []
        return Sample(
            memory,
            round(percent, 1),
            max((card.busy_percent for card in ours), default=None),
            sum(card.memory_used_bytes for card in ours) if ours else None,
        )
