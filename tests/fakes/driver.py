"""A graphics driver that lists what a test says, and counts how often it is asked."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bioner import cards, devices
from bioner.card_probe import Probed
from bioner.cards import Card

H100 = "NVIDIA H100 80GB HBM3"


@dataclass(frozen=True)
class Fake:
    """One card: as the driver lists it, and as torch sees it."""

    name: str
    capability: tuple[int, int] = (9, 0)
    total: int = 80_000
    used: str = "10"
    busy: str = "0"
    parts: tuple[str, ...] = ()
    problem: str = ""


class Driver:
    """The driver's program, in a folder of its own before all others in the path."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, torch: str = "2.13.0+cu130"):
        folder.mkdir(parents=True, exist_ok=True)
        self._program, self._asked, self._patch = folder / "nvidia-smi", folder / "asked", patch
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        version = importlib.metadata.version
        patch.setattr(
            importlib.metadata, "version", lambda one: torch if one == "torch" else version(one)
        )
        patch.setattr("bioner.card_probe.version", importlib.metadata.version)
        cards.forget()

    def show(self, *found: Fake) -> None:
        """List these cards from now on."""
        rows = [
            f"{n}, GPU-{n}aaa-{n}, {one.name}, {one.total}, {one.used}, {one.busy}, "
            f"{'Enabled' if one.parts else '[N/A]'}"
            for n, one in enumerate(found)
        ]
        tree = []
        for n, one in enumerate(found):
            tree.append(f"GPU {n}: {one.name} (UUID: GPU-{n}aaa-{n})")
            for p, part in enumerate(one.parts):
                tree.append(f"  MIG {part}     Device  {p}: (UUID: MIG-{n}bbb-{p})")
        listed, parts = "\n".join(rows), "\n".join(tree)
        self._program.write_text(
            f'#!/bin/sh\necho x >> {self._asked}\nif [ "$1" = -L ]; then cat <<END\n{parts}\nEND\n'
            f"else cat <<END\n{listed}\nEND\nfi\n"
        )
        self._program.chmod(0o755)
        cards.forget()

        def probe(addresses: Sequence[str], *_: object) -> tuple[Probed, ...]:
            by_address: dict[str, Fake] = {}
            for n, one in enumerate(found):
                names = [f"MIG-{n}bbb-{p}" for p in range(len(one.parts))] or [str(n)]
                by_address |= dict.fromkeys(names, one)
            seen = [by_address[one] for one in addresses]
            return tuple(Probed(one.name, one.capability, one.problem) for one in seen)

        self._patch.setattr(devices, "probe", probe)

    def fail(self, *found: Fake, how: str = "exit 9") -> None:
        """Let the program do something else than to list what torch sees here all the same."""
        self._program.write_text(f"#!/bin/sh\necho x >> {self._asked}\n{how}\n")
        self._program.chmod(0o755)
        self.see_by_torch(*found)

    def vanish(self, *found: Fake, sign: str = "/dev/null") -> None:
        """Take the program away; a device node is there, and torch sees these."""
        self._program.unlink(missing_ok=True)
        self._patch.setattr(cards, "SIGNS", (sign,))
        self.see_by_torch(*found)

    def see_by_torch(self, *found: Fake) -> None:
        """Let torch by itself see these cards, as it is allotted them by number."""
        cards.forget()

        def probe_allotted(allowed: str | None) -> dict[str, Probed]:
            words = allowed.split(",") if allowed else map(str, range(len(found)))
            return {
                word: Probed(one.name, one.capability, one.problem, one.total * 2**20)
                for word, one in zip(words, found, strict=False)
            }

        self._patch.setattr(devices, "probe_allotted", probe_allotted)

    @property
    def asked(self) -> int:
        """How often the program has been run."""
        return len(self._asked.read_text().split()) if self._asked.exists() else 0


def plain_cards(number: int) -> tuple[Card, ...]:
    """Return so many free cards that are alike."""
    return tuple(Card(i, "card", 10**10, 0, 0.0, f"GPU-{i}") for i in range(number))
