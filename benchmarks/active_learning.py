"""Show what the review queue saves: F1 against labelled tokens, this queue against random order.

    python -m benchmarks.active_learning [--corpora BC5CDR,BioNLP13CG] [--rounds 3]
        [--tokens 1500] [--seeds 2] [--pool 3000] [--scored 300] [--split test|devel]
        [--base-sentences 3000] [--encoder FOLDER] [--data data/merged] [--work FOLDER]
        [--json FILE] [--write [docs/loop.md]]

A base model is trained on sentences of the other corpora, so that it never saw the two (nor what
they share with AnatEM). Then each arm labels, a round at a time, so many tokens of its pool, in the
order of ``bioner.review`` or at random; gold answers as the reviewer would. The model is trained on
from the round before with all that is labelled so far, and scored on a fixed part of the corpus's
own split (``devel`` for choosing, ``test`` for what is reported). The queue never sees gold. Every
round is kept in ``--work``: a run that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

from benchmarks.written import write_part
from bioner.commands.terminal import say
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import read_dataset
from bioner.evaluation.scoring import evaluate_sentences
from bioner.files import write_whole
from bioner.review import Candidate, rank, read_knowledge
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.tagger import Tagger
from bioner.training.config import TrainingConfig
from bioner.training.run import train

PART = "active-learning"
ENCODER = PROJECT_ROOT.parent / "shared" / "encoders" / "all-MiniLM-L6-v2"
TARGETS = ("BC5CDR", "BioNLP13CG")
ORDERS = ("random", "queue")
LEAST_WORDS = 6
"""Shorter sentences, headings mostly, are in no pool."""


@dataclass(frozen=True)
class Size:
    """How large the experiment is; a changed size begins anew."""

    rounds: int = 3
    tokens: int = 1500
    pool: int = 3000
    scored: int = 300
    base_sentences: int = 3000
    epochs: float = 3.0
    learning_rate: float = 1e-4
    batch_size: int = 12
    split: str = "test"


@dataclass(frozen=True)
class Arm:
    """One corpus labelled in one order with one seed."""

    corpus: str
    order: str
    seed: int

    @property
    def name(self) -> str:
        """The arm's folder."""
        return f"{self.corpus}-{self.order}-{self.seed}"


@dataclass(frozen=True)
class Round:
    """The state after a round: tokens and sentences labelled, strict micro F1, who is labelled."""

    tokens: int
    f1: float
    labelled: tuple[str, ...] = ()


def is_of(sentence: Sentence, corpora: Sequence[str]) -> bool:
    """Tell whether one of the corpora holds the sentence."""
    return bool({sentence.corpus, *sentence.sources} & set(corpora))


def choose_base(dataset: Dataset, targets: Sequence[str], size: int) -> list[Sentence]:
    """Draw train sentences of the other corpora, none of which a target corpus holds too."""
    known = {
        s.fingerprint
        for split in (dataset.train, dataset.devel, dataset.test)
        for s in split
        if is_of(s, targets)
    }
    others = [s for s in dataset.train if s.fingerprint not in known]
    return random.Random(0).sample(others, min(size, len(others)))


def choose_pool(dataset: Dataset, corpus: str, size: int, seed: int) -> list[Sentence]:
    """Draw the sentences of one corpus that an arm may label."""
    mine = [s for s in dataset.train if is_of(s, [corpus]) and len(s.tokens) >= LEAST_WORDS]
    return random.Random(f"pool {seed}").sample(mine, min(size, len(mine)))


def choose_scored(dataset: Dataset, corpus: str, split: str, size: int) -> list[Sentence]:
    """Draw the sentences that every arm of a corpus is scored on."""
    mine = [s for s in dataset.split(split) if s.corpus == corpus]
    return random.Random("scored").sample(mine, min(size, len(mine)))


def order_of(
    arm: Arm, tagger: Tagger, pool: Sequence[Sentence], known: Sequence[Sentence], number: int
) -> list[Sentence]:
    """Return the pool in the order in which a reviewer is handed its sentences."""
    if arm.order == "random":
        return random.Random(f"{arm.seed} {number}").sample(list(pool), len(pool))
    schema = tagger.schema
    candidates = (Candidate(i, one) for i, one in enumerate(tagger.tag(pool)))
    knowledge = read_knowledge(lambda: known)
    return [pool[item.key] for item in rank(candidates, knowledge, group_of=schema.group_of)]


def take(ordered: Sequence[Sentence], tokens: int) -> list[Sentence]:
    """Return the first sentences that have so many tokens together."""
    taken: list[Sentence] = []
    for sentence in ordered:
        if tokens <= 0:
            break
        taken.append(sentence)
        tokens -= len(sentence.tokens)
    return taken


@dataclass(frozen=True)
class Lab:
    """What all arms share: the data, the base model, the size, and where rounds are kept."""

    dataset: Dataset
    base: Path
    base_train: Sequence[Sentence]
    size: Size
    work: Path

    def run(self, arm: Arm) -> list[Round]:
        """Run an arm's missing rounds and return all of them, the base model's first."""
        pool = choose_pool(self.dataset, arm.corpus, self.size.pool, arm.seed)
        scored = choose_scored(self.dataset, arm.corpus, self.size.split, self.size.scored)
        rounds = self._kept(arm)
        tagger = load_tagger(self._model(arm, max(0, len(rounds) - 1)), device="cpu")
        if not rounds:
            rounds = [Round(0, self._score(tagger, scored))]
            self._keep(arm, rounds)
        while len(rounds) <= self.size.rounds:
            number = len(rounds)
            before, model = self._model(arm, number - 1), self._model(arm, number)
            chosen = set(rounds[-1].labelled)
            labelled = [s for s in pool if s.id in chosen]
            left = [s for s in pool if s.id not in chosen]
            known = [*self.base_train, *labelled]
            labelled += take(order_of(arm, tagger, left, known, number), self.size.tokens)
            self._train(before, labelled, model, arm.seed + number)
            tagger = load_tagger(model, device="cpu")
            tokens = sum(len(s.tokens) for s in labelled)
            ids = tuple(s.id for s in labelled)
            rounds.append(Round(tokens, self._score(tagger, scored), ids))
            self._keep(arm, rounds)
            if number > 1:
                shutil.rmtree(before, ignore_errors=True)
            say(f"{arm.name}: round {number}, {tokens:,} tokens, F1 {100 * rounds[-1].f1:.1f}")
        return rounds

    def _model(self, arm: Arm, number: int) -> Path:
        return self.work / arm.name / f"round-{number}" if number else self.base

    def _train(self, before: Path, labelled: Sequence[Sentence], out: Path, seed: int) -> None:
        shutil.rmtree(out, ignore_errors=True)
        config = TrainingConfig(
            base=str(before),
            epochs=self.size.epochs,
            learning_rate=self.size.learning_rate,
            head_learning_rate=5 * self.size.learning_rate,
            batch_size=self.size.batch_size,
            save_steps=10**6,
            seed=seed,
            device="cpu",
        )
        data = Dataset(tuple(labelled), (), (), self.dataset.schema, "active-learning")
        train(config, data, out)

    def _score(self, tagger: Tagger, scored: Sequence[Sentence]) -> float:
        return evaluate_sentences(tagger, scored, self.dataset.schema, bootstrap=0).micro.f1

    def _kept(self, arm: Arm) -> list[Round]:
        path = self.work / arm.name / "rounds.json"
        if not path.is_file():
            return []
        found = json.loads(path.read_text(encoding="utf-8"))
        return [Round(one["tokens"], one["f1"], tuple(one["labelled"])) for one in found]

    def _keep(self, arm: Arm, rounds: Sequence[Round]) -> None:
        folder = self.work / arm.name
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "rounds.json", json.dumps([asdict(one) for one in rounds]))


def train_base(
    dataset: Dataset, sentences: Sequence[Sentence], encoder: Path, folder: Path
) -> Path:
    """Train the model that both orders start from; it is kept for the next run."""
    if not (folder / "card.json").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        config = TrainingConfig(
            base=str(encoder), learning_rate=3e-4, save_steps=10**6, device="cpu"
        )
        train(config, Dataset(tuple(sentences), (), (), dataset.schema, "others"), folder)
        say(f"base model: {len(sentences):,} sentences of the other corpora")
    return folder


def markdown(results: dict[Arm, list[Round]], size: Size) -> str:
    """Lay the curves out, a line a corpus and order, the mean of the seeds (each seed's F1)."""
    n = size.rounds + 1
    heads = [f"{i * size.tokens:,}" for i in range(n)]
    lines = [f"| F1 (%) at labelled tokens | {' | '.join(heads)} |", f"|---|{'---:|' * n}"]
    for corpus in dict.fromkeys(arm.corpus for arm in results):
        for order in ORDERS:
            runs = [r for arm, r in results.items() if (arm.corpus, arm.order) == (corpus, order)]
            cells = []
            for i in range(n):
                values = [100 * run[i].f1 for run in runs]
                each = f" ({', '.join(f'{v:.1f}' for v in values)})" if i and len(runs) > 1 else ""
                cells.append(f"{mean(values):.1f}{each}")
            title = {"random": "random order", "queue": "this queue"}[order]
            lines.append(f"| {corpus}, {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    default = Size()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpora", default=",".join(TARGETS))
    parser.add_argument("--rounds", type=int, default=default.rounds)
    parser.add_argument("--tokens", type=int, default=default.tokens, help="labelled a round")
    parser.add_argument("--pool", type=int, default=default.pool, help="sentences to choose from")
    parser.add_argument("--scored", type=int, default=default.scored, help="sentences scored")
    parser.add_argument("--split", choices=("test", "devel"), default=default.split)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--base-sentences", type=int, default=default.base_sentences)
    parser.add_argument("--epochs", type=float, default=default.epochs)
    parser.add_argument("--lr", type=float, default=default.learning_rate)
    parser.add_argument("--encoder", type=Path, default=ENCODER)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, help="keep models and rounds here, and go on there")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/loop.md"))
    args = parser.parse_args()
    size = Size(
        rounds=args.rounds,
        tokens=args.tokens,
        pool=args.pool,
        scored=args.scored,
        base_sentences=args.base_sentences,
        epochs=args.epochs,
        learning_rate=args.lr,
        split=args.split,
    )
    targets = args.corpora.split(",")
    dataset = read_dataset(args.data or read_settings().merged)
    base_train = choose_base(dataset, TARGETS, size.base_sentences)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    arms = [Arm(c, order, seed) for c in targets for seed in seeds for order in ORDERS]
    with tempfile.TemporaryDirectory(prefix="bioner-active-") as scratch:
        root = args.work or Path(scratch)
        base = train_base(dataset, base_train, args.encoder, root / f"base-{size.base_sentences}")
        lab = Lab(dataset, base, base_train, size, root / work_name(size))
        results = {arm: lab.run(arm) for arm in arms}
    text = markdown(results, size)
    print(text)
    if args.json:
        raw = {
            "size": asdict(size),
            "arms": {arm.name: [asdict(one) for one in found] for arm, found in results.items()},
        }
        args.json.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    if args.write:
        write_part(args.write, PART, text)


def work_name(size: Size) -> str:
    """Name the folder of a size's rounds; the number of rounds is not in it: more may follow."""
    parts = {name: value for name, value in asdict(size).items() if name != "rounds"}
    return "-".join(f"{value:g}" if isinstance(value, float) else str(value)
                    for value in parts.values())  # fmt: skip


if __name__ == "__main__":
    main()
