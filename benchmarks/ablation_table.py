"""What an ablation measured, kept as JSON, and its tables: arms, corpora, learning curves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bioner.evaluation.comparison import Difference, paired_bootstrap
from bioner.evaluation.scores import Score

UNTOLD = " (any)"
"""Behind an arm's name: the same model, told no convention."""

PARTS = frozenset({"BC4CHEMD"})
"""Left out of the mean: only a part of it may be here."""


@dataclass(frozen=True)
class Outcome:
    """One arm and seed. ``counts``: by corpus (correct, predicted, support) of each sentence.

    ``curve``: of each score on devel while it was trained, the step, the loss and the mean F1.
    """

    mean_f1: float
    stray: float
    external: Score
    counts: dict[str, np.ndarray]
    curve: tuple[tuple[int, float, float], ...] = ()


def table(outcomes: Mapping[str, Sequence[Outcome]], told: str, titles: Mapping[str, str]) -> str:
    """Lay the arms out; differences are of pooled counts, seeds side by side.

    The difference is to the arm before on the seeds that both have.
    """
    lines = [
        "| arm | mean test F1 | difference to the arm before (95%) | corpora above / below naive "
        "| stray marks per 1,000 tokens | BioRED dev F1 (precision / recall) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    before: Sequence[Outcome] | None = None
    for arm, seeds in outcomes.items():
        f1 = " / ".join(f"{100 * one.mean_f1:.1f}" for one in seeds)
        stray = sum(one.stray for one in seeds) / len(seeds)
        external = sum((one.external for one in seeds), Score())
        both = min(len(before), len(seeds)) if before else 0
        change = difference(before[:both], seeds[:both]) if before else None
        told_change = (
            f"{100 * change.difference:+.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f})"
            if change
            else ""
        )
        lines.append(
            f"| {titles[arm]} | {f1} | {told_change} | {_beside(outcomes.get('naive'), seeds)} "
            f"| {stray:.1f} | {100 * external.f1:.1f} "
            f"({100 * external.precision:.1f} / {100 * external.recall:.1f}) |"
        )
        # "the same model, told none" is beside its arm: the next one is compared with the arm
        if not arm.endswith(UNTOLD):
            before = seeds
    return "\n".join([*lines, "", told])


def _beside(naive: Sequence[Outcome] | None, seeds: Sequence[Outcome]) -> str:
    """Count the corpora that are significantly above and below the naive arm."""
    if naive is None or naive is seeds:
        return ""
    both = min(len(naive), len(seeds))
    changes = [
        paired_bootstrap(
            name,
            np.concatenate([one.counts[name] for one in naive[:both]]),
            np.concatenate([one.counts[name] for one in seeds[:both]]),
        )
        for name in sorted(naive[0].counts)
        if name not in PARTS
    ]
    return f"{sum(c.low > 0 for c in changes)} / {sum(c.high < 0 for c in changes)}"


def difference(a: Sequence[Outcome], b: Sequence[Outcome]) -> Difference:
    """Compare two arms on the micro counts of all corpora and seeds, sentence by sentence."""
    return paired_bootstrap("micro", _pooled(a), _pooled(b))


def _pooled(seeds: Sequence[Outcome]) -> np.ndarray:
    rows = [one.counts[c] for one in seeds for c in sorted(one.counts) if c not in PARTS]
    return np.concatenate(rows)


def by_corpus(outcomes: Mapping[str, Sequence[Outcome]], titles: Mapping[str, str]) -> str:
    """Lay the arms' F1 in each corpus out, the seeds' counts added up."""
    names = sorted({name for seeds in outcomes.values() for one in seeds for name in one.counts})
    lines = [f"| arm | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for arm, seeds in outcomes.items():
        cells = []
        for name in names:
            rows = [one.counts[name].sum(axis=0) for one in seeds if name in one.counts]
            total = Score(*(int(n) for n in sum(rows))) if rows else None
            cells.append(f"{100 * total.f1:.1f}" if total else "–")
        lines.append(f"| {titles[arm]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def curves(outcomes: Mapping[str, Sequence[Outcome]], titles: Mapping[str, str]) -> str:
    """Lay out how the arms learned: mean F1 on a part of devel at each step that was scored."""
    shown = {
        arm: seeds[0].curve
        for arm, seeds in outcomes.items()
        if seeds and seeds[0].curve and not arm.endswith(UNTOLD)
    }
    steps = sorted({step for curve in shown.values() for step, _, _ in curve})
    if not steps:
        return ""
    lines = [f"| step | {' | '.join(titles[arm] for arm in shown)} |"]
    lines.append(f"|---:|{'---:|' * len(shown)}")
    for step in steps:
        cells = []
        for curve in shown.values():
            f1 = next((f1 for at, _, f1 in curve if at == step), None)
            cells.append("–" if f1 is None else f"{100 * f1:.1f}")
        lines.append(f"| {step:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_outcome(path: Path, one: Outcome) -> None:
    """Keep an outcome as JSON."""
    score = one.external
    raw = {
        "mean_f1": one.mean_f1,
        "stray": one.stray,
        "external": [score.correct, score.predicted, score.support],
        "counts": {name: counts.tolist() for name, counts in one.counts.items()},
        "curve": one.curve,
    }
    path.write_text(json.dumps(raw), encoding="utf-8")


def read_outcome(path: Path) -> Outcome:
    """Read an outcome that was kept."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    counts = {name: np.array(rows, dtype=np.int64) for name, rows in raw["counts"].items()}
    curve = tuple((int(step), float(loss), float(f1)) for step, loss, f1 in raw.get("curve", ()))
    return Outcome(raw["mean_f1"], raw["stray"], Score(*raw["external"]), counts, curve)
