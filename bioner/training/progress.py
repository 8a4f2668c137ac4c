"""What a running training says of itself: one value a report."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bioner.errors import Stopped, TrainingError
from bioner.progress import OnProgress, Progress


@dataclass(frozen=True)
class RunProgress:
    """One report of a running job. ``tokens_per_s`` counts real (non-pad) word-pieces.

    ``parent_f1`` is the score of the model that the run goes on from, on the devel sentences that
    ``devel_f1`` is of.
    """

    step: int
    total_steps: int
    epoch: float
    loss: float | None = None
    learning_rate: float | None = None
    tokens_per_s: float | None = None
    seconds: float = 0.0
    devel_f1: float | None = None
    devel_by_type: dict[str, float] | None = None
    parent_f1: float | None = None
    message: str = ""


BETWEEN = "stopped; `--resume` goes on from the last checkpoint, or begins where there is none"
BEFORE = "stopped before the first step; `--resume` begins it"

OnRunProgress = Callable[[RunProgress], None]


def stopped_at(step: int) -> str:
    """Say that a run stopped at a step, which is saved from the first one on."""
    return f"stopped at step {step}; `--resume` goes on" if step else BEFORE


def check_loss(loss: float) -> None:
    """Raise TrainingError where a loss is not a finite number: nothing is learned any more."""
    if not math.isfinite(loss):
        raise TrainingError(
            "the loss is not a finite number any more: take a smaller learning rate"
        )


def stopping(stop_requested: Callable[[], bool]) -> Callable[[], None]:
    """Return what a phase without steps calls now and then; it raises Stopped once it is asked."""

    def pulse() -> None:
        if stop_requested():
            raise Stopped(BETWEEN)

    return pulse


def tenths(
    tell: Callable[[str], None], what: str, pulse: Callable[[], None] = lambda: None
) -> OnProgress:
    """Return what tells each tenth of a phase, so that a job's log stays short.

    ``pulse`` is called each time and may raise.
    """
    told = -1

    def show(heard: Progress) -> None:
        nonlocal told
        pulse()
        tenth = int(10 * (heard.share or 0.0))
        if tenth != told:
            told = tenth
            tell(f"{what}: {heard.done:,} of {heard.total:,} sentences")

    return show
