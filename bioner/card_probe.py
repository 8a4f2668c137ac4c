"""What torch can do with each card it sees, found out in a process of its own and kept.

A driver that answers says nothing of torch: the wheel may be built without CUDA, for a newer
driver, or without kernels for the card. So a product is computed, where a crash costs nothing.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bioner.errors import DeviceError
from bioner.files import read_json_object, write_whole
from bioner.settings import PROJECT_ROOT, child_environment

LIMIT_S = 300.0
"""To import torch and to wake the cards: minutes where a disk is read for the first time."""
RETRY_S = 60.0
"""After so long what failed is tried again: a page asks several times as it is drawn."""
KEPT = ".cards.json"


@dataclass(frozen=True)
class Probed:
    """One card as torch sees it; ``problem`` says why it cannot be computed on, if so."""

    name: str
    capability: tuple[int, int]
    problem: str = ""
    memory_bytes: int = 0


def torch_has_cuda() -> bool:
    """Return whether the installed torch was built for CUDA, without importing it."""
    return not _torch().endswith("+cpu") and bool(_torch())


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:  # copied there, not installed: which build it is, it says itself
        return "of unknown version" if find_spec("torch") else ""


def probe(addresses: tuple[str, ...], names: tuple[str, ...], place: Path) -> tuple[Probed, ...]:
    """Return what torch says of each of these cards, from ``place`` if it was asked before.

    What is kept is of this machine, torch and these cards; a failure is not kept, nor that it sees
    none: this process asks again after a minute. Raises DeviceError where the process that looks
    says nothing sensible.
    """
    key = "|".join((platform.node(), _torch(), *addresses, *names))

    def ask() -> list[dict[str, Any]]:
        kept = _kept(place)
        if key not in kept:
            found = _asked(CUDA_VISIBLE_DEVICES=",".join(addresses))
            if not _is_good(found):
                return found
            kept[key] = found
            place.mkdir(parents=True, exist_ok=True)
            write_whole(place / KEPT, json.dumps(kept, indent=1))
        return kept[key]

    return _once(key, ask)


def probe_allotted(allowed: str | None) -> dict[str, Probed]:
    """Return what torch sees by itself, where no driver lists the cards; nothing is kept.

    Each under its word in ``allowed``, this process's ``CUDA_VISIBLE_DEVICES``, or its number where
    all are allowed. Raises DeviceError where the process that looks says nothing sensible.
    """
    words = None if allowed is None else [one.strip() for one in allowed.split(",")]
    if words and all(one in _seen for one in words):
        return {one: _seen[one] for one in words}
    found = _once(f"{_torch()} as allotted {allowed}", _asked)
    _seen.update(zip(words or map(str, range(len(found))), found, strict=False))
    return {one: _seen[one] for one in words or map(str, range(len(found))) if one in _seen}


def forget() -> None:
    """Ask anew next time."""
    _answers.clear()
    _seen.clear()


@dataclass(frozen=True)
class _Answer:
    """What the process that looks has answered to this one, and when (monotonic seconds)."""

    at: float
    found: list[dict[str, Any]]
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether it need not be asked for again: a failure, for a while."""
        return _is_good(self.found) or time.monotonic() - self.at < RETRY_S


_answers: dict[str, _Answer] = {}
_seen: dict[str, Probed] = {}
"""The cards that torch alone has told of, by their words."""


def _once(key: str, ask: Callable[[], list[dict[str, Any]]]) -> tuple[Probed, ...]:
    answer = _answers.get(key)
    if answer is None or not answer.holds:
        found, problem = [], ""
        try:
            found = ask()
        except DeviceError as error:
            problem = str(error)
        answer = _answers[key] = _Answer(time.monotonic(), found, problem)
    if answer.problem:
        raise DeviceError(answer.problem)
    return tuple(map(_read, answer.found))


def _is_good(found: list[dict[str, Any]]) -> bool:
    return bool(found) and not any(one["problem"] for one in found)


def _read(raw: dict[str, Any]) -> Probed:
    major, minor = raw["capability"]
    return Probed(
        str(raw["name"]),
        (int(major), int(minor)),
        str(raw["problem"]),
        int(raw.get("memory_bytes", 0)),
    )


def _kept(place: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        raw = read_json_object(place / KEPT, DeviceError)
    except DeviceError:
        return {}
    return {key: value for key, value in raw.items() if isinstance(value, list)}


def _asked(**environment: str) -> list[dict[str, Any]]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bioner.card_probe"],
            cwd=PROJECT_ROOT,
            env=child_environment(CUDA_DEVICE_ORDER="PCI_BUS_ID", **environment),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
        said_ = [line for line in done.stdout.splitlines() if line.startswith("[")]
        found: list[dict[str, Any]] = json.loads(said_[-1])
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"torch did not answer for the GPU within {LIMIT_S:.0f} s") from error
    except (subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise DeviceError(f"torch cannot use the GPU: {said[-1] if said else error}") from error
    return found


def look() -> list[Probed]:
    """Compute a product on each card that torch sees here: the work of the process."""
    import torch

    if not torch.cuda.is_available():
        return []
    built = torch.cuda.get_arch_list()
    found = []
    for number in range(torch.cuda.device_count()):
        told = torch.cuda.get_device_properties(number)
        capability = (told.major, told.minor)
        problem = unbuilt(capability, built)
        if not problem:
            try:
                square = torch.ones(64, 64, device=f"cuda:{number}")
                is_right = float((square @ square).sum()) == 64.0**3
                problem = "" if is_right else "it computes wrong products"
            except RuntimeError as error:
                problem = str(error).strip().splitlines()[0]
        found.append(Probed(told.name, capability, problem, told.total_memory))
    return found


def unbuilt(capability: tuple[int, int], built: list[str]) -> str:
    """Say that a wheel has no kernels for a capability; empty where it has, or can make them.

    Kernels (``sm_80``) run on later minors of their major, ``compute_80`` on everything later.
    Where it names none of the kind (AMD's are others) the product that is computed tells.
    """
    made = [one.partition("_") for one in built if one.startswith(("sm_", "compute_"))]
    versions = [(kind, divmod(int(number.rstrip("af")), 10)) for kind, _, number in made]
    if not versions:
        return ""
    for kind, of in versions:
        if kind == "sm" and of[0] == capability[0] and of[1] <= capability[1]:
            return ""
        if kind == "compute" and of <= capability:
            return ""
    told = ", ".join(f"{major}.{minor}" for _, (major, minor) in versions) or "none"
    return (
        f"the installed torch has no kernels for capability {capability[0]}.{capability[1]} "
        f"(it has {told}): install a build that has them"
    )


if __name__ == "__main__":
    print(json.dumps([asdict(one) for one in look()]))
