"""What this machine has: graphics cards, torch's CUDA, the CPUs that may be used."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bioner.errors import DeviceError

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux says what the processor can do."""


class Device(StrEnum):
    """Where a network computes; ``AUTO`` until ``resolve_device`` has looked at the machine."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """What training multiplies in; master weights are float32 always."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


Named = TypeVar("Named", Device, Precision)


@dataclass(frozen=True)
class Gpu:
    """One graphics card as ``nvidia-smi`` shows it."""

    index: int
    name: str
    memory_bytes: int
    memory_used_bytes: int
    busy_percent: float


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


def resolve_device(device: str) -> Device:
    """Return what ``auto`` means on this machine, else what was named, there or not.

    Raises DeviceError for another word.
    """
    asked = read_device(device)
    if asked is Device.AUTO:
        return Device.CUDA if has_gpu() else Device.CPU
    return asked


def require_device(device: str) -> Device:
    """Resolve a device to compute on now; raises DeviceError where torch sees no GPU to use."""
    found = resolve_device(device)
    if found is Device.CUDA and not has_gpu():
        raise DeviceError("torch sees no GPU that it can use: choose cpu, or check the driver")
    return found


def has_gpu() -> bool:
    """Return whether torch computes on a graphics card here; asked only of a build that could."""
    if not torch_has_cuda():
        return False
    import torch

    return torch.cuda.is_available()


def torch_has_cuda() -> bool:
    """Return whether the installed torch was built for CUDA, without importing it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


def resolve_precision(precision: str, device: Device) -> Precision:
    """Return the precision asked for; on auto bfloat16 where the hardware computes in it.

    Cards of capability 7 compute in float16, for which training has no loss scaling: float32.
    Raises DeviceError for another word.
    """
    asked = read_precision(precision)
    if asked is not Precision.AUTO:
        return asked
    computes = _gpu_computes_bf16() if device is Device.CUDA else _cpu_computes_bf16()
    return Precision.BFLOAT16 if computes else Precision.FLOAT32


def _gpu_computes_bf16() -> bool:
    """Ask the capability: ``torch.cuda.is_bf16_supported`` says yes to emulation too."""
    import torch

    return torch.cuda.get_device_capability() >= (8, 0)


def _cpu_computes_bf16() -> bool:
    """Look for AMX: with avx512_bf16 alone a training step costs 1.5 times the float32 one."""
    try:
        return "amx_bf16" in CPUINFO.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False


def read_device(text: str, name: str = "device") -> Device:
    """Return the device that a person named; raises DeviceError that says which there are."""
    return _member(Device, text, name)


def read_precision(text: str, name: str = "precision") -> Precision:
    """Return the precision that a person named; raises DeviceError that says which there are."""
    return _member(Precision, text, name)


def _member(kind: type[Named], text: str, name: str) -> Named:
    try:
        return kind(text)
    except ValueError as error:
        *others, last = kind
        known = f"{', '.join(others)} or {last}"
        raise DeviceError(f"{name}: expected {known}, got {text!r}") from error


def usable_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many CPUs this process may use: the least of affinity mask and container quota."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quota = cgroup_quota(cgroup)
    return max(1, min(count, math.ceil(quota)) if quota else count)


def cgroup_quota(root: Path) -> float | None:
    """Return the CPUs that a container's quota grants (cgroup v2, then v1), None without one."""
    with contextlib.suppress(OSError, ValueError):
        granted, period = (root / "cpu.max").read_text(encoding="ascii").split()
        return None if granted == "max" else int(granted) / int(period)
    with contextlib.suppress(OSError, ValueError):
        v1 = root / "cpu"
        granted_us = int((v1 / "cpu.cfs_quota_us").read_text(encoding="ascii"))
        period_us = int((v1 / "cpu.cfs_period_us").read_text(encoding="ascii"))
        return granted_us / period_us if granted_us > 0 else None
    return None


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
