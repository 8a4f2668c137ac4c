"""Types that a convention does not look for: one pass, two, or none, on devel: right, and how fast.

    python -m benchmarks.two_passes --model FOLDER --data data/merged [--sentences 150]
        [--conventions BC2GM,NCBI-disease,BC4CHEMD] [--gold BioNLP13CG,CRAFT,BC5CDR] [--json FILE]

Sentences of a corpus that looked for many types (``--gold``) are tagged under the convention of one
that looked for few. Of the types that the convention does not look for, and the gold does: strict
F1 of *two passes* (those types as under any), of *one pass* (what the model says of them under the
convention itself), and of any alone; *hatched* would mark none. Beside it: words
a second by each way, and the F1 of the types that the convention does look for, which no way may
change for the worse.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bioner.commands.terminal import table
from bioner.conventions import ANY
from bioner.corpora.dataset_folder import read_dataset
from bioner.evaluation.folding import fold_pair
from bioner.evaluation.scores import Score
from bioner.labels import LabelSchema
from bioner.machine import Device
from bioner.settings import read_settings
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.tagger import Tagger

WAYS = ("two passes", "one pass", "any")


def tag_by(
    tagger: Tagger, sentences: Sequence[Sentence], convention: str, *, twice: bool
) -> list[Sentence]:
    """Tag under a convention in one pass or in two, whatever the model's card would choose."""
    tagger.reads_twice = twice
    return tagger.tag(sentences, convention=convention)


def count(
    gold: Sequence[Sentence], found: Sequence[Sentence], schema: LabelSchema, types: frozenset[str]
) -> Score:
    """Count exact marks of these types, in the gold corpus's own terms."""
    total = Score()
    for right, said in zip(gold, found, strict=True):
        pair = fold_pair(right, said, schema.mapping_for(right.corpus))
        ours = {(s.start, s.end, s.label) for s in pair.gold.spans if s.label in types}
        theirs = {(s.start, s.end, s.label) for s in pair.predicted.spans if s.label in types}
        total += Score(len(ours & theirs), len(theirs), len(ours))
    return total


def measure(
    tagger: Tagger, gold: Sequence[Sentence], convention: str, schema: LabelSchema
) -> dict[str, dict[str, float]]:
    """Return, by way: F1 of the types not looked for and of those looked for, words a second."""
    ways: dict[str, Callable[[], list[Sentence]]] = {
        "two passes": lambda: tag_by(tagger, gold, convention, twice=True),
        "one pass": lambda: tag_by(tagger, gold, convention, twice=False),
        "any": lambda: tagger.tag(gold, convention=ANY),
    }
    looked = tagger.conventions.find(convention).covers
    mapping = schema.mapping_for(gold[0].corpus)
    terms = mapping.scored
    inside = frozenset(mapping.fold_label(one) for one in looked) & terms
    outside = terms - inside
    words = sum(len(one.tokens) for one in gold)
    found: dict[str, dict[str, float]] = {}
    for name, tag in ways.items():
        began = time.process_time()
        tagged = tag()
        spent = time.process_time() - began
        out, own = (count(gold, tagged, schema, types) for types in (outside, inside))
        found[name] = {
            "f1_not_looked_for": out.f1,
            "gold_not_looked_for": out.support,
            "f1_looked_for": own.f1,
            "gold_looked_for": own.support,
            "correct": out.correct,
            "predicted": out.predicted,
            "words_per_cpu_s": words / spent if spent else 0.0,
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sentences", type=int, default=150)
    parser.add_argument("--conventions", default="BC2GM,NCBI-disease,BC4CHEMD")
    parser.add_argument("--gold", default="BioNLP13CG,CRAFT,BC5CDR")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    data = read_dataset(args.data or read_settings().merged, splits=("devel",))
    tagger = load_tagger(args.model, device=Device.CPU)
    rows = [["gold", "told", *(f"{way}: F1" for way in WAYS), "looked for: two", "one", "any"]]
    results = {}
    total = {way: Score() for way in WAYS}
    speed = dict.fromkeys(WAYS, 0.0)
    pairs = 0
    for corpus in args.gold.split(","):
        there = [one for one in data.devel if one.corpus == corpus]
        chosen = random.Random(corpus).sample(there, min(args.sentences, len(there)))
        for convention in args.conventions.split(","):
            found = measure(tagger, chosen, convention, data.schema)
            results[f"{corpus} as in {convention}"] = found
            pairs += 1
            for way, one in found.items():
                total[way] += Score(
                    int(one["correct"]), int(one["predicted"]), int(one["gold_not_looked_for"])
                )
                speed[way] += one["words_per_cpu_s"]
            rows.append(
                [
                    corpus,
                    convention,
                    *(f"{100 * found[way]['f1_not_looked_for']:.1f}" for way in WAYS),
                    *(
                        f"{100 * found[way]['f1_looked_for']:.1f}"
                        if found[way]["gold_looked_for"]
                        else "–"
                        for way in WAYS
                    ),
                ]
            )
    rows.append(["all", "", *(f"{100 * total[way].f1:.1f}" for way in WAYS), "", "", ""])
    rows.append(
        ["precision", "", *(f"{100 * total[way].precision:.1f}" for way in WAYS), "", "", ""]
    )
    rows.append(["recall", "", *(f"{100 * total[way].recall:.1f}" for way in WAYS), "", "", ""])
    rows.append(["words/CPU s", "", *(f"{speed[way] / pairs:,.0f}" for way in WAYS), "", "", ""])
    print(table(rows, right=set(range(2, 8))))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
