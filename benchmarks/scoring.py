"""Time the scoring of a full test split without tagging, and hold it against seqeval.

    python -m benchmarks.scoring [--data data/merged] [--split test] [--model NAME] [--json FILE]

What ``evaluate`` does after tagging: fold, count, bootstrap, name the mistakes, look each up in
training. Predictions are a stored evaluation's of ``--model`` where there is one, else gold with
two in five mentions changed or dropped. Each corpus's F1 must equal seqeval's (strict, IOB2).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from bioner.bio import encode
from bioner.commands.terminal import say, table
from bioner.corpora.dataset_folder import read_dataset
from bioner.evaluation.folding import fold_pair
from bioner.evaluation.keys import evaluation_key
from bioner.evaluation.reports import find_evaluation, reports_folder
from bioner.evaluation.scoring import score
from bioner.evaluation.surfaces import agreeing_corpora, read_lexicon, read_treatments
from bioner.labels import LabelSchema
from bioner.models.catalogue import find_model
from bioner.settings import read_settings
from bioner.spans import Sentence, Span, with_spans


def disturb(sentence: Sentence, generator: np.random.Generator, schema: LabelSchema) -> Sentence:
    """Keep, relabel, shorten or drop each gold mention."""
    spans = []
    for span in sentence.spans:
        what = generator.random()
        made = Span(span.start, span.end, span.label, status="predicted", score=round(what, 4))
        if what < 0.6:
            spans.append(made)
        elif what < 0.75:
            spans.append(replace(made, label=str(generator.choice(schema.names))))
        elif what < 0.9 and span.end - span.start > 1:
            spans.append(replace(made, end=span.end - 1))
    return with_spans(sentence, spans)


def seqeval_f1(
    gold: Sequence[Sentence], predicted: Sequence[Sentence], schema: LabelSchema, corpus: str
) -> float:
    """Return seqeval's strict micro F1 on a corpus, in the corpus's own terms."""
    mapping = schema.mapping_for(corpus)
    folded = [
        fold_pair(g, p, mapping) for g, p in zip(gold, predicted, strict=True) if g.corpus == corpus
    ]
    found = classification_report(
        [encode(f.gold.spans, len(f.gold.tokens)) for f in folded],
        [encode(f.predicted.spans, len(f.gold.tokens)) for f in folded],
        mode="strict",
        scheme=IOB2,
        output_dict=True,
        zero_division=0,
    )
    return float(found["micro avg"]["f1-score"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", default="bioner-compact")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    settings = read_settings()
    data = args.data or settings.merged
    dataset = read_dataset(data, ("train", args.split))
    schema = dataset.schema
    key = evaluation_key(find_model(args.model, settings.models), data, split=args.split)
    stored = find_evaluation(key, reports_folder())
    if stored:
        judged = stored.sentences()
        gold, predicted = [one.raw_gold for one in judged], [one.raw for one in judged]
        source = f"{args.model}'s stored predictions"
    else:
        gold = list(dataset.split(args.split))
        generator = np.random.default_rng(7)
        predicted = [disturb(one, generator, schema) for one in gold]
        source = "gold with two in five mentions changed or dropped"
    started = time.process_time()
    report = score(gold, predicted, schema, lexicon=read_lexicon(dataset.train))
    scored_s = time.process_time() - started
    surfaces = {s for m in report.mistakes for s in (m.surface, m.predicted_surface) if s}
    treatments = read_treatments(dataset.train, surfaces, schema)
    for one in report.mistakes:
        agreeing_corpora(one, treatments, schema)
    seconds = time.process_time() - started
    say(f"{len(gold):,} sentences scored; now seqeval")
    rows = [["corpus", "F1", "seqeval"]]
    differing = []
    for corpus, scores in report.by_corpus.items():
        theirs = seqeval_f1(gold, predicted, schema, corpus)
        if abs(theirs - scores.micro.f1) > 1e-12:
            differing.append(corpus)
        rows.append([corpus, f"{scores.micro.f1:.6f}", f"{theirs:.6f}"])
    print(f"{len(gold):,} {args.split} sentences, {source}, {len(report.mistakes):,} mistakes")
    print(table(rows, right={1, 2}))
    print(f"{scored_s:.1f} s of processor time, {seconds:.1f} s with mistakes looked up in train")
    if args.json:
        raw = {"sentences": len(gold), "score_s": scored_s, "all_s": seconds, "source": source}
        args.json.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    if differing:
        sys.exit(f"not seqeval's number: {', '.join(differing)}")


if __name__ == "__main__":
    main()
