"""Measure prediction: ratios in one run against transformers.pipeline on the same machine.

    python -m benchmarks.predict_speed [--model models/bioner-compact] [--sentences 2000]
        [--rounds 3] [--memory 10000 100000] [--rest] [--cold] [--json FILE]

Sentences are those of the merged devel split, drawn over all corpora. Each contestant gets the raw
text or the tokens and gives back entities: cutting into pieces, padding, the network and decoding
are all inside the clock. Every torch model runs in float32. Rounds alternate between the
contestants and the median ratio counts, so that a busy machine slows all alike. Targets: 2.5 times
the pipeline on the same model at its best batch size, 40 times a BERT-base shape (random weights)
through the pipeline one sentence at a time, at most 15% of the time outside the network;
``--memory``: the resident size after the larger number of sentences at most 1.1 times that after
the smaller; ``--rest``: 16 clients, no error, 70% of the in-process rate.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil

from bioner.corpora.dataset_folder import read_dataset
from bioner.settings import cpu_threads
from bioner.spans import Document, Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.network import Network
from bioner.tagging.onnx_network import load_onnx
from bioner.tagging.tagger import Tagger
from bioner.text import split_document

ROOT = Path(__file__).resolve().parent.parent
Row = dict[str, str | float]


@dataclass(frozen=True)
class Target:
    """One claim: what was measured, what it should be, and whether more is better."""

    name: str
    value: float
    wanted: float
    at_least: bool = True

    @property
    def is_met(self) -> bool:
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "met" if self.is_met else "MISSED"
        return f"{self.name:58} {self.value:9.3f}  {sign} {self.wanted:<6} {verdict}"


class Stopwatch:
    """A network that counts the time spent in it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.name = network.name
        self.seconds = 0.0

    def __call__(self, input_ids: Any, attention_mask: Any) -> Any:
        begun = time.perf_counter()
        try:
            return self._network(input_ids, attention_mask)
        finally:
            self.seconds += time.perf_counter() - begun


def read_sentences(data: Path, count: int) -> list[Sentence]:
    """Draw sentences over all corpora of the merged devel split, the same ones each time."""
    pool = list(read_dataset(data, ("devel",)).split("devel"))
    random.Random(0).shuffle(pool)
    return [pool[i % len(pool)] for i in range(count)]


def clock(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def make_pipeline(folder: Path) -> Any:
    """Make the baseline: float32, on the CPU, all threads."""
    import torch
    from transformers import pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(cpu_threads())
    return pipeline(
        "token-classification",
        model=str(folder),
        tokenizer=str(folder),
        aggregation_strategy="simple",
        dtype=torch.float32,
        device="cpu",
    )


def make_bert_base(folder: Path, like: Path) -> None:
    """Write a BERT-base of random weights with the tokenizer and tags of another model."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, BertConfig, BertForTokenClassification

    tags = AutoConfig.from_pretrained(like).id2label
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(like)
    config = BertConfig(
        vocab_size=len(tokenizer), id2label=tags, label2id={tag: i for i, tag in tags.items()}
    )
    BertForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def measure_ratios(
    folder: Path, tagger: Tagger, sentences: Sequence[Sentence], rounds: int
) -> tuple[list[Row], list[Target]]:
    """Race the tagger against the pipeline on the same model and on a BERT-base shape."""
    texts = [s.text for s in sentences]
    same = make_pipeline(folder)
    some = texts[: max(20, len(texts) // 10)]
    few = texts[: max(10, len(texts) // 50)]
    with tempfile.TemporaryDirectory() as work:
        make_bert_base(Path(work), folder)
        base = make_pipeline(Path(work))
    contestants: dict[str, tuple[int, Callable[[], object]]] = {
        "ours": (len(sentences), lambda: tagger.tag(sentences)),
        **{
            f"pipeline, same model, batch {size}": (
                len(some),
                lambda size=size: same(some, batch_size=size),
            )
            for size in (1, 8, 32)
        },
        "pipeline, BERT-base shape, one at a time": (
            len(few),
            lambda: [base(text) for text in few],
        ),
    }
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    tagger.tag(sentences[:20])
    same(texts[:5])
    base(texts[:2])
    for _ in range(rounds):
        for name, (count, run) in contestants.items():
            rates[name].append(count / clock(run))
    words = sum(len(s.tokens) for s in sentences) / len(sentences)
    rows: list[Row] = []
    for name, values in rates.items():
        rate = statistics.median(values)
        rows.append({"name": name, "sentences_per_s": rate, "words_per_s": rate * words})
        print(f"{name:45} {rate:9.1f} sentences/s {rate * words:10,.0f} words/s")
    ours = rates["ours"]
    same_rates = [rates[n] for n in rates if "same model" in n]
    best = max(same_rates, key=statistics.median)
    slow = rates["pipeline, BERT-base shape, one at a time"]

    def ratio(other: Sequence[float]) -> float:
        return statistics.median(a / b for a, b in zip(ours, other, strict=True))

    return rows, [
        Target("ours / pipeline, same model, its best batch", ratio(best), 2.5),
        Target("ours / pipeline, BERT-base shape, one at a time", ratio(slow), 40),
    ]


def measure_overhead(tagger: Tagger, sentences: Sequence[Sentence]) -> Target:
    """Measure the share of the time outside the network."""
    watch = Stopwatch(tagger._network)
    tagger._network = watch
    total = clock(lambda: tagger.tag(sentences))
    tagger._network = watch._network
    return Target("share of the time outside the network", 1 - watch.seconds / total, 0.15, False)


def measure_abstract(tagger: Tagger, sentences: Sequence[Sentence]) -> Row:
    """Measure one 250-word abstract, warm."""
    words: list[str] = []
    for sentence in sentences:
        words += sentence.tokens
    text = " ".join(words[:250])
    times = sorted(clock(lambda: tagger.tag_document(split_document(text))) for _ in range(15))
    print(f"a 250-word abstract, warm: {1000 * statistics.median(times):.0f} ms")
    return {"name": "abstract", "milliseconds": 1000 * statistics.median(times)}


def measure_cold(folder: Path) -> Row:
    """Measure a fresh process from its start to its first entities."""
    program = (
        "import sys; from pathlib import Path; from bioner.tagging.load import load_tagger; "
        "from bioner.text import split_document; "
        "tagger = load_tagger(Path(sys.argv[1]), device='cpu'); "
        "tagger.tag_document(split_document('BRCA1 in mice.'))"
    )
    command = [sys.executable, "-c", program, str(folder.resolve())]
    seconds = clock(lambda: subprocess.run(command, check=True, cwd=ROOT))
    print(f"first prediction after a cold start: {seconds:.1f} s")
    return {"name": "cold start", "seconds": seconds}


def measure_memory(tagger: Tagger, sentences: Sequence[Sentence], sizes: Sequence[int]) -> Target:
    """Tag ever more sentences in a stream and compare the resident sizes."""
    process = psutil.Process()
    resident: list[int] = []
    done = 0
    for size in sorted(sizes):
        while done < size:
            tagger.tag([sentences[(done + i) % len(sentences)] for i in range(1000)])
            done += 1000
        resident.append(process.memory_info().rss)
        print(f"resident after {done:,} sentences: {resident[-1] / 1e6:.0f} MB")
    name = f"resident size at {max(sizes):,} / at {min(sizes):,} sentences"
    return Target(name, resident[-1] / resident[0], 1.1, False)


def make_abstracts(sentences: Sequence[Sentence], count: int) -> list[str]:
    """Make texts of ten sentences each."""
    return [
        " ".join(sentences[(10 * i + j) % len(sentences)].text for j in range(10))
        for i in range(count)
    ]


def measure_rest(
    folder: Path, tagger: Tagger, sentences: Sequence[Sentence], clients: int = 16
) -> list[Target]:
    """Race 16 clients of the service against the same texts tagged in process."""
    texts = make_abstracts(sentences, max(clients, len(sentences) // 10))
    documents = [split_document(text, id=str(i)) for i, text in enumerate(texts)]

    def in_process() -> list[Document]:
        return tagger.tag_documents(documents)

    program = (
        "import sys; from bioner.serve import serve; "
        "serve(port=0, model=sys.argv[1], announce=lambda a: print(a, flush=True))"
    )
    command = [sys.executable, "-c", program, str(folder.resolve())]
    service = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert service.stdout
        found = re.match(r"http://([\d.]+):(\d+)", service.stdout.readline())
        assert found
        host, port = found[1], int(found[2])
        local = threading.local()
        errors: list[str] = []

        def ask(text: str) -> None:
            if not hasattr(local, "connection"):
                local.connection = HTTPConnection(host, port, timeout=300)
            local.connection.request("POST", "/predict?format=entities", json.dumps({"text": text}))
            answer = local.connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                errors.append(body.decode())

        ask(texts[0])
        alone, served = [], []
        for _ in range(3):
            alone.append(clock(in_process))
            with ThreadPoolExecutor(clients) as pool:  # the service closes connections idle for 5 s
                served.append(clock(lambda: list(pool.map(ask, texts))))
    finally:
        service.terminate()
        service.wait(20)
    share = statistics.median(a / s for a, s in zip(alone, served, strict=True))
    return [
        Target(f"REST, {clients} clients: share of the in-process rate", share, 0.7),
        Target(f"REST, {clients} clients: errors", len(errors), 0, False),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure prediction.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "bioner-compact")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "merged")
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs=2, metavar=("SMALL", "LARGE"))
    parser.add_argument("--rest", action="store_true")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sentences = read_sentences(options.data, options.sentences)
    has_onnx = load_onnx(options.model) is not None
    tagger = load_tagger(options.model, device="cpu", backend="onnx" if has_onnx else "torch")
    print(f"{options.model.name} on {tagger.backend}, {cpu_threads()} threads, load {load()}")
    targets: list[Target] = []
    rows: list[Row] = []
    if options.memory:
        targets.append(measure_memory(tagger, sentences, options.memory))
    targets.append(measure_overhead(tagger, sentences))
    rows.append(measure_abstract(tagger, sentences))
    if options.cold:
        rows.append(measure_cold(options.model))
    if options.rest:
        targets += measure_rest(options.model, tagger, sentences)
    raced, ratios = measure_ratios(options.model, tagger, sentences, options.rounds)
    targets += ratios
    for target in targets:
        print(target)
    print(f"load at the end {load()}")
    if options.json:
        result = {
            "backend": tagger.backend,
            "threads": cpu_threads(),
            "sentences": len(sentences),
            "rates": rows + raced,
            "targets": [
                {"name": t.name, "value": t.value, "wanted": t.wanted, "met": t.is_met}
                for t in targets
            ],
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
