"""Show that the loop works: correct a lab's documents, retrain, measure on documents held back.

    python -m benchmarks.loop [--model models/bioner-compact] [--data data/merged]
        [--biored FILE] [--test-sentences N] [--without-corpora] [--json FILE] [--out FOLDER]

BioRED's dev abstracts, with their own conventions, are the lab's documents (those whose text is in
the corpora are dropped). Four fifths are corrected, one fifth is held back. The model is retrained
from the one in use with replay of the corpora (``--without-corpora``: of its own marks on the
sample and the texts). Measured: recall of the corrected patterns that occur at least three times
in the held part, precision and F1 there, and the gate on the corpora's test files
(``--test-sentences``: so many of each corpus).
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.external import BIORED, TYPES, read_biored, score_documents, without_known
from bioner.checkpoints import find_model
from bioner.commands.terminal import counter, say, table
from bioner.corpora import read_corpora
from bioner.gate import Decision, decide
from bioner.labels import LabelSchema, read_schema
from bioner.merge import Dataset, merge, read_dataset, write_dataset
from bioner.reports import evaluate_cached
from bioner.retraining import Recipe, distil, retrain, sample_replay
from bioner.scores import Score
from bioner.settings import read_settings
from bioner.spans import Document, Mention, Sentence
from bioner.tagger import load_tagger
from bioner.text import sentences
from bioner.training import Progress

LEAST = 3
Pattern = tuple[str, str]


@dataclass(frozen=True)
class Side:
    """One model on the held documents: corrected patterns found, and all mentions."""

    found: int
    occurrences: int
    score: Score


def as_corrected(document: Document, schema: LabelSchema) -> list[Sentence]:
    """Return the document's sentences as a reviewer of this lab leaves them.

    The lab's types stand for all types of their group; what it marks beyond them is no evidence.
    """
    members = {label: schema.groups[schema.group_of[label]] for label in TYPES.values()}
    covers = frozenset(name for names in members.values() for name in names)
    mapped = tuple(replace(m, label=TYPES.get(m.label, "other")) for m in document.mentions)
    made = []
    for sentence in sentences(replace(document, mentions=mapped), covers):
        made.append(
            replace(
                sentence,
                spans=tuple(
                    replace(s, stands_for=members[s.label])
                    for s in sentence.spans
                    if s.label != "other"
                ),
                ignored=tuple((s.start, s.end) for s in sentence.spans if s.label == "other"),
                corpus="corrections",
            )
        )
    return made


def patterns_of(documents: Sequence[Document], schema: LabelSchema) -> Counter[Pattern]:
    """Count the (surface, group) pairs of the gold mentions."""
    return Counter(
        _pattern(document, mention, schema)
        for document in documents
        for mention in document.mentions
        if mention.label in TYPES
    )


def _pattern(document: Document, mention: Mention, schema: LabelSchema) -> Pattern:
    label = TYPES.get(mention.label, mention.label)
    return document.surface(mention).lower(), schema.group_of.get(label, label)


def measure(
    model: Path, held: Sequence[Document], patterns: frozenset[Pattern], schema: LabelSchema
) -> Side:
    """Tag the held documents and count what was found of the patterns and of everything."""
    tagger = load_tagger(model)
    tagged = tagger.tag_documents([replace(one, mentions=()) for one in held])
    found = occurrences = 0
    for gold, said in zip(held, tagged, strict=True):
        marks = {(m.fragments, schema.group_of.get(m.label, m.label)) for m in said.mentions}
        for mention in gold.mentions:
            if mention.label in TYPES and _pattern(gold, mention, schema) in patterns:
                occurrences += 1
                found += (mention.fragments, schema.group_of[TYPES[mention.label]]) in marks
    by_group = score_documents(held, tagged, schema)
    return Side(found, occurrences, sum(by_group.values(), Score()))


def cut_test(data: Path, per_corpus: int, folder: Path) -> Path:
    """Write the merged data with so many test sentences of each corpus; drawn with a fixed seed."""
    dataset = read_dataset(data, ("train", "test"))
    by_corpus: dict[str, list[Sentence]] = {}
    for sentence in dataset.test:
        by_corpus.setdefault(sentence.corpus, []).append(sentence)
    test = [
        sentence
        for corpus, found in sorted(by_corpus.items())
        for sentence in random.Random(corpus).sample(found, min(per_corpus, len(found)))
    ]
    fingerprint = f"{dataset.fingerprint}-{per_corpus}"
    write_dataset(replace(dataset, test=tuple(test), fingerprint=fingerprint), folder)
    return folder


def replay_of(
    model: Path, data: Path | None, documents: Sequence[Document], recipe: Recipe
) -> Dataset:
    """Return what keeps the model from forgetting: corpora, or its own marks instead."""
    if data is not None:
        return sample_replay(read_dataset(data, ("train",)), recipe.replay, seed=recipe.seed)
    settings = read_settings()
    tagger = load_tagger(model)
    sample = merge(read_corpora(settings.sample), read_schema())
    texts = [s for one in documents for s in sentences(replace(one, mentions=()))]
    return distil(tagger, [*sample.train, *sample.devel, *texts], tagger.schema)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="bioner-compact")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--biored", type=Path, default=BIORED)
    parser.add_argument("--test-sentences", type=int, default=0, help="0: all of them")
    parser.add_argument("--without-corpora", action="store_true")
    parser.add_argument("--replay", type=int, default=Recipe.replay)
    parser.add_argument("--repeat", type=int, default=Recipe.repeat)
    parser.add_argument("--epochs", type=float, default=Recipe.epochs)
    parser.add_argument("--lr", type=float, default=Recipe.learning_rate)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--out", type=Path, help="keep the retrained model here")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    settings = read_settings()
    data = args.data or settings.merged
    model = find_model(args.model, settings.models)
    recipe = Recipe(
        replay=args.replay,
        repeat=args.repeat,
        epochs=args.epochs,
        learning_rate=args.lr,
        seed=args.seed,
    )
    documents = without_known(read_biored(args.biored), data)
    random.Random(args.seed).shuffle(documents)
    held = documents[: len(documents) // 5]
    corrected = documents[len(held) :]
    with tempfile.TemporaryDirectory(prefix="bioner-loop-") as scratch:
        out = args.out or Path(scratch) / "retrained"
        started = time.monotonic()
        schema = read_dataset(data, ()).schema
        corrections = [s for one in corrected for s in as_corrected(one, schema)]
        replay = replay_of(model, None if args.without_corpora else data, corrected, recipe)
        say(f"{len(corrections)} corrected sentences, {len(replay.train)} of replay")
        shutil.rmtree(out, ignore_errors=True)
        retrain(model, corrections, replay, out, recipe=recipe, report=_tell)
        trained_s = time.monotonic() - started
        both = patterns_of(corrected, schema)
        patterns = frozenset(
            pattern
            for pattern, n in patterns_of(held, schema).items()
            if n >= LEAST and pattern in both
        )
        before, after = (measure(one, held, patterns, schema) for one in (model, out))
        test = (
            cut_test(data, args.test_sentences, Path(scratch) / "merged")
            if (args.test_sentences)
            else data
        )
        decision = decide(*(
            evaluate_cached(one, test, progress=counter(f"evaluating {one.name}"))
            for one in (out, model)
        ))  # fmt: skip
        minutes = (time.monotonic() - started) / 60
    print(
        f"{len(corrected)} documents corrected ({len(corrections)} sentences), {len(held)} held "
        f"back; {len(patterns)} corrected patterns occur there at least {LEAST} times"
    )
    print(loop_table(before, after))
    print(f"retrained in {trained_s / 60:.1f} min, {minutes:.1f} min with all evaluations")
    print(decision.summary)
    if args.json:
        raw = to_json(before, after, decision, len(corrections), len(patterns), trained_s)
        args.json.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")


def _tell(progress: Progress) -> None:
    if progress.message or progress.step % 50 == 0:
        loss = "" if progress.loss is None else f"loss {progress.loss:.3f}"
        say(f"{progress.step}/{progress.total_steps} {loss} {progress.message}".rstrip())


def loop_table(before: Side, after: Side) -> str:
    """Lay out before and after."""

    def row(name: str, old: float, new: float) -> list[str]:
        return [name, f"{100 * old:.1f}", f"{100 * new:.1f}", f"{100 * (new - old):+.1f}"]

    return table(
        [
            ["on the held documents (%)", "before", "after", "difference"],
            row(
                f"corrected patterns found, of {after.occurrences}",
                before.found / max(1, before.occurrences),
                after.found / max(1, after.occurrences),
            ),
            row("precision", before.score.precision, after.score.precision),
            row("recall", before.score.recall, after.score.recall),
            row("F1", before.score.f1, after.score.f1),
        ],
        right={1, 2, 3},
    )


def to_json(
    before: Side,
    after: Side,
    decision: Decision,
    corrections: int,
    patterns: int,
    seconds: float,
) -> dict[str, object]:
    """Return everything that was measured."""
    return {
        "corrections": corrections,
        "patterns": patterns,
        "training_s": round(seconds, 1),
        **{
            name: {
                "patterns_found": side.found,
                "pattern_occurrences": side.occurrences,
                **side.score.to_json(),
            }
            for name, side in (("before", before), ("after", after))
        },
        "gate": decision.to_json(),
    }


if __name__ == "__main__":
    main()
