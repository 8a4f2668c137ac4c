"""What this machine has and runs: processes by number and birth, GPUs, torch's CUDA."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True)
class ProcessId:
    """A process by number *and* birth (boot, start time), because numbers are given out again."""

    pid: int
    born: str


@dataclass(frozen=True)
class Gpu:
    """One graphics card as ``nvidia-smi`` shows it."""

    index: int
    name: str
    memory_bytes: int
    memory_used_bytes: int
    busy_percent: float


def process_id(pid: int) -> ProcessId | None:
    """Identify a living process; None when there is none of this number, or only its zombie."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        if len(fields) < 20 or fields[0] in "ZX":
            return None
        return ProcessId(pid, f"{_boot_id()}:{fields[19]}")
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessId(pid, f"{process.create_time():.2f}")
    except psutil.Error:
        return None


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def is_alive(process: ProcessId | None) -> bool:
    """Return whether this very process still runs (not another one of the same number)."""
    return process is not None and process_id(process.pid) == process


def signal_group(process: ProcessId | None, number: signal.Signals) -> bool:
    """Send a signal to the process group that this process leads; False if it is gone."""
    if process is None or not is_alive(process):
        return False
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def kill_tree(process: ProcessId | None) -> None:
    """Kill a process, its group, and its descendants in groups of their own (torchrun's are)."""
    import psutil

    if process is None or not is_alive(process):
        return
    try:
        descendants = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        descendants = []
    signal_group(process, signal.SIGKILL)
    kill_all(descendants)


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kill these very processes, as far as they still live."""
    import psutil

    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue


def gpus() -> tuple[Gpu, ...]:
    """List the graphics cards that ``nvidia-smi`` shows; empty without one."""
    if shutil.which("nvidia-smi") is None:
        return ()
    query = "index,name,memory.total,memory.used,utilization.gpu"
    try:
        found = subprocess.run(
            ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
    except (subprocess.SubprocessError, OSError):
        return ()
    cards = []
    for line in found.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == 5 and cells[0].isdigit():
            total, used, busy = (float(c) if c.replace(".", "").isdigit() else 0 for c in cells[2:])
            cards.append(Gpu(int(cells[0]), cells[1], int(total * 2**20), int(used * 2**20), busy))
    return tuple(cards)


def resolve_device(device: str) -> Literal["cpu", "cuda"]:
    """Return what ``auto`` means on this machine: the GPU if there is one that torch can use."""
    if device == "auto":
        return "cuda" if gpus() and torch_has_cuda() else "cpu"
    return "cuda" if device == "cuda" else "cpu"


def torch_has_cuda() -> bool:
    """Return whether the installed torch was built for CUDA, without importing it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


def resolve_precision(precision: str, device: str) -> str:
    """Return ``bfloat16`` where asked for, or on auto where the hardware computes in it."""
    import torch

    if precision != "auto":
        return precision
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if _cpu_has_bf16() else "float32"


def _cpu_has_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cycle collector: millions of values without cycles are made, and it walks all."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
