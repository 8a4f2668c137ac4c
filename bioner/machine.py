"""What this machine has in CPUs, and the words for devices and precisions."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
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
    FLOAT16 = "float16"


Named = TypeVar("Named", Device, Precision)


def cpu_has_amx() -> bool:
    """Return whether the processor multiplies matrices of bfloat16 in hardware of its own."""
    try:
        return "amx_bf16" in CPUINFO.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False


def processor_name() -> str:
    """Return what the processor is called; the kind of machine where Linux is not asked."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [one.partition(":")[2].strip() for one in lines if one.startswith("model name")]
    return named[0] if named else platform.machine()


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


def computed_on(name: str) -> str:
    """Say of a network's name ("onnx cpu int8") on what it computed, by what, in which numbers.

    A name of another form is returned as it is.
    """
    engine, device, numbers = [*name.split(), "", "", ""][:3]
    if engine not in _ENGINES or device not in _DEVICES or numbers not in _NUMBERS:
        return name
    return f"on {_DEVICES[device]}, by {_ENGINES[engine]} in {_NUMBERS[numbers]}"


_ENGINES = {"onnx": "ONNX", "torch": "PyTorch"}
_DEVICES = {"cpu": "the CPU", "cuda": "a GPU"}
_NUMBERS = {
    "int8": "8-bit numbers",
    "float16": "16-bit numbers",
    "bfloat16": "16-bit numbers (bfloat16)",
    "fp32": "32-bit numbers",
    "float32": "32-bit numbers",
}


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
