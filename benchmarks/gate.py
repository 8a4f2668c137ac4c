"""What the gate says of models whose truth is known: simulated on the corpora's own sizes.

Each simulated model is drawn as follows. The model in use has the shipped card's counts in each
corpus: so many gold mentions in so many sentences, so many found, so many marked wrongly. The
candidate marks a share of the mentions otherwise (``DIFFERS``), as many for better as for worse
where it is *equal*, more for worse where its F1 is truly lower in every corpus, by the points that
the row says. The gate then sees the sentences' counts alone, as it does of kept evaluations, and
gives its three verdicts. Beside its own rule stands the one with every lower limit as wide as lets
all of them hold together (Bonferroni).

    python -m benchmarks.gate --models 1000 --write docs/scores.md
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.written import write_part
from bioner.commands.terminal import say
from bioner.evaluation.bootstrap import DRAWS, bounds, f1
from bioner.evaluation.comparison import Difference
from bioner.evaluation.questions import ERROR, MARGIN, verdict_on
from bioner.evaluation.scores import Counts
from bioner.evaluation.verdicts import Verdict
from bioner.models.card import read_card
from bioner.settings import PROJECT_ROOT

PART = "gate"
TRUTHS = {"better by 1": 1.0, "equal": 0.0, "0.5 worse": -0.5, "2 worse": -2.0}
"""Each simulated model's true difference in every corpus, in F1 points."""
DIFFERS = (0.02, 0.05)
"""Share of the mentions on which the two models differ: little retrained, and much."""
MODELS = 1000


@dataclass(frozen=True)
class Size:
    """A corpus as the shipped card knows it: sentences, gold mentions, found, marked."""

    name: str
    sentences: int
    support: int
    correct: int
    predicted: int


@dataclass(frozen=True)
class Rates:
    """How often the gate said what of models of one truth, in per cent of ``models``."""

    truth: str
    differs: float
    models: int
    decisions: Counter[str]
    answers: Counter[Verdict]
    together: int

    def row(self) -> str:
        n, asked = self.models, self.answers.total()
        shares = [f"{100 * self.decisions[one] / n:.1f}" for one in ("passed", "fell")]
        unsure = f"{100 * self.decisions['cannot tell'] / n:.1f}"
        each = [f"{100 * self.answers[one] / asked:.1f}" for one in Verdict]
        return (
            f"| {self.truth} | {100 * self.differs:g}% | {shares[0]} | {shares[1]} | {unsure} | "
            f"{' / '.join(each)} | {100 * self.together / n:.1f} |"
        )


def sizes(card: dict[str, Any]) -> list[Size]:
    """Return the corpora that the card scored whole."""
    parts = set(card.get("parts", ()))
    return [
        Size(
            name,
            one["sentences"],
            one["micro"]["support"],
            one["micro"]["correct"],
            one["micro"]["predicted"],
        )
        for name, one in card["by_corpus"].items()
        if name not in parts
    ]


def simulate(
    size: Size, truth: float, differs: float, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    """Draw a corpus's counts under the model in use and under a candidate.

    *Shape:* (sentences, 3) each. Mentions crowd in sentences as a negative binomial has them.
    """
    mean = size.support / size.sentences
    gold = rng.negative_binomial(1.5, 1.5 / (1.5 + mean), size.sentences)
    found = rng.binomial(gold, size.correct / size.support)
    wrong = rng.poisson((size.predicted - size.correct) / size.sentences, size.sentences)
    total = size.support + size.predicted
    moved = truth / 100 * total / 2  # mentions that make the difference in F1
    flips = differs * size.support
    gained, lost = (max(0.0, (flips + sign * moved) / 2) for sign in (1, -1))
    missed = size.support - size.correct
    more = rng.binomial(gold - found, min(1.0, gained / missed))
    less = rng.binomial(found, min(1.0, lost / size.correct))
    before = np.stack([found, found + wrong, gold], axis=1)
    # What is lost is marked otherwise, and what is gained was: the number of marks stays.
    after = np.stack([found + more - less, found + wrong, gold], axis=1)
    return before.astype(np.int64), np.maximum(after, 0).astype(np.int64)


def drawn_times(sentences: int, draws: int, seed: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return how often each draw has each sentence. *Shape:* (draws, sentences).

    As ``bootstrap.resample`` draws them, but kept, so that many models are asked by one product.
    """
    rng = np.random.default_rng(seed)
    times = np.empty((draws, sentences), np.float32)
    for row in times:
        row[:] = np.bincount(rng.integers(0, sentences, sentences), minlength=sentences)
    return times


def drawn_f1(times: npt.NDArray[np.float32], models: Sequence[Counts]) -> npt.NDArray[np.float64]:
    """Return each model's F1 in each draw.

    *Shape:* (draws, sentences), models × (sentences, 3) → (draws, models).
    """
    columns = np.concatenate(models, axis=1).astype(np.float32)  # whole numbers: exact below 2**24
    return f1((times @ columns).reshape(len(times), len(models), 3).astype(np.int64))


def ask(
    size: Size,
    models: Sequence[tuple[Counts, Counts]],
    tail: float,
    seed: Sequence[int],
) -> Iterator[tuple[Verdict, bool]]:
    """Give the verdict on a corpus for each pair of models, and whether a wider limit passes it.

    The limits are those of ``questions.difference``; ``tail``: per cent left out where the limits
    are to hold for all corpora at once.
    """
    times = drawn_times(size.sentences, 3 * DRAWS, seed)
    old, new = ([pair[side] for pair in models] for side in (0, 1))
    drawn = drawn_f1(times, new) - drawn_f1(times, old)
    lows, highs = bounds(drawn, tails=(ERROR, tail))
    wider, _ = bounds(drawn, tails=(tail, tail))
    for (before, after), low, high, wide in zip(models, lows, highs, wider, strict=True):
        total = f1(np.stack([before.sum(axis=0), after.sum(axis=0)]))
        one = Difference(size.name, *map(float, (*total, low, high)), size.support)
        yield verdict_on(one, MARGIN), 100 * float(wide) > -MARGIN


def decide_some(
    corpora: Sequence[Size], truth: str, differs: float, models: int, seed: int
) -> tuple[Counter[str], Counter[Verdict], int]:
    """Count decisions, single answers, and passes under the wider limits, of simulated models."""
    seeds = [seed, round(1000 * differs), list(TRUTHS).index(truth)]
    rng = np.random.default_rng(seeds)
    tail = ERROR / len(corpora)
    by_corpus = [
        list(
            ask(
                size,
                [simulate(size, TRUTHS[truth], differs, rng) for _ in range(models)],
                tail,
                [*seeds, number],
            )
        )
        for number, size in enumerate(corpora)
    ]
    decisions: Counter[str] = Counter()
    answers: Counter[Verdict] = Counter()
    together = 0
    worst = (Verdict.FELL, Verdict.CANNOT_TELL, Verdict.PASSED)
    for asked in zip(*by_corpus, strict=True):
        verdicts = {verdict for verdict, _ in asked}
        answers.update(verdict for verdict, _ in asked)
        together += all(is_passed for _, is_passed in asked)
        decisions[str(next(one for one in worst if one in verdicts))] += 1
    return decisions, answers, together


def rates(
    pool: Executor, corpora: Sequence[Size], truth: str, differs: float, models: int
) -> Rates:
    """Let the gate decide on so many simulated models of one truth, fifty to a process."""
    counts = [min(50, models - done) for done in range(0, models, 50)]
    found = [
        pool.submit(decide_some, corpora, truth, differs, count, seed)
        for seed, count in enumerate(counts)
    ]
    decisions: Counter[str] = Counter()
    answers: Counter[Verdict] = Counter()
    together = 0
    for one in found:
        some = one.result()
        decisions += some[0]
        answers += some[1]
        together += some[2]
    return Rates(truth, differs, models, decisions, answers, together)


def table(rows: Sequence[Rates], corpora: Sequence[Size]) -> str:
    """Lay the rates out in Markdown."""
    head = (
        "| the candidate is | differs on | passes | fell somewhere | cannot tell | "
        "of the single answers: passed / fell / cannot tell | "
        "would pass with limits that hold for all at once |\n|---|---:|---:|---:|---:|---:|---:|"
    )
    told = (
        f"Per cent of {rows[0].models:,} simulated models each, {len(corpora)} corpora of the "
        f"sizes of the public test files; margin {MARGIN:g} F1 point."
    )
    return "\n".join([told, "", head, *(row.row() for row in rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=MODELS, help="simulated models a row")
    parser.add_argument("--differs", type=float, nargs="+", default=DIFFERS)
    parser.add_argument("--workers", type=int, help="processes; else one a core")
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/scores.md"))
    args = parser.parse_args()
    corpora = sizes(dict(read_card(PROJECT_ROOT / "models" / "bioner-compact").scores))
    rows = []
    with ProcessPoolExecutor(args.workers) as pool:
        for differs in args.differs:
            for truth in TRUTHS:
                rows.append(rates(pool, corpora, truth, differs, args.models))
                say(rows[-1].row())
    text = table(rows, corpora)
    print(text)
    if args.write:
        write_part(args.write, PART, text)


if __name__ == "__main__":
    main()
