"""Several draws of the loop in one table: each, all together, and what the gate said of each."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioner.evaluation.bootstrap import DRAWS, bounds, resample
from bioner.evaluation.scores import Counts, Score
from bioner.evaluation.verdicts import Decision, Verdict, decision_from_json

SIDES = ("before", "after")


@dataclass(frozen=True)
class Draw:
    """What one draw of the documents gave.

    ``patterns``: of each held document the corrected patterns found before, found after, and
    occurring; ``held``: the documents' names, empty where the file does not say. ``mean_f1``: mean
    test F1 (0..1) before and after; ``differences``: by how much F1 (0..1) rose, by the question
    of the gate.
    """

    name: str
    documents: tuple[int, int]
    held: tuple[str, ...]
    patterns: tuple[tuple[int, int, int], ...]
    scores: tuple[Score, Score]
    mean_f1: tuple[float, float]
    per_corpus: int
    minutes: float
    decision: Decision
    differences: Mapping[str, float]


def read_draw(path: Path) -> Draw:
    """Read what ``benchmarks.loop --json`` wrote; exits where it lacks what a table needs."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    try:
        sides = [raw[name]["patterns_by_document"] for name in SIDES]
        number = re.search(r"(\d+)$", path.stem)
        return Draw(
            str(raw.get("split_seed", number.group(1) if number else path.stem)),
            (raw["documents"][0], raw["documents"][1]),
            tuple(raw.get("held", ())),
            tuple((b, a, n) for (b, n), (a, _) in zip(*sides, strict=True)),
            (_score(raw["before"]), _score(raw["after"])),
            (raw["mean_f1"][0], raw["mean_f1"][1]),
            raw["test_sentences_per_corpus"],
            raw["training_cpu_minutes"],
            decision_from_json(raw["gate"]),
            {
                one["name"]: one["difference"]["difference"]
                for one in raw["gate"]["checks"]
                if one["difference"]
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        sys.exit(f"{path}: not a result of this version's loop ({error!r}); run the draw again")


def _score(raw: dict[str, Any]) -> Score:
    return Score(raw["correct"], raw["predicted"], raw["support"])


def pattern_counts(draws: Sequence[Draw]) -> Counts:
    """Add up the patterns of each document. *Shape:* (documents, 3).

    A document that several draws held back is one, so that an interval does not take it for many.
    """
    added: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for draw in draws:
        names = [(one, 0) for one in draw.held] or [
            (f"{draw.name}\0", number) for number in range(len(draw.patterns))
        ]
        for name, counts in zip(names, draw.patterns, strict=True):
            added[name] = [x + y for x, y in zip(added[name], counts, strict=True)]
    return np.array(list(added.values()), dtype=np.int64).reshape(-1, 3)


def patterns_difference(draws: Sequence[Draw]) -> tuple[float, float, float]:
    """Return how many more of the patterns were found, and its paired-bootstrap bounds (95%)."""
    counts = pattern_counts(draws)
    drawn = resample(counts, DRAWS, seed_text="patterns").astype(np.float64)
    drawn = drawn[drawn[:, 2] > 0]
    if not len(drawn):
        return 0.0, 0.0, 0.0
    low, high = bounds((drawn[:, 1] - drawn[:, 0]) / drawn[:, 2])
    before, after, occurring = counts.sum(axis=0)
    return float((after - before) / occurring), float(low), float(high)


def pool_markdown(draws: Sequence[Draw]) -> str:
    """Lay the draws out: patterns, scores there, mean test F1, verdicts; then corpus by corpus."""
    lines = [
        "| % before → after | corrected patterns found | difference (95%) | precision there "
        "| recall there | F1 there | mean test F1 | the gate |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    lines += [_line(f"draw {one.name}", [one], verdict(one.decision)) for one in draws]
    accepted = sum(one.decision.is_accepted for one in draws)
    lines.append(_line("**all draws**", draws, f"passes {accepted} of {len(draws)}"))
    return "\n".join([*lines, "", _told(draws), "", *_by_corpus(draws)])


def _line(name: str, draws: Sequence[Draw], gate: str) -> str:
    before, after, occurring = pattern_counts(draws).sum(axis=0)
    found = f"{_change(before / max(1, occurring), after / max(1, occurring))} of {occurring}"
    difference, low, high = (100 * value for value in patterns_difference(draws))
    old, new = (sum((one.scores[side] for one in draws), Score()) for side in (0, 1))
    mean = _change(*(sum(one.mean_f1[side] for one in draws) / len(draws) for side in (0, 1)))
    cells = [
        found,
        f"{difference:+.1f} ({low:+.1f} to {high:+.1f})",
        _change(old.precision, new.precision),
        _change(old.recall, new.recall),
        _change(old.f1, new.f1),
        mean,
        gate,
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _change(before: float, after: float) -> str:
    return f"{100 * before:.1f} → {100 * after:.1f}"


def verdict(decision: Decision) -> str:
    """Say whether the gate passes a model, and by name what fell and what cannot be told."""
    if decision.is_accepted:
        return "passes"
    told = []
    for kind in (Verdict.FELL, Verdict.CANNOT_TELL):
        names = [one.name for one in decision.blocking if one.verdict is kind]
        if names:
            told.append(f"{kind}: {', '.join(names)}")
    return "; ".join(told) or "nothing could be checked"


def _told(draws: Sequence[Draw]) -> str:
    corrected, held = draws[0].documents
    several = len({name for one in draws for name in one.held})
    documents = f" ({several} different documents in all)" if several else ""
    limits = {one.per_corpus for one in draws}
    where = "all test files"
    if limits != {0}:
        where = f"{' or '.join(map(str, sorted(limits)))} test sentences of each corpus"
    spent = [one.minutes for one in draws]
    return (
        f"Each draw: {corrected} BioRED abstracts corrected, {held} held back{documents}; "
        f"retrained in {min(spent):.0f} to {max(spent):.0f} minutes of processor time on one core. "
        f"Mean test F1 and the gate: on {where}. The interval is over documents, one that several "
        "draws held back drawn as one."
    )


def _by_corpus(draws: Sequence[Draw]) -> list[str]:
    found: dict[str, list[float]] = defaultdict(list)
    verdicts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for draw in draws:
        for answer in draw.decision.answers:
            if answer.name in draw.differences:
                found[answer.name].append(100 * draw.differences[answer.name])
                verdicts[answer.name][answer.verdict] += 1
    lines = [
        "| test F1, after less before | mean of the draws | lowest | highest "
        "| passed / fell / cannot tell |",
        "|---|---:|---:|---:|---:|",
    ]
    for corpus, values in sorted(found.items()):
        asked = " / ".join(str(verdicts[corpus][kind]) for kind in Verdict)
        mean = sum(values) / len(values)
        lines.append(
            f"| {corpus} | {mean:+.2f} | {min(values):+.2f} | {max(values):+.2f} | {asked} |"
        )
    return lines
