"""Training speed: our trainer against Hugging Face's Trainer with its default padding collator.

    python -m benchmarks.train_speed --base FOLDER [--data data/merged] [--steps 40] [--rounds 2]
        [--batch-size 24] [--device auto] [--precision auto] [--shape bert-base] [--json FILE]

Same weights, sentences, objective (every type covered), precision, optimizer and hardware; batches
of as many sentences. What is counted is *real* word-pieces a second: padding is work, not
progress. Rounds alternate between the two, so that a busy machine slows both; on a CPU the pace
per second of processor time is printed too, which a busy machine does not change. The two loss
curves are compared: how far they lie apart, smoothed, beside how far two seeds of one trainer lie
apart, which is the noise (two rounds or more). On a GPU the share of the card's measured bfloat16
matrix peak follows (6 operations a parameter outside the embeddings and token, Kaplan et al. 2020).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    DataCollatorForTokenClassification,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    set_seed,
)

from benchmarks.gpu import matrix_peak
from bioner.bio import encode, tag_names
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import read_dataset
from bioner.devices import require_device, resolve_precision
from bioner.machine import Device, Precision
from bioner.spans import Sentence
from bioner.training.base import load_base
from bioner.training.callbacks import Loop
from bioner.training.config import TrainingConfig
from bioner.training.examples import encode_sentences
from bioner.training.trainer import PartialLabelTrainer, training_arguments

WARM_UP = 3
"""Steps that are not timed: memory is laid out and kernels are chosen in them."""


@dataclass
class Run:
    """One timed run: real and padded word-pieces of the timed steps, seconds, losses."""

    trainer: str
    real: int = 0
    padded: int = 0
    seconds: float = 0.0
    processor_s: float = 0.0
    losses: list[float] = field(default_factory=list)

    @property
    def pace(self) -> float:
        return self.real / self.seconds

    @property
    def processor_pace(self) -> float:
        return self.real / self.processor_s

    @property
    def smoothed(self) -> list[float]:
        """The losses as means of ten steps."""
        tens = range(0, max(1, len(self.losses) - 9), 10)
        return [statistics.fmean(self.losses[i : i + 10]) for i in tens]

    @property
    def last_loss(self) -> float:
        """The mean loss of the last quarter."""
        return statistics.fmean(self.losses[-max(1, len(self.losses) // 4) :])


class Clock(TrainerCallback):
    """Counts what goes through the model once the warm-up is over, and the time it takes."""

    def __init__(self, run: Run, device: Device) -> None:
        self.run = run
        self.device = device
        self.began = self.began_processor = 0.0
        self.step = 0

    def count(self, _module: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        if self.step >= WARM_UP:
            mask, padded = kwargs.get("attention_mask"), kwargs["input_ids"].numel()
            self.run.real += padded if mask is None else int(mask.sum())
            self.run.padded += padded

    def _now(self) -> tuple[float, float]:
        if self.device is Device.CUDA:
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.step = state.global_step
        if self.step == WARM_UP:
            self.began, self.began_processor = self._now()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        now, processor = self._now()
        self.run.seconds = now - self.began
        self.run.processor_s = processor - self.began_processor

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.run.losses.append(float(logs["loss"]))


def labelled(
    sentences: Sequence[Sentence], tokenizer: Any, types: tuple[str, ...], max_length: int
) -> list[dict[str, Any]]:
    """Encode as the token-classification example of Transformers does: -100 on further pieces."""
    number = {tag: i for i, tag in enumerate(tag_names(types))}
    words = [list(s.tokens) for s in sentences]
    encoding = tokenizer(words, is_split_into_words=True, truncation=True, max_length=max_length)
    rows = []
    for i, sentence in enumerate(sentences):
        tags = [number[tag] for tag in encode(sentence.spans, len(sentence.tokens))]
        owners = encoding.word_ids(i)
        labels = [
            -100 if w is None or (p and owners[p - 1] == w) else tags[w]
            for p, w in enumerate(owners)
        ]
        rows.append({"input_ids": encoding["input_ids"][i], "labels": labels})
        rows[-1]["attention_mask"] = [1] * len(labels)
    return rows


def theirs(
    config: TrainingConfig, dataset: Dataset, tokenizer: Any, out: Path, *, device: Device
) -> Trainer:
    model, *_ = load_base(config, dataset.schema.names)
    rows = labelled(dataset.train, tokenizer, dataset.schema.names, config.max_length)
    arguments = training_arguments(config, out, device, config.precision)
    collator = DataCollatorForTokenClassification(tokenizer)
    return Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collator)


def ours(
    config: TrainingConfig, dataset: Dataset, tokenizer: Any, out: Path, *, device: Device
) -> Trainer:
    model, *_ = load_base(config, dataset.schema.names)
    encoded = encode_sentences(
        dataset.train,
        tokenizer,
        dataset.schema.names,
        loss=config.loss,
        max_length=config.max_length,
    )
    trainer = PartialLabelTrainer(
        loop=Loop(config, dataset, tokenizer, lambda _: None, lambda: False),
        model=model,
        args=training_arguments(config, out, device, config.precision),
        train_dataset=encoded.examples,
    )
    return trainer


def timed(name: str, make: Any, config: TrainingConfig, dataset: Dataset, device: Device) -> Run:
    """Train ``config.max_steps`` steps and time all but the warm-up."""
    run = Run(name)
    set_seed(config.seed)
    tokenizer = AutoTokenizer.from_pretrained(config.base)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = make(config, dataset, tokenizer, Path(scratch), device=device)
        trainer.args.save_strategy = "no"
        clock = Clock(run, device)
        trainer.model.register_forward_pre_hook(clock.count, with_kwargs=True)
        trainer.add_callback(clock)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return run


def with_shape(base: str, folder: Path) -> str:
    """Save random weights of the BERT-base shape with the base's tokenizer; return the folder."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    torch.manual_seed(0)
    make: Any = AutoModelForTokenClassification.from_config
    make(BertConfig(vocab_size=len(tokenizer), num_labels=2)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def worked_parameters(base: str) -> int:
    """Count the parameters that multiply each token: all but the embeddings."""
    model = AutoModelForTokenClassification.from_pretrained(base, dtype=torch.float32)
    return sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--base", required=True)
    parser.add_argument("--data", type=Path, default=Path("data/merged"))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=24)
    parser.add_argument("--sentences", type=int, default=6000)
    parser.add_argument("--device", type=Device, choices=list(Device), default=Device.AUTO)
    parser.add_argument(
        "--precision", type=Precision, choices=list(Precision), default=Precision.AUTO
    )
    parser.add_argument("--shape", choices=["own", "bert-base"], default="own")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()

    device = require_device(args.device)
    precision = resolve_precision(args.precision, device)
    dataset = read_dataset(args.data, ("train",))
    order = np.random.default_rng(0).permutation(len(dataset.train))[: args.sentences]
    dataset = Dataset(
        tuple(dataset.train[i] for i in order), (), (), dataset.schema, dataset.fingerprint
    )
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as scratch:
        shaped = args.shape == "bert-base"
        base = with_shape(args.base, Path(scratch) / "bert-base") if shaped else args.base
        for number in range(args.rounds):
            config = TrainingConfig(
                base=base,
                loss="naive",
                max_steps=args.steps + WARM_UP,
                batch_size=args.batch_size,
                learning_rate=1e-4,
                head_learning_rate=1e-4,
                seed=number,
                device=args.device,
                precision=precision,
                log_steps=1,
            )
            runs.append(timed("ours", ours, config, dataset, device))
            runs.append(timed("Hugging Face Trainer", theirs, config, dataset, device))
        parameters = worked_parameters(base) if device is Device.CUDA else 0
    peak = matrix_peak(device) if device is Device.CUDA else 0.0
    report(runs, args, device, precision, parameters, peak)


def apart(pairs: Sequence[tuple[Run, Run]]) -> float | None:
    """Return how far smoothed loss curves lie apart, the mean over their points; None of none."""
    if not pairs:
        return None
    return statistics.fmean(
        abs(x - y) for a, b in pairs for x, y in zip(a.smoothed, b.smoothed, strict=True)
    )


def report(
    runs: list[Run],
    args: argparse.Namespace,
    device: Device,
    precision: Precision,
    parameters: int,
    peak: float,
) -> None:
    """Print the table and write the JSON."""
    hardware = torch.cuda.get_device_name() if device is Device.CUDA else platform.processor()
    print(
        f"{device} ({hardware}, {os.cpu_count()} processors, {torch.get_num_threads()} threads), "
        f"{precision}, batch {args.batch_size}, {args.steps} steps × {args.rounds} rounds"
    )
    print(f"{'trainer':22}{'real/s':>9}{'/cpu-s':>9}{'padding':>9}{'last loss':>11}{'of peak':>9}")
    rows = []
    for run in runs:
        share = 6 * parameters * run.pace / peak if peak else None
        row = {
            **{k: v for k, v in asdict(run).items() if k != "losses"},
            "pace": run.pace,
            "processor_pace": run.processor_pace,
            "padding": 1 - run.real / run.padded,
            "last_loss": run.last_loss,
            "share_of_peak": share,
        }
        rows.append(row)
        print(
            f"{run.trainer:22}{run.pace:9,.0f}{run.processor_pace:9,.0f}{row['padding']:9.1%}"
            f"{run.last_loss:11.3f}" + (f"{share:9.1%}" if share is not None else "        –")
        )
    pairs = list(zip(runs[::2], runs[1::2], strict=True))
    wall = statistics.median(a.pace / b.pace for a, b in pairs)
    processor = statistics.median(a.processor_pace / b.processor_pace for a, b in pairs)
    print(f"ours is {wall:.2f}× as fast by the clock, {processor:.2f}× by processor time")
    between = apart(pairs)
    noise = apart([*pairwise(runs[::2]), *pairwise(runs[1::2])])
    shown = f"{noise:.3f}" if noise is not None else "not known from one round"
    print(f"loss curves, means of ten steps: {between:.3f} apart; two seeds of one trainer {shown}")
    if args.json:
        summary = {"device": device, "hardware": hardware, "precision": precision}
        summary |= {"batch_size": args.batch_size, "steps": args.steps, "runs": rows}
        summary |= {"times_faster": wall, "times_faster_by_processor": processor}
        summary |= {"losses_apart": between, "losses_apart_between_seeds": noise}
        summary |= {"matrix_peak": peak or None}
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
