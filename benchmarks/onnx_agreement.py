"""Compare a model's backends: torch float32, ONNX float32, ONNX int8.

    python -m benchmarks.onnx_agreement MODEL_FOLDER [--data data/merged] [--split devel]
        [--per-corpus 300] [--json FILE]

Prints each backend's strict entity F1 over the corpora (counts summed), its difference from torch,
the share of sentences tagged exactly as torch tags them, and whether tagging the sentences in
another order and one at a time changes anything: spans, or scores and by how much. The ONNX files
are made in a copy of the folder, so the model itself stays as it is.
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
from dataclasses import replace
from pathlib import Path

from bioner.corpora.dataset_folder import read_dataset
from bioner.evaluation.scoring import evaluate_sentences
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.onnx_export import export_onnx
from bioner.tagging.tagger import Tagger

Row = dict[str, str | float]


def sample(sentences: Sequence[Sentence], per_corpus: int) -> list[Sentence]:
    """Take the first sentences of each corpus, each a document of its own."""
    taken: Counter[str] = Counter()
    chosen: list[Sentence] = []
    for sentence in sentences:
        if taken[sentence.corpus] < per_corpus:
            taken[sentence.corpus] += 1
            chosen.append(replace(sentence, document=str(len(chosen))))
    return chosen


def labels(sentence: Sentence) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in sentence.spans]


def same(first: Sequence[Sentence], second: Sequence[Sentence]) -> float:
    """Return the share of sentences with equal spans."""
    return sum(labels(a) == labels(b) for a, b in zip(first, second, strict=True)) / len(first)


def score_shift(first: Sequence[Sentence], second: Sequence[Sentence]) -> float:
    """Return the largest difference of a score where the spans are equal."""
    return max(
        (
            abs((x.score or 0) - (y.score or 0))
            for a, b in zip(first, second, strict=True)
            if labels(a) == labels(b)
            for x, y in zip(a.spans, b.spans, strict=True)
        ),
        default=0.0,
    )


def reordered(tagger: Tagger, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Tag the sentences shuffled, half of them in one call and the others one at a time."""
    order = list(range(len(sentences)))
    random.Random(0).shuffle(order)
    half = len(order) // 2
    tagged = tagger.tag([sentences[i] for i in order[:half]])
    tagged += [tagger.tag([sentences[i]])[0] for i in order[half:]]
    back = dict(zip(order, tagged, strict=True))
    return [back[i] for i in range(len(sentences))]


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a model's backends.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data/merged"))
    parser.add_argument("--split", default="devel")
    parser.add_argument("--per-corpus", type=int, default=300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    dataset = read_dataset(options.data, (options.split,))
    sentences = sample(dataset.split(options.split), options.per_corpus)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / options.folder.name
        shutil.copytree(options.folder, folder, ignore=shutil.ignore_patterns("*.onnx"))
        reference: list[Sentence] = []
        micro = 0.0
        print(f"{'backend':18} {'F1':>6} {'- torch':>8} {'same':>7} {'reordered':>9} {'score':>8}")
        for precision in ("torch", "fp32", "int8"):
            if precision == "torch":
                tagger = load_tagger(folder, device="cpu", backend="torch")
            else:
                for stale in folder.glob("*.onnx"):
                    stale.unlink()
                export_onnx(folder, precision=precision)
                tagger = load_tagger(folder, device="cpu", backend="onnx")
            begun = time.perf_counter()
            tagged = tagger.tag(sentences)
            seconds = time.perf_counter() - begun
            report = evaluate_sentences(tagger, sentences, dataset.schema, bootstrap=0)
            f1 = 100 * report.micro.f1
            if precision == "torch":
                reference, micro = tagged, f1
            again = reordered(tagger, sentences)
            row: Row = {
                "backend": tagger.backend,
                "f1": f1,
                "minus_torch": f1 - micro,
                "same_as_torch": same(reference, tagged),
                "same_reordered": same(tagged, again),
                "largest_score_shift": score_shift(tagged, again),
                "sentences_per_s": len(sentences) / seconds,
            }
            rows.append(row)
            print(
                f"{tagger.backend:18} {f1:6.2f} {f1 - micro:+8.2f} {row['same_as_torch']:7.2%} "
                f"{row['same_reordered']:9.2%} {row['largest_score_shift']:8.5f}   "
                f"{row['sentences_per_s']:,.0f} sentences/s"
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
