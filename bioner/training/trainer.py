"""Hugging Face's Trainer with the partial-label loss, length-bucketed batches and our reports.

Imported by ``training.train`` alone, so that torch is loaded only where something is trained.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from transformers import (
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from bioner.corpora.merge import Dataset
from bioner.errors import TrainingError
from bioner.training import processes
from bioner.training.run import (
    COMPLETE,
    NOT_FINITE,
    Example,
    Progress,
    Report,
    TrainingConfig,
    partial_label_loss,
)

if TYPE_CHECKING:
    from torch.utils.data import Sampler

BUCKET_BATCHES = 50
"""Batches that are sorted by length together: enough to pad little, few enough to stay random."""


@dataclass(frozen=True)
class Loop:
    """What the trainer needs beside Hugging Face's arguments."""

    config: TrainingConfig
    dataset: Dataset
    tokenizer: PreTrainedTokenizerBase
    report: Report
    stop_requested: Callable[[], bool]


def training_arguments(
    config: TrainingConfig, checkpoints: Path, device: str, precision: str
) -> TrainingArguments:
    """Translate our configuration into Hugging Face's.

    One process uses one GPU: without torchrun Hugging Face's Trainer would spread a batch over all
    that it sees (DataParallel), which is slower than one.
    """
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup_steps=config.warmup,
        lr_scheduler_type="linear",
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=device == "cpu",
        bf16=precision == "bfloat16",
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=2,
        logging_steps=config.log_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=device == "cuda",
        ddp_find_unused_parameters=False,
        optim="adamw_torch",
    )
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


@dataclass(frozen=True)
class Collator:
    """Pads a batch to its longest example; padding allows every tag, so it teaches nothing."""

    pad_id: int
    n_tags: int

    def __call__(self, batch: Sequence[Example]) -> dict[str, torch.Tensor]:
        length = max(len(e.input_ids) for e in batch)
        ids = np.full((len(batch), length), self.pad_id, dtype=np.int64)
        mask = np.zeros((len(batch), length), dtype=np.int64)
        packed = np.full((len(batch), length, batch[0].allowed.shape[1]), 0xFF, dtype=np.uint8)
        for i, example in enumerate(batch):
            n = len(example.input_ids)
            ids[i, :n] = example.input_ids
            mask[i, :n] = 1
            packed[i, :n] = example.allowed
        allowed = np.unpackbits(packed, axis=2, count=self.n_tags).astype(np.bool_)
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask),
            "allowed": torch.from_numpy(allowed),
        }


class BucketSampler(torch.utils.data.Sampler[int]):
    """Shuffles, sorts runs of ``BUCKET_BATCHES`` batches by length, then shuffles the batches.

    Each pass draws its own order from the seed and its epoch, so that a resumed run sees the same.
    With several processes a batch is shared out among them, sentences of like length to each; what
    does not fill a last batch is left out of that pass, so that all take as many steps.
    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, seed: int, *, processes: int = 1
    ) -> None:
        self._lengths = lengths
        self._batch_size = batch_size * processes
        self._seed = seed
        self._epoch = 0
        self._is_shared = processes > 1

    def __len__(self) -> int:
        left_out = len(self._lengths) % self._batch_size if self._is_shared else 0
        return len(self._lengths) - left_out

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self._seed}/{self._epoch}")
        order = list(range(len(self._lengths)))
        draw.shuffle(order)
        run = self._batch_size * BUCKET_BATCHES
        batches: list[list[int]] = []
        rest: list[int] = []
        for start in range(0, len(order), run):
            chunk = sorted(order[start : start + run], key=self._lengths.__getitem__)
            for i in range(0, len(chunk), self._batch_size):
                batch = chunk[i : i + self._batch_size]
                if len(batch) == self._batch_size:
                    batches.append(batch)
                else:
                    rest = batch
        draw.shuffle(batches)
        for batch in batches:
            yield from batch
        if not self._is_shared:
            yield from rest


class PartialLabelTrainer(Trainer):
    """Hugging Face's Trainer on a stock token classifier, with allowed tags in place of labels."""

    def __init__(self, *, loop: Loop, **kwargs: Any) -> None:
        self._loop = loop
        self.stopped = False
        model = kwargs["model"]
        pad = loop.tokenizer.pad_token_id
        super().__init__(
            data_collator=Collator(0 if pad is None else pad, model.config.num_labels), **kwargs
        )
        self._sampler: BucketSampler | None = None
        self._reporter = _Reporter(self, loop)
        self.add_callback(self._reporter)
        self.remove_callback(PrinterCallback)
        self.loss_is_scaled_for_ga = True

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the mean over the taught words of the whole step, all batches and processes of it.

        Gradients are summed over batches and averaged over processes, hence the factor.
        """
        allowed = inputs.pop("allowed")
        self._reporter.count(inputs["attention_mask"].sum())
        outputs = model(**inputs)
        taught = taught_words(allowed) if num_items_in_batch is None else num_items_in_batch
        loss = partial_label_loss(outputs.logits, allowed).sum() / taught.clamp(min=1)
        loss = loss if processes.count() == 1 else loss * processes.count()
        return (loss, outputs) if return_outputs else loss

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Any:
        if not batch_samples:
            return None
        taught = sum(taught_words(batch["allowed"]).to(device) for batch in batch_samples)
        return taught if processes.count() == 1 else self.accelerator.gather(taught).sum()

    def set_epoch(self, epoch: int) -> None:
        """Let the pass draw its own order; Hugging Face's loop does not reach every sampler."""
        if self._sampler is not None:
            self._sampler.set_epoch(epoch)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int] | None:
        config = self._loop.config
        if not config.bucketing:
            return super()._get_train_sampler(train_dataset)
        lengths = [len(e.input_ids) for e in cast("Sequence[Example]", self.train_dataset)]
        n_processes = processes.count()
        if n_processes > 1 and len(lengths) < n_processes * config.batch_size:
            raise TrainingError(
                f"{len(lengths):,} sentences are fewer than one step takes ({n_processes} "
                f"processes of {config.batch_size}): take fewer processes or a smaller --batch-size"
            )
        self._sampler = BucketSampler(
            lengths, config.batch_size, config.seed, processes=n_processes
        )
        return self._sampler

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(
                parameter_groups(cast("torch.nn.Module", self.model), self._loop.config),
                lr=self._loop.config.learning_rate,
                betas=(0.9, 0.999),
                eps=1e-8,
            )
        return self.optimizer


def taught_words(allowed: torch.Tensor) -> torch.Tensor:
    """Count the positions where not every tag is allowed. *Shape:* allowed (..., tags) → ()."""
    return (~allowed.all(dim=-1)).sum()


def parameter_groups(model: torch.nn.Module, config: TrainingConfig) -> list[dict[str, Any]]:
    """Group parameters by layer and decay: head at its own rate, lower layers slower, no decay on
    biases and layer norms."""
    n_layers = int(getattr(model.config, "num_hidden_layers", 0))
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith("classifier"):
            rate = config.head_learning_rate
        else:
            depth = _depth(name, n_layers)
            rate = config.learning_rate * config.layer_decay ** (n_layers - depth)
        plain = parameter.ndim < 2 or "norm" in name.lower()
        groups.setdefault((rate, 0.0 if plain else config.weight_decay), []).append(parameter)
    return [
        {"params": params, "lr": rate, "weight_decay": decay}
        for (rate, decay), params in groups.items()
    ]


def _depth(name: str, n_layers: int) -> int:
    """Return 0 for the embeddings, i + 1 for layer i, the number of layers for what lies above."""
    if "embeddings" in name:
        return 0
    parts = name.split(".")
    for before, after in pairwise(parts):
        if before in ("layer", "layers") and after.isdigit():
            return int(after) + 1
    return n_layers


class _Reporter(TrainerCallback):
    """Turns Hugging Face's callbacks into Progress, evaluates on devel, and stops when asked."""

    def __init__(self, trainer: PartialLabelTrainer, loop: Loop) -> None:
        self._trainer = trainer
        self._loop = loop
        self._tokens: int | torch.Tensor = 0
        self._since = time.monotonic()
        self._began = time.monotonic()
        self._due = loop.config.eval_steps

    def count(self, tokens: torch.Tensor) -> None:
        """Add up on the device: reading a number back at every step would make a GPU wait."""
        self._tokens = self._tokens + tokens

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._trainer.set_epoch(int(state.epoch or 0))

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._since = self._began = time.monotonic()
        self._tell(state, message="training")

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if processes.any_of(self._loop.stop_requested()):
            self._trainer.stopped = state.global_step < state.max_steps
            control.should_save = True
            control.should_training_stop = True
        elif (
            self._due > 0
            and state.global_step % self._due == 0
            and state.global_step < state.max_steps
        ):
            self._evaluate(state)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        if not math.isfinite(float(logs["loss"])):
            raise TrainingError(NOT_FINITE)
        now = time.monotonic()
        rate = processes.total(int(self._tokens)) / max(now - self._since, 1e-9)
        self._tokens, self._since = 0, now
        self._tell(
            state,
            loss=float(logs["loss"]),
            learning_rate=float(logs["learning_rate"]),
            tokens_per_s=round(rate, 1),
        )

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        return_freed_memory()
        processes.wait()
        if processes.is_first():
            (Path(args.output_dir or ".") / f"checkpoint-{state.global_step}" / COMPLETE).touch()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self._due and not self._trainer.stopped:
            self._evaluate(state)

    def _evaluate(self, state: TrainerState) -> None:
        if processes.is_first():
            self._score(state)
            return_freed_memory()
        processes.wait()
        self._since, self._tokens = time.monotonic(), 0

    def _score(self, state: TrainerState) -> None:
        from bioner.evaluation.scoring import evaluate_sentences
        from bioner.tagging.tagger import tagger_from_model

        model: Any = self._trainer.model
        mode = model.training
        random_state = torch.random.get_rng_state()
        model.eval()
        tagger = tagger_from_model(model, self._loop.tokenizer, self._loop.dataset.schema)
        chosen = devel_sample(self._loop.dataset, self._loop.config.eval_sentences_per_corpus)
        report = evaluate_sentences(tagger, chosen, self._loop.dataset.schema, bootstrap=0)
        model.train(mode)
        torch.random.set_rng_state(random_state)
        self._tell(
            state,
            devel_f1=report.mean_f1,
            devel_by_type={name: s.f1 for name, s in report.by_type.items() if s.support},
            message="evaluated on devel",
        )

    def _tell(self, state: TrainerState, **values: Any) -> None:
        self._loop.report(
            Progress(
                step=state.global_step,
                total_steps=state.max_steps,
                epoch=float(state.epoch or 0.0),
                seconds=round(time.monotonic() - self._began, 1),
                **values,
            )
        )


def return_freed_memory() -> None:
    """Give freed memory back to the system, where the C library can (glibc).

    It keeps what batches of other shapes have used: a run on a CPU grows to the sum of its worst
    moments, which looks like a leak.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def devel_sample(dataset: Dataset, per_corpus: int) -> list[Any]:
    """Return the same few tuning sentences of each corpus for every evaluation during training."""
    by_corpus: dict[str, list[Any]] = {}
    for sentence in dataset.tuning:
        by_corpus.setdefault(sentence.corpus, []).append(sentence)
    chosen: list[Any] = []
    for name, sentences in sorted(by_corpus.items()):
        chosen += random.Random(name).sample(sentences, min(per_corpus, len(sentences)))
    return chosen
