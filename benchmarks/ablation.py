"""What each step of the training recipe is worth: arms that add one step at a time, seeds pooled.

    python -m benchmarks.ablation --source ../shared/corpora --base ENCODER --work FOLDER
        [--steps 500 | --epochs 1] [--seeds 42 43] [--arms naive,partial,convention:42+43,…]
        [--teacher FOLDER] [--more-epochs 3] [--batch-size 24] [--eval-steps 100]
        [--per-corpus 400] [--write docs/scores.md] [--section ablation-told]

Arms: naive (unfused, every type counts as covered), partial (the partial-label loss, unfused),
fused (equal train sentences made one), fill-in (a student taught by ``--teacher``, the same for
every arm and seed; without one by the fused arm's model of the same seed), cased (the vocabulary
split by case), convention (told whose rules hold; scored told its own and told none), corpora (with
the user's own corpora and those of the catalogue that are here, see ``corpora fetch NAME``) and
epochs (``--more-epochs`` times as many). All but the last have the same number of steps, batch and
learning rate. Scores are on the same test sentences of each of the ten, drawn once; the difference
to the arm before, with a 95% paired-bootstrap interval, is over the sentences of all seeds that
both have, and so is the count of corpora that are significantly above and below the naive arm.
Arms are kept in ``--work`` as they end, and not trained again; a run that was cut goes on from its
checkpoint. An arm takes other seeds than ``--seeds`` where it names them.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.ablation_table import (
    PARTS,
    UNTOLD,
    Outcome,
    by_corpus,
    curves,
    read_outcome,
    table,
    write_outcome,
)
from benchmarks.external import BIORED, measure, read_biored, without_known
from benchmarks.scores import stray_marks
from benchmarks.written import write_part
from bioner.commands.terminal import say
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.merge import merge
from bioner.corpora.own import read_all
from bioner.corpora.registry import CORPORA
from bioner.evaluation.scores import Score
from bioner.evaluation.scoring import score
from bioner.models.cased_vocabulary import split_by_case
from bioner.settings import read_settings
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.training.config import TrainingConfig
from bioner.training.progress import RunProgress
from bioner.training.run import train

SECTIONS = ("ablation", "ablation-told")
"""The parts of a document for a study's tables: steps to the first model, those to a told one."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One step more than the arm before it.

    ``is_longer``: as many more epochs as were asked for. ``has_more``: with the corpora beside the
    ten.
    """

    title: str
    loss: str = "partial"
    is_fused: bool = True
    is_taught: bool = False
    is_cased: bool = False
    is_told: bool = False
    has_more: bool = False
    is_longer: bool = False


_CASED = Arm(title="+ cased vocabulary", is_taught=True, is_cased=True)
_TOLD = replace(_CASED, title="+ convention, told its own", is_told=True)
_MORE = replace(_TOLD, title="+ corpora, told its own", has_more=True)
ARMS = {
    "naive": Arm(title="naive loss", loss="naive", is_fused=False),
    "partial": Arm(title="partial-label loss", is_fused=False),
    "fused": Arm(title="+ fusing"),
    "fill-in": Arm(title="+ fill-in", is_taught=True),
    "cased": _CASED,
    "convention": _TOLD,
    "corpora": _MORE,
    "epochs": replace(_MORE, title="+ epochs, told its own", is_longer=True),
}
TITLES = {
    **{name: arm.title for name, arm in ARMS.items()},
    **{f"{name}{UNTOLD}": "the same model, told none" for name, arm in ARMS.items() if arm.is_told},
}


def chosen_test(dataset: Dataset, per_corpus: int) -> list[Sentence]:
    """Draw the same test sentences of each corpus every time."""
    by_name: dict[str, list[Sentence]] = {}
    for sentence in dataset.test:
        by_name.setdefault(sentence.corpus, []).append(sentence)
    drawn: list[Sentence] = []
    for name, sentences in sorted(by_name.items()):
        drawn += random.Random(name).sample(sentences, min(per_corpus, len(sentences)))
    return drawn


def drawn(sentences: Sequence[Sentence], n: int) -> tuple[Sentence, ...]:
    """Draw the same train sentences every time: no arm can see more of them than these."""
    return tuple(random.Random(0).sample(list(sentences), min(n, len(sentences))))


class Study:
    """Trains and scores the arms, keeping what is done in a folder."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.work: Path = args.work
        self.work.mkdir(parents=True, exist_ok=True)
        corpora, schema = read_all(args.source, read_settings())
        ten = [one for one in corpora if one.id in CORPORA] or corpora
        self.whole = {
            (True, False): merge(ten, schema),
            (False, False): merge(ten, schema, fuse=False),
            (True, True): merge(corpora, schema),
        }
        self.fused = self.whole[True, False]
        size = len(self.fused.train)
        self.steps = args.steps or math.ceil(size * args.epochs / args.batch_size)
        self.test = chosen_test(self.fused, args.per_corpus)
        self.documents, self.dropped = [], 0
        if args.biored.is_file():
            data = self.work / "merged"
            if not (data / "manifest.json").is_file():
                write_dataset(self.whole[True, True], data)
            documents = read_biored(args.biored)
            self.documents = without_known(documents, data)
            self.dropped = len(documents) - len(self.documents)

    def outcomes(self, name: str, seed: int) -> dict[str, Outcome]:
        """Return an arm's outcome, and of a told one also told none; kept ones from the folder."""
        key = self._key(name, seed)
        rows = [name, f"{name}{UNTOLD}"] if ARMS[name].is_told else [name]
        kept = {row: self.work / f"{key}{row.removeprefix(name)}.json" for row in rows}
        if all(path.is_file() for path in kept.values()):
            return {row: read_outcome(path) for row, path in kept.items()}
        folder = self.work / key
        if not (folder / "card.json").is_file():
            self._train(name, seed, folder)
        tagger = load_tagger(folder)
        found: dict[str, Outcome] = {}
        for row, path in kept.items():
            tag = tagger.tag if row.endswith(UNTOLD) else tagger.tag_own
            report = score(self.test, tag(self.test), self.fused.schema, bootstrap=0)
            values = [s.micro.f1 for c, s in report.by_corpus.items() if c not in PARTS]
            mean = sum(values) / len(values)
            outside = measure(tagger, self.documents, self.dropped) if self.documents else None
            made = Outcome(
                mean,
                stray_marks(report),
                outside.micro if outside else Score(),
                report.counts,
                read_curve(folder),
            )
            write_outcome(path, made)
            say(f"{key}{row.removeprefix(name)}: mean F1 {100 * mean:.1f}")
            found[row] = made
        return found

    def _key(self, name: str, seed: int) -> str:
        return f"{name}-{seed}-{self.steps_of(name)}"

    def steps_of(self, name: str) -> int:
        """Return the steps of an arm."""
        return round(self.steps * (self.args.more_epochs if ARMS[name].is_longer else 1))

    def _train(self, name: str, seed: int, folder: Path) -> None:
        arm = ARMS[name]
        base = str(self._cased() if arm.is_cased else self.args.base)
        config = TrainingConfig(
            base,
            loss=arm.loss,
            max_steps=self.steps_of(name),
            epochs=1000.0 if arm.is_longer else 1.0,
            batch_size=self.args.batch_size,
            seed=seed,
            save_steps=100,
            eval_steps=self.args.eval_steps,
            fill_in=str(self._teacher(seed)) if arm.is_taught else "",
            conventions=arm.is_told,
        )
        whole = self.whole[arm.is_fused, arm.has_more]
        limit = self.steps * self.args.batch_size
        dataset = whole if arm.is_longer else replace(whole, train=drawn(whole.train, limit))
        curve = folder.with_name(f"{folder.name}.curve")

        def show(p: RunProgress) -> None:
            if p.devel_f1 is not None:
                with curve.open("a", encoding="utf-8") as sink:
                    sink.write(f"{p.step}\t{p.loss or 0:.6f}\t{p.devel_f1:.6f}\n")
            if p.message or (p.loss is not None and p.step % 50 == 0):
                say(f"{folder.name} {p.step}/{p.total_steps} {p.loss or ''} {p.message}")

        train(config, dataset, folder, report=show, resume=(folder / "checkpoints").is_dir())

    def _cased(self) -> Path:
        split = self.work / "cased-base"
        if not split.exists():
            words = (word for s in self.fused.train for word in s.tokens)
            split_by_case(self.args.base, split, words, least=3)
        return split

    def _teacher(self, seed: int) -> Path:
        """Return the one fixed teacher, else the fused arm's model of the same seed."""
        if self.args.teacher is not None:
            return Path(self.args.teacher)
        self.outcomes("fused", seed)
        return self.work / self._key("fused", seed)


def read_curve(folder: Path) -> tuple[tuple[int, float, float], ...]:
    """Return what a run's scores on devel were: step, loss, mean F1; a resumed step once."""
    path = folder.with_name(f"{folder.name}.curve")
    if not path.is_file():
        return ()
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    found = {int(step): (int(step), float(loss), float(f1)) for step, loss, f1 in rows}
    return tuple(found[step] for step in sorted(found))


def asked_arms(text: str, seeds: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Read ``naive,convention:42+43``: arms in their order, with the seeds that they name."""
    asked: dict[str, tuple[int, ...]] = {}
    for one in text.split(","):
        name, _, own = one.strip().partition(":")
        if name not in ARMS:
            raise SystemExit(f"--arms: {name!r} is none of {', '.join(ARMS)}")
        asked[name] = tuple(int(seed) for seed in own.split("+")) if own else tuple(seeds)
    return {name: asked[name] for name in ARMS if name in asked}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=500, help="0: as --epochs says")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--more-epochs", type=float, default=3.0, help="of the last arm, times")
    parser.add_argument("--batch-size", type=int, default=TrainingConfig.batch_size)
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 43])
    parser.add_argument("--per-corpus", type=int, default=400)
    parser.add_argument("--arms", default="naive,partial,fused,fill-in,cased")
    parser.add_argument("--teacher", type=Path, help="one model that fills in for every arm")
    parser.add_argument("--eval-steps", type=int, default=0, help="for the learning curves")
    parser.add_argument("--biored", type=Path, default=BIORED)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/scores.md"))
    parser.add_argument("--section", choices=SECTIONS, default="ablation")
    args = parser.parse_args()
    asked = asked_arms(args.arms, args.seeds)
    study = Study(args)
    rows: dict[str, list[Outcome]] = {}
    for name, seeds in asked.items():
        for seed in seeds:
            for row, outcome in study.outcomes(name, seed).items():
                rows.setdefault(row, []).append(outcome)
    seeds = "; ".join(f"{ARMS[n].title}: {', '.join(map(str, s))}" for n, s in asked.items())
    taught = f" filled in by {args.teacher.name};" if args.teacher else ""
    longer = "".join(
        f" ({ARMS[name].title}: {study.steps_of(name):,})" for name in asked if ARMS[name].is_longer
    )
    told = (
        f"{study.steps:,} steps{longer} of batch {args.batch_size} from {args.base.name};{taught} "
        f"seeds {seeds}. {len(study.test):,} test sentences, at most {args.per_corpus} a corpus; "
        "the mean is over the corpora that are here whole; differences are in micro F1."
    )
    text = table(rows, told, TITLES)
    print(text)
    more = [by_corpus(rows, TITLES), curves(rows, TITLES)]
    print("\n" + "\n\n".join(part for part in more if part))
    if args.write:
        body = "\n\n".join([text, *(p for p in more if p)])
        write_part(args.write, args.section, body)


if __name__ == "__main__":
    main()
