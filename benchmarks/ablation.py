"""What each step of the training recipe is worth: arms that add one step at a time, seeds pooled.

    python -m benchmarks.ablation --source ../shared/corpora --base ENCODER --work FOLDER
        [--steps 500] [--seeds 42 43] [--per-corpus 400] [--arms naive,partial,…]
        [--write docs/scores.md]

Arms: naive (unfused, every type counts as covered), partial (the partial-label loss, unfused),
fused (equal train sentences made one), fill-in (a student taught by the former arm's model of the
same seed), cased (the vocabulary split by case, fill-in kept). All have the same number of steps,
batch and learning rate, and one epoch of as many train sentences, drawn once. Scores are on the
same test sentences of each corpus, drawn once; the difference to the arm before, with a 95 %
paired-bootstrap interval, is over the sentences of all seeds together, and so is the count of
corpora that are significantly above and below the naive arm. Arms are kept in ``--work`` as they
end, and not trained again; a run that was cut goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.external import BIORED, measure, read_biored, without_known
from benchmarks.scores import stray_marks, write_between
from bioner.commands.terminal import say
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.merge import merge
from bioner.corpora.read import read_corpora
from bioner.evaluation.comparison import Difference, paired_bootstrap
from bioner.evaluation.scores import Score
from bioner.evaluation.scoring import evaluate_sentences
from bioner.labels import read_schema
from bioner.models.cased_vocabulary import split_by_case
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.training.config import TrainingConfig
from bioner.training.progress import RunProgress
from bioner.training.run import train

BEGIN, END = "<!-- ablation:begin -->", "<!-- ablation:end -->"
ARMS = {
    "naive": "naive loss",
    "partial": "partial-label loss",
    "fused": "+ fusing",
    "fill-in": "+ fill-in",
    "cased": "+ cased vocabulary",
}
PARTS = frozenset({"BC4CHEMD"})
"""Left out of the mean: only a part of it may be here."""
BATCH = TrainingConfig.batch_size


@dataclass(frozen=True)
class Outcome:
    """One arm and seed. ``counts``: by corpus (correct, predicted, support) of each sentence."""

    mean_f1: float
    stray: float
    external: Score
    counts: dict[str, np.ndarray]


def chosen_test(dataset: Dataset, per_corpus: int) -> list[Sentence]:
    """Draw the same test sentences of each corpus every time."""
    by_corpus: dict[str, list[Sentence]] = {}
    for sentence in dataset.test:
        by_corpus.setdefault(sentence.corpus, []).append(sentence)
    drawn: list[Sentence] = []
    for name, sentences in sorted(by_corpus.items()):
        drawn += random.Random(name).sample(sentences, min(per_corpus, len(sentences)))
    return drawn


def drawn(sentences: Sequence[Sentence], n: int) -> tuple[Sentence, ...]:
    """Draw the same train sentences every time: no arm can see more of them than these."""
    return tuple(random.Random(0).sample(list(sentences), min(n, len(sentences))))


def table(outcomes: dict[str, list[Outcome]], told: str) -> str:
    """Lay the arms out; differences are of pooled counts, seeds side by side."""
    lines = [
        "| arm | mean test F1 | difference to the arm before (95 %) | corpora above / below naive "
        "| stray marks per 1,000 tokens | BioRED dev F1 (precision / recall) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    before: list[Outcome] | None = None
    for arm, seeds in outcomes.items():
        f1 = " / ".join(f"{100 * one.mean_f1:.1f}" for one in seeds)
        stray = sum(one.stray for one in seeds) / len(seeds)
        external = sum((one.external for one in seeds), Score())
        change = difference(before, seeds) if before else None
        told_change = (
            f"{100 * change.difference:+.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f})"
            if change
            else ""
        )
        lines.append(
            f"| {ARMS[arm]} | {f1} | {told_change} | {_beside(outcomes.get('naive'), seeds)} "
            f"| {stray:.1f} | {100 * external.f1:.1f} "
            f"({100 * external.precision:.1f} / {100 * external.recall:.1f}) |"
        )
        before = seeds
    return "\n".join([*lines, "", told])


def _beside(naive: list[Outcome] | None, seeds: list[Outcome]) -> str:
    """Count the corpora that are significantly above and below the naive arm."""
    if naive is None or naive is seeds:
        return ""
    changes = [
        paired_bootstrap(
            name,
            np.concatenate([one.counts[name] for one in naive]),
            np.concatenate([one.counts[name] for one in seeds]),
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


class Study:
    """Trains and scores the arms, keeping what is done in a folder."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.work: Path = args.work
        self.work.mkdir(parents=True, exist_ok=True)
        corpora = read_corpora(args.source)
        schema = read_schema()
        self.fused = merge(corpora, schema)
        self.apart = merge(corpora, schema, fuse=False)
        self.drawn = {
            is_fused: replace(whole, train=drawn(whole.train, args.steps * BATCH))
            for is_fused, whole in ((True, self.fused), (False, self.apart))
        }
        self.test = chosen_test(self.fused, args.per_corpus)
        self.documents, self.dropped = [], 0
        if args.biored.is_file():
            data = self.work / "merged"
            if not (data / "manifest.json").is_file():
                write_dataset(self.fused, data)
            documents = read_biored(args.biored)
            self.documents = without_known(documents, data)
            self.dropped = len(documents) - len(self.documents)

    def outcome(self, arm: str, seed: int) -> Outcome:
        """Return an arm's outcome, from the folder where it is there."""
        key = f"{arm}-{seed}-{self.args.steps}"
        kept = self.work / f"{key}.json"
        if kept.is_file():
            return read_outcome(kept)
        folder = self.work / key
        if not (folder / "card.json").is_file():
            self._train(arm, seed, folder)
        tagger = load_tagger(folder)
        report = evaluate_sentences(tagger, self.test, self.fused.schema, bootstrap=0)
        values = [s.micro.f1 for c, s in report.by_corpus.items() if c not in PARTS]
        external = measure(tagger, self.documents, self.dropped).micro if self.documents else None
        made = Outcome(
            sum(values) / len(values), stray_marks(report), external or Score(), report.counts
        )
        write_outcome(kept, made)
        say(f"{key}: mean F1 {100 * made.mean_f1:.1f}")
        return made

    def _train(self, arm: str, seed: int, folder: Path) -> None:
        base = str(self.args.base)
        if arm == "cased":
            split = self.work / "cased-base"
            if not split.exists():
                words = (word for s in self.fused.train for word in s.tokens)
                split_by_case(self.args.base, split, words, least=3)
            base = str(split)
        teacher = self.work / f"fused-{seed}-{self.args.steps}"
        if arm in ("fill-in", "cased"):
            self.outcome("fused", seed)
        config = TrainingConfig(
            base,
            loss="naive" if arm == "naive" else "partial",
            max_steps=self.args.steps,
            seed=seed,
            save_steps=100,
            fill_in=str(teacher) if arm in ("fill-in", "cased") else "",
        )
        dataset = self.drawn[arm not in ("naive", "partial")]

        def show(p: RunProgress) -> None:
            if p.message or (p.loss is not None and p.step % 50 == 0):
                say(f"{folder.name} {p.step}/{p.total_steps} {p.loss or ''} {p.message}")

        train(config, dataset, folder, report=show, resume=(folder / "checkpoints").is_dir())


def write_outcome(path: Path, one: Outcome) -> None:
    """Keep an outcome as JSON."""
    score = one.external
    raw = {
        "mean_f1": one.mean_f1,
        "stray": one.stray,
        "external": [score.correct, score.predicted, score.support],
        "counts": {name: counts.tolist() for name, counts in one.counts.items()},
    }
    path.write_text(json.dumps(raw), encoding="utf-8")


def read_outcome(path: Path) -> Outcome:
    """Read an outcome that was kept."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    counts = {name: np.array(rows, dtype=np.int64) for name, rows in raw["counts"].items()}
    return Outcome(raw["mean_f1"], raw["stray"], Score(*raw["external"]), counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 43])
    parser.add_argument("--per-corpus", type=int, default=400)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--biored", type=Path, default=BIORED)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/scores.md"))
    args = parser.parse_args()
    study = Study(args)
    arms = [name for name in ARMS if name in args.arms.split(",")]
    outcomes = {arm: [study.outcome(arm, seed) for seed in args.seeds] for arm in arms}
    seeds = " and ".join(str(seed) for seed in args.seeds)
    told = (
        f"{args.steps} steps of batch {BATCH} from {args.base.name}; seeds {seeds}; "
        f"{len(study.test):,} test sentences, at most {args.per_corpus} a corpus; the mean is over "
        "the corpora that are here whole; differences are in micro F1."
    )
    text = table(outcomes, told)
    print(text)
    if args.write:
        write_between(args.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
