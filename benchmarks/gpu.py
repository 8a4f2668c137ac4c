"""What a card does with our training and tagging, beside Hugging Face's Trainer: one run, one card.

    python -m benchmarks.gpu [--shapes minilm-l6 bert-base] [--steps 100] [--pieces 16384 65536]
        [--rounds 2] [--data data/merged] [--model models/bioner-compact] [--device auto]
        [--json FILE] [--write docs/performance.md] [--tiny] [--without-cudnn]

Models are made from a configuration, with random weights; sentences are drawn with the lengths of
biomedical ones, or read from a merged folder (``--data``, pieces by ``--model``'s tokenizer).
Hugging Face's Trainer gets the very batches that ours makes, ready-made, in the same precision and
with the fused optimizer; both are timed after a warm-up, without waiting for the card in between.
The share of the card's measured bfloat16 matrix peak counts the work of real word-pieces alone:
6 operations a parameter outside the embeddings and piece (Kaplan et al. 2020), and attention.
``--tiny``: sizes for a CPU, to see that it runs. Beside torch and transformers (with accelerate) it
needs numpy, pandas, pyarrow, PyYAML, filelock and psutil, and BIONER_HOME set where platformdirs is
not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    set_seed,
)

from benchmarks.written import write_part
from bioner.bio import tag_names
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import read_dataset
from bioner.corpora.read import read_corpora
from bioner.devices import require_device, resolve_precision
from bioner.labels import read_schema
from bioner.machine import Device, Precision
from bioner.settings import PROJECT_ROOT
from bioner.tagging.load import load_tagger
from bioner.tagging.network import Floats, Ints, Network
from bioner.training.callbacks import Loop
from bioner.training.config import TrainingConfig
from bioner.training.examples import Example, encode_sentences
from bioner.training.trainer import PartialLabelTrainer, training_arguments

WARM_UP = 8
"""Steps that are not timed: memory is laid out and kernels are chosen in them."""

SHAPES: dict[str, dict[str, int]] = {
    "minilm-l6": {"hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536},
    "bert-base": {"hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072},
    "tiny": {"hidden_size": 48, "num_hidden_layers": 2, "intermediate_size": 96},
}
PART = "card"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One timed training: medians over the rounds; ``pace`` counts real word-pieces a second."""

    shape: str
    trainer: str
    batch: str
    pace: float
    step_ms: float
    padding: float
    share_of_peak: float
    memory_bytes: int
    last_loss: float


class Timed(TrainerCallback):
    """The time from the end of the warm-up to the last step; the card is waited for only there."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.seconds = 0.0
        self._began = 0.0

    def _now(self) -> float:
        if self._device is Device.CUDA:
            torch.cuda.synchronize()
        return time.perf_counter()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == WARM_UP:
            self._began = self._now()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == state.max_steps:
            self.seconds = self._now() - self._began


class Recorded:
    """A collator that keeps what its batches were, for the other trainer."""

    def __init__(self, collate: Callable[[Any], dict[str, Any]]) -> None:
        self._collate = collate
        self.batches: list[dict[str, Any]] = []

    def __call__(self, rows: Any) -> dict[str, Any]:
        self.batches.append(self._collate(rows))
        return dict(self.batches[-1])


class AsGiven(Trainer):
    """Hugging Face's Trainer on batches that are ready, in their order."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Bench:
    """Where it runs, and how much of it."""

    device: Device
    precision: Precision
    peak: float
    steps: int
    examples: Sequence[Example]
    vocabulary: int
    dataset: Dataset

    def config(self, **changes: Any) -> TrainingConfig:
        return TrainingConfig(
            base="made here",
            max_steps=self.steps + WARM_UP,
            learning_rate=1e-4,
            head_learning_rate=1e-4,
            warmup=0.0,
            log_steps=50,
            device=self.device,
            precision=self.precision,
            **changes,
        )

    def model(self, shape: str) -> Any:
        set_seed(0)
        sizes = SHAPES[shape]
        config = BertConfig(
            vocab_size=self.vocabulary,
            num_attention_heads=max(2, sizes["hidden_size"] // 64),
            num_labels=len(tag_names(self.dataset.schema.names)),
            **sizes,
        )
        make: Any = AutoModelForTokenClassification.from_config
        return make(config, dtype=torch.float32)

    def ours(self, shape: str, config: TrainingConfig, scratch: Path) -> Trainer:
        tokenizer: Any = SimpleNamespace(pad_token_id=0)
        return PartialLabelTrainer(
            loop=Loop(config, self.dataset, tokenizer, lambda _: None, lambda: False),
            model=self.model(shape),
            args=training_arguments(config, scratch, self.device, self.precision),
            train_dataset=self.examples,
        )

    def theirs(
        self, shape: str, config: TrainingConfig, scratch: Path, batches: Sequence[Any]
    ) -> Trainer:
        arguments = training_arguments(config, scratch, self.device, self.precision)
        arguments.per_device_train_batch_size = 1
        arguments.optim = "adamw_torch_fused" if self.device is Device.CUDA else "adamw_torch"  # type: ignore[assignment]
        rows: Any = [as_labels(one) for one in batches]
        return AsGiven(
            model=self.model(shape),
            args=arguments,
            train_dataset=rows,
            data_collator=lambda one: dict(one[0]),
        )


def as_labels(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch of ours as Hugging Face's token classifiers want it: -100 where any tag is."""
    ids, allowed = batch["input_ids"], batch["allowed"]
    labels = torch.where(allowed.all(-1), -100, allowed.int().argmax(-1))
    mask = batch.get("attention_mask")
    flat = torch.ones_like(ids) if mask is None else mask.reshape(ids.shape).long()
    return {"input_ids": ids, "attention_mask": flat, "labels": labels}


def run(trainer: Trainer, device: Device) -> tuple[float, float, int]:
    """Train; return the seconds of the timed steps, the mean loss, and the most memory used."""
    clock = Timed(device)
    trainer.args.save_strategy = "no"  # type: ignore[assignment]
    trainer.add_callback(clock)
    trainer.remove_callback(PrinterCallback)
    if device is Device.CUDA:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    loss = trainer.train().training_loss
    used = torch.cuda.max_memory_allocated() if device is Device.CUDA else 0
    return clock.seconds, loss, used


def training(bench: Bench, shape: str, changes: dict[str, Any], rounds: int) -> list[Row]:
    """Return ours and theirs on the same batches, the medians over the rounds."""
    config = bench.config(**changes)
    found: dict[str, list[tuple[float, float, int]]] = {}
    batches: list[dict[str, Any]] = []
    parameters = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            trainer = bench.ours(shape, config, Path(scratch))
            recorded = Recorded(trainer.data_collator)  # type: ignore[arg-type]
            trainer.data_collator = recorded  # type: ignore[assignment]
            parameters = worked(trainer.model)
            found.setdefault("ours", []).append(run(trainer, bench.device))
            batches = recorded.batches[: bench.steps + WARM_UP]
            del trainer
        with tempfile.TemporaryDirectory() as scratch:
            trainer = bench.theirs(shape, config, Path(scratch), batches)
            found.setdefault("Hugging Face's Trainer", []).append(run(trainer, bench.device))
            del trainer
    timed = batches[WARM_UP:]
    real = sum(one["pieces"] for one in timed)
    padded = sum(one["input_ids"].numel() for one in timed)
    sizes = SHAPES[shape]
    wide = 12 * sizes["num_hidden_layers"] * sizes["hidden_size"]
    work = sum(one["pieces"] * (6 * parameters + wide * one["input_ids"].shape[1]) for one in timed)
    size = changes.get("batch_pieces")
    rows = []
    for name, runs in found.items():
        seconds = statistics.median(one[0] for one in runs)
        rows.append(
            Row(
                shape=shape,
                trainer=name,
                batch=f"{size:,} pieces" if size else f"{config.batch_size} sentences",
                pace=real / seconds,
                step_ms=1000 * seconds / len(timed),
                padding=1 - real / padded,
                share_of_peak=work / seconds / bench.peak,
                memory_bytes=max(one[2] for one in runs),
                last_loss=runs[-1][1],
            )
        )
    return rows


def worked(model: Any) -> int:
    """Count the parameters that multiply each piece: all but the embeddings."""
    return sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)


def matrix_peak(device: Device, size: int = 8192, times: int = 20) -> float:
    """Measure the bfloat16 matrix rate in operations a second (on a CPU the float32 one)."""
    is_card = device is Device.CUDA
    dtype = torch.bfloat16 if is_card else torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    for _ in range(3):
        a @ b
    if is_card:
        torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        a @ b
    if is_card:
        torch.cuda.synchronize()
    return 2 * size**3 * times / (time.perf_counter() - began)


def drawn(count: int, n_tags: int, vocabulary: int) -> list[Example]:
    """Draw examples with the lengths of biomedical sentences: 33 pieces at the median, to 256."""
    draw = np.random.default_rng(0)
    lengths = np.clip(np.exp(draw.normal(3.5, 0.5, count)), 8, 256).astype(int)
    width = (n_tags + 7) // 8
    made = []
    for length in lengths.tolist():
        tags = np.where(draw.random(length) < 0.15, draw.integers(1, n_tags, length), 0)
        allowed = np.zeros((length, n_tags), dtype=bool)
        allowed[np.arange(length), tags] = True
        allowed[draw.random(length) < 0.3] = True
        ids = tuple(draw.integers(5, vocabulary, length).tolist())
        made.append(Example(ids, np.packbits(allowed, axis=1).reshape(length, width)))
    return made


class Watched:
    """A network that says how long it took."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.name = network.name
        self.seconds = 0.0

    def __call__(self, input_ids: Ints, attention_mask: Ints) -> Floats:
        began = time.perf_counter()
        found = self._network(input_ids, attention_mask)
        self.seconds += time.perf_counter() - began
        return found


def tagging(folder: Path, sentences: Sequence[Any], count: int, device: Device) -> dict[str, Any]:
    """Return how many sentences a second a model tags, and the share that its network takes."""
    tagger = load_tagger(folder, device=device, backend="torch")
    watched = Watched(tagger._network)
    tagger._network = watched
    chosen = (list(sentences) * (1 + count // len(sentences)))[:count]
    tagger.tag(chosen[: max(64, count // 20)])
    watched.seconds, began = 0.0, time.perf_counter()
    tagger.tag(chosen)
    seconds = time.perf_counter() - began
    return {
        "model": folder.name,
        "sentences": count,
        "sentences_per_s": count / seconds,
        "network_share": watched.seconds / seconds,
        "backend": watched.name,
    }


def report(found: dict[str, Any]) -> str:
    """Return the section of docs/performance.md."""
    lines = [
        f"{found['device']} ({found['name']}, {found['cpus']} processors), {found['precision']}, "
        f"torch {found['torch']}, transformers {found['transformers']}; measured "
        f"{'bfloat16' if found['device'] == 'cuda' else 'float32'} matrix peak "
        f"{found['peak'] / 1e12:,.1f} TFLOP/s ({found['peak_size']:,}³). {found['steps']} steps "
        f"after {WARM_UP}, median of {found['rounds']} rounds, {found['data']}.",
        "",
        "| model | batch | trainer | pieces/s | ms a step | padding | of the peak | memory |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in found["rows"]:
        lines.append(
            f"| {row['shape']} | {row['batch']} | {row['trainer']} | {row['pace']:,.0f} "
            f"| {row['step_ms']:.1f} | {row['padding']:.1%} | {row['share_of_peak']:.1%} "
            f"| {row['memory_bytes'] / 1e9:.1f} GB |"
        )
    told = found.get("tagging")
    if told:
        lines += [
            "",
            f"Tagging by {told['model']} ({told['backend']}), one process: "
            f"{told['sentences_per_s']:,.0f} sentences/s over {told['sentences']:,}; the network "
            f"takes {told['network_share']:.0%} of the time, cutting and decoding the rest.",
        ]
    return "\n".join(lines)


def examples_of(args: argparse.Namespace, dataset: Dataset, count: int) -> tuple[Any, int, str]:
    """Return the examples, the size of their vocabulary, and what to say of them."""
    types = dataset.schema.names
    if args.data is None:
        vocabulary = 400 if args.tiny else 28_996
        return drawn(count, len(tag_names(types)), vocabulary), vocabulary, "drawn sentences"
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    order = np.random.default_rng(0).permutation(len(dataset.train))[:count]
    encoded = encode_sentences([dataset.train[i] for i in order], tokenizer, types)
    return encoded.examples, len(tokenizer), f"sentences of {args.data.name}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--pieces", type=int, nargs="+")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model", type=Path, default=PROJECT_ROOT / "models" / "bioner-compact")
    parser.add_argument("--tag", type=int, help="sentences to tag")
    parser.add_argument("--device", type=Device, choices=list(Device), default=Device.AUTO)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--without-cudnn", action="store_true", help="no attention of cuDNN's")
    args = parser.parse_args(argv)
    shapes = args.shapes or (["tiny"] if args.tiny else ["minilm-l6", "bert-base"])
    steps = args.steps or (4 if args.tiny else 100)
    budgets = args.pieces or ([256] if args.tiny else [16_384, 65_536])
    device = require_device(args.device)
    if args.without_cudnn:  # it makes a plan for each new shape of a batch
        torch.backends.cuda.enable_cudnn_sdp(False)
    precision = resolve_precision(Precision.AUTO, device)
    schema = read_schema()
    dataset = Dataset((), (), (), schema, "")
    if args.data is not None:
        dataset = read_dataset(args.data, ("train",))
    size = 8192 if device is Device.CUDA else 512
    peak = matrix_peak(device, size)
    count = int(1.3 * (steps + WARM_UP) * max(budgets) / 35)
    examples, vocabulary, told = examples_of(args, dataset, count)
    bench = Bench(device, precision, peak, steps, examples, vocabulary, dataset)
    is_card = device is Device.CUDA
    found: dict[str, Any] = {
        "device": str(device),
        "name": torch.cuda.get_device_name() if is_card else platform.processor(),
        "cpus": os.cpu_count(),
        "precision": str(precision),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peak": peak,
        "peak_size": size,
        "steps": steps,
        "rounds": args.rounds,
        "data": told + (", without cuDNN's attention" if args.without_cudnn else ""),
        "rows": [],
    }
    print(f"{found['name'] or device}: {peak / 1e12:,.1f} TFLOP/s", flush=True)
    for shape in shapes:
        for changes in ({}, *({"batch_pieces": one} for one in budgets)):
            for row in training(bench, shape, changes, args.rounds):
                found["rows"].append(asdict(row))
                print(json.dumps(asdict(row)), flush=True)
    if (args.model / "model.safetensors").is_file():
        corpora = read_corpora(PROJECT_ROOT / "data" / "sample")
        sentences = [s for one in corpora for part in one.splits.values() for s in part]
        number = args.tag or (20_000 if is_card else 200)
        found["tagging"] = tagging(args.model, sentences, number, device)
        print(json.dumps(found["tagging"]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(report(found))
    if args.write:
        write_part(args.write, PART, report(found))


if __name__ == "__main__":
    main()
