"""How far a long piece of work has come, told to whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` pieces of ``total`` (None where nobody knows yet), and a phrase for a person."""

    done: int
    total: int | None = None
    text: str = ""

    @property
    def share(self) -> float | None:
        """What part is done, 0..1; None where the total is not known."""
        if self.total is None:
            return None
        return min(1.0, self.done / self.total) if self.total else 1.0


OnProgress = Callable[[Progress], None]


def unheard(progress: Progress) -> None:
    """Take a progress that nobody waits for."""
