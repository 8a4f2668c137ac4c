"""Graphics cards: what the driver lists, which of it this process was allotted, what is busy."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bioner.settings import allotment

KEPT_S = 5.0
"""For so long one answer of the driver serves: a page asks in many places as it is drawn."""
BUSY = 0.2
"""Share of a card's memory above which somebody else is at work on it."""
_QUERY = "index,uuid,name,memory.total,memory.used,utilization.gpu,mig.mode.current"
_PART = re.compile(r"\s+MIG (\S+)\s.*\(UUID: (MIG-\S+)\)")
_PARENT = re.compile(r"GPU (\d+): ")
_last: tuple[float, tuple[Card, ...]] | None = None


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


def cards(*, is_fresh: bool = False) -> tuple[Card, ...]:
    """Return the cards that this process may use, in the order of its allotment; empty for none.

    An answer of the driver is kept for a few seconds, unless a ``is_fresh`` one is asked for.
    """
    global _last
    now = time.monotonic()
    if is_fresh or _last is None or now - _last[0] > KEPT_S:
        _last = (now, _listed())
    return allotted(_last[1], allotment())


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


def _listed() -> tuple[Card, ...]:
    asked = _driver(f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits")
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
    if in_parts:
        found += _parts(in_parts)
    return tuple(sorted(found, key=lambda one: one.index))


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


def is_driver_here() -> bool:
    """Return whether the driver's own program is installed."""
    return shutil.which("nvidia-smi") is not None


def _driver(*arguments: str) -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    try:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (subprocess.SubprocessError, OSError):
        return ""
