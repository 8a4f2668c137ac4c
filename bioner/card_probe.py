"""What torch can do with each card it sees, found out in a process of its own and kept.

A driver that answers says nothing of torch: the wheel may be built without CUDA, for a newer
driver, or without kernels for the card. So a product is computed, where a crash costs nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bioner.errors import DeviceError
from bioner.files import read_json_object, write_whole
from bioner.settings import PROJECT_ROOT, child_environment

LIMIT_S = 120.0
KEPT = ".cards.json"


@dataclass(frozen=True)
class Probed:
    """One card as torch sees it; ``problem`` says why it cannot be computed on, if so."""

    name: str
    capability: tuple[int, int]
    problem: str = ""


def torch_has_cuda() -> bool:
    """Return whether the installed torch was built for CUDA, without importing it."""
    return not _torch().endswith("+cpu") and bool(_torch())


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""


def probe(addresses: tuple[str, ...], names: tuple[str, ...], place: Path) -> tuple[Probed, ...]:
    """Return what torch says of each of these cards, from ``place`` if it was asked before.

    What is kept is of this torch and these cards; a failure is not kept. Raises DeviceError where
    the process says nothing sensible.
    """
    key = "|".join((_torch(), *addresses, *names))
    kept = _kept(place)
    if key not in kept:
        found = _asked(addresses)
        if any(one["problem"] for one in found):
            return tuple(map(_read, found))
        kept[key] = found
        place.mkdir(parents=True, exist_ok=True)
        write_whole(place / KEPT, json.dumps(kept, indent=1))
    return tuple(map(_read, kept[key]))


def _read(raw: dict[str, Any]) -> Probed:
    major, minor = raw["capability"]
    return Probed(str(raw["name"]), (int(major), int(minor)), str(raw["problem"]))


def _kept(place: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        raw = read_json_object(place / KEPT, DeviceError)
    except DeviceError:
        return {}
    return {key: value for key, value in raw.items() if isinstance(value, list)}


def _asked(addresses: tuple[str, ...]) -> list[dict[str, Any]]:
    environment = child_environment(
        CUDA_VISIBLE_DEVICES=",".join(addresses), CUDA_DEVICE_ORDER="PCI_BUS_ID"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bioner.card_probe"],
            cwd=PROJECT_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
        found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
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
        capability = torch.cuda.get_device_capability(number)
        name, problem = torch.cuda.get_device_name(number), unbuilt(capability, built)
        if not problem:
            try:
                square = torch.ones(64, 64, device=f"cuda:{number}")
                is_right = float((square @ square).sum()) == 64.0**3
                problem = "" if is_right else "it computes wrong products"
            except RuntimeError as error:
                problem = str(error).strip().splitlines()[0]
        found.append(Probed(name, capability, problem))
    return found


def unbuilt(capability: tuple[int, int], built: list[str]) -> str:
    """Say that a wheel has no kernels for a capability; empty where it has, or can make them.

    Kernels (``sm_80``) run on later minors of their major, ``compute_80`` on everything later.
    """
    made = [one.partition("_") for one in built]
    versions = [(kind, divmod(int(number.rstrip("af")), 10)) for kind, _, number in made]
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
