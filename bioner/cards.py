"""Graphics cards: what the driver lists, which of it this process was allotted, what is busy."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from ctypes.util import find_library
from dataclasses import dataclass, replace
from pathlib import Path

from bioner.processes import IS_POSIX
from bioner.settings import allotment

KEPT_S = 5.0
"""For so long one answer of the driver serves: a page asks in many places as it is drawn."""
BUSY = 0.2
"""Share of a card's memory above which somebody else is at work on it."""
_QUERY = "index,uuid,name,memory.total,memory.used,utilization.gpu,mig.mode.current"
_PART = re.compile(r"\s+MIG (\S+)\s.*\(UUID: (MIG-\S+)\)")
_PARENT = re.compile(r"GPU (\d+): ")
LIMIT_S = 60.0
"""How long the driver's program may take: it wakes each card first, and on a machine that has just
started a card alone takes over ten seconds."""
RETRY_S = 60.0
"""After so long a driver's program that failed is asked again."""
PROGRAM_PLACES = ("/usr/local/nvidia/bin", "/usr/bin", "/usr/lib/wsl/lib", "/opt/bin")
"""Where containers and WSL have the driver's program, in a process's path or not."""
SIGNS = (
    "/dev/nvidiactl",
    "/dev/nvidia0",
    "/dev/dxg",
    "/dev/kfd",
    "/dev/nvhost-gpu",
    "/proc/driver/nvidia/version",
)
"""What Linux has where there is a card: NVIDIA's, AMD's or a board's."""


@dataclass(frozen=True)
class Card:
    """A graphics card, or a part of one (MIG), as the driver lists it.

    ``index`` is its place on the bus; ``uuid`` that of the part where it is one, ``whole`` then
    that of the card.
    """

    index: int
    name: str
    memory_bytes: int
    memory_used_bytes: int
    busy_percent: float
    uuid: str = ""
    whole: str = ""

    @property
    def is_part(self) -> bool:
        """Return whether it is a part of a card."""
        return bool(self.whole)

    @property
    def address(self) -> str:
        """What ``CUDA_VISIBLE_DEVICES`` calls it, the cards being ordered by bus."""
        return self.uuid if self.is_part else str(self.index)

    @property
    def is_busy(self) -> bool:
        """Return whether so much of its memory is taken that somebody is at work on it."""
        return self.memory_used_bytes > BUSY * self.memory_bytes > 0


@dataclass(frozen=True)
class Listing:
    """What the driver's program lists; ``problem`` says why that may not be all, if so."""

    cards: tuple[Card, ...] = ()
    problem: str = ""


_last: tuple[float, Listing] | None = None


def cards(*, is_fresh: bool = False) -> tuple[Card, ...]:
    """Return the cards that this process may use, in the order of its allotment; empty for none."""
    return allotted(listing(is_fresh=is_fresh).cards, allotment())


def listing(*, is_fresh: bool = False) -> Listing:
    """Return all that the driver's program lists, allotted to this process or not.

    An answer is kept for a few seconds, a failure for a minute, unless a fresh one is asked for.
    """
    global _last
    now = time.monotonic()
    kept_s = RETRY_S if _last and _last[1].problem else KEPT_S
    if is_fresh or _last is None or now - _last[0] > kept_s:
        found = _listed()
        _last = (time.monotonic(), found)
    return _last[1]


def forget() -> None:
    """Ask the driver anew next time."""
    global _last
    _last = None


def free_first(found: Sequence[Card]) -> tuple[Card, ...]:
    """Order cards as they should be taken: free ones as allotted, then the least used."""
    return tuple(
        sorted(
            found,
            key=lambda one: one.memory_used_bytes / max(1, one.memory_bytes) if one.is_busy else 0,
        )
    )


def allotted(found: Sequence[Card], allowed: str | None) -> tuple[Card, ...]:
    """Return the cards that a ``CUDA_VISIBLE_DEVICES`` allows, as CUDA reads it; None allows all.

    Numbers (by bus), UUIDs and their beginnings, parts of cards; what follows a word that names
    none is not read, a card named twice allows none.
    """
    if allowed is None:
        return tuple(found)
    chosen: list[Card] = []
    for word in allowed.split(","):
        card = _named(found, word.strip())
        if card is None:
            break
        if card in chosen:
            return ()
        chosen.append(card)
    return tuple(chosen)


def _named(found: Sequence[Card], word: str) -> Card | None:
    """Return the card that a word names; of a card in parts the first part."""
    if word.isdigit():
        return next((one for one in found if one.index == int(word)), None)
    if word.startswith("MIG-GPU-"):  # the older way: card, GPU instance, compute instance
        card = _named(found, word.removeprefix("MIG-").partition("/")[0])
        return replace(card, uuid=word, whole=card.whole or card.uuid) if card else None
    if not word.startswith(("GPU-", "MIG-")):
        return None
    matching = [one for one in found if one.uuid.startswith(word) or one.whole.startswith(word)]
    is_clear = len({one.whole or one.uuid for one in matching}) == 1
    return matching[0] if matching and (is_clear or matching[0].uuid == word) else None


def _listed() -> Listing:
    try:
        asked = _driver(f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits")
        found = _read(asked)
    except _Untold as error:
        return Listing(problem=str(error))
    problem = "" if found else "the driver's program lists no card that could be computed on"
    return Listing(tuple(sorted(found, key=lambda one: one.index)), problem)


def _read(asked: str) -> list[Card]:
    """Return the cards of a list, those that are in parts as their parts."""
    found: list[Card] = []
    in_parts: dict[int, Card] = {}
    for line in asked.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != 7 or not cells[0].isdigit():
            continue
        total, used, busy = (float(c) if c.replace(".", "").isdigit() else 0 for c in cells[3:6])
        card = Card(
            index=int(cells[0]),
            name=cells[2],
            memory_bytes=int(total * 2**20),
            memory_used_bytes=int(used * 2**20),
            busy_percent=busy,
            uuid=cells[1],
        )
        if cells[6] == "Enabled":
            in_parts[card.index] = card
        else:
            found.append(card)
    return found + (_parts(in_parts) if in_parts else [])


def _parts(cards_in_parts: dict[int, Card]) -> list[Card]:
    """Return the parts of the cards that are in parts: CUDA sees these, and not the cards."""
    found = []
    parent: Card | None = None
    for line in _driver("-L").splitlines():
        named = _PARENT.match(line)
        if named:
            parent = cards_in_parts.get(int(named[1]))
        part = _PART.match(line)
        if part and parent:
            size = re.search(r"(\d+)gb", part[1])
            found.append(
                replace(
                    parent,
                    name=f"{parent.name} MIG {part[1]}",
                    memory_bytes=int(size[1]) * 2**30 if size else 0,
                    memory_used_bytes=0,
                    uuid=part[2],
                    whole=parent.uuid,
                )
            )
    return found


def is_card_likely() -> bool:
    """Return whether there may be a card here, whether a program of the driver tells or not."""
    if _program() is not None or any(Path(one).exists() for one in SIGNS):
        return True
    return not IS_POSIX and find_library("nvcuda") is not None


class _Untold(Exception):
    """The driver's program tells nothing, and why."""


def _program() -> str | None:
    return shutil.which("nvidia-smi") or shutil.which(
        "nvidia-smi", path=":".join(PROGRAM_PLACES) if IS_POSIX else ""
    )


def _driver(*arguments: str) -> str:
    program = _program()
    if program is None:
        raise _Untold("the driver's program (nvidia-smi) is not there")
    try:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=True
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise _Untold(f"nvidia-smi did not answer within {LIMIT_S:.0f} s") from error
    except subprocess.CalledProcessError as error:
        lines = (error.stdout or error.stderr or "").strip().splitlines()
        raise _Untold(f"nvidia-smi failed: {lines[-1] if lines else error}") from error
    except OSError as error:
        raise _Untold(f"nvidia-smi cannot be run: {error.strerror or error}") from error
