"""Hugging Face's Trainer with the partial-label loss, length-bucketed batches and our reports.

Imported by ``training.train`` alone, so that torch is loaded only where something is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from accelerate.data_loader import prepare_data_loader
from torch.utils.data import DataLoader
from transformers import (
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from bioner.errors import TrainingError
from bioner.machine import Device, Precision
from bioner.training import processes
from bioner.training.batches import BucketSampler, PieceBatches, collator_of
from bioner.training.callbacks import Loop, Reporter
from bioner.training.config import TrainingConfig
from bioner.training.examples import Example
from bioner.training.loss import partial_label_loss, taught_words

if TYPE_CHECKING:
    from torch.utils.data import Sampler


def training_arguments(
    config: TrainingConfig, checkpoints: Path, device: Device, precision: Precision
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
        use_cpu=device is Device.CPU,
        bf16=precision is Precision.BFLOAT16,
        fp16=precision is Precision.FLOAT16,
        save_strategy="steps" if config.save_steps else "no",  # else the reporter says when
        save_steps=config.save_steps or 1,
        save_total_limit=2,
        logging_steps=config.log_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=device is Device.CUDA,
        ddp_find_unused_parameters=False,
        optim="adamw_torch",
        tf32=True if device is Device.CUDA and precision is not Precision.FLOAT32 else None,
        accelerator_config={"non_blocking": device is Device.CUDA},
    )
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


class PartialLabelTrainer(Trainer):
    """Hugging Face's Trainer on a stock token classifier, with allowed tags in place of labels."""

    def __init__(self, *, loop: Loop, **kwargs: Any) -> None:
        self._loop = loop
        model = kwargs["model"]
        super().__init__(data_collator=collator_of(model, loop.tokenizer.pad_token_id), **kwargs)
        self._sampler: BucketSampler | PieceBatches | None = None
        self._reporter = Reporter(loop, begin_epoch=self.set_epoch)
        self.add_callback(self._reporter)
        self.remove_callback(PrinterCallback)
        self.loss_is_scaled_for_ga = True

    @property
    def stopped(self) -> bool:
        """Whether the run ended before its last step because somebody asked it to."""
        return self._reporter.stopped

    def _run_epoch(self, *given: Any, **named: Any) -> None:
        """Take no step after the last one: Hugging Face's loop looks at the limit after a step."""
        if self.state.global_step >= self.state.max_steps:
            self.control.should_training_stop = True
            return
        super()._run_epoch(*given, **named)  # type: ignore[no-untyped-call]

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
        self._reporter.count(inputs.pop("pieces"))
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

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the batches: so many sentences each, or so many word-pieces (``batch_pieces``)."""
        config = self._loop.config
        if not config.batch_pieces:
            return super().get_train_dataloader()
        lengths = self._lengths()
        self._sampler = PieceBatches(
            lengths,
            config.batch_pieces,
            config.seed,
            rank=processes.rank(),
            processes=processes.count(),
        )
        if not len(self._sampler):
            raise TrainingError(
                f"{len(lengths):,} sentences are fewer than one step takes ({processes.count()} "
                f"processes of {config.batch_pieces:,} word-pieces): take fewer processes or a "
                "smaller --batch-pieces"
            )
        loader: DataLoader[Any] = DataLoader(
            cast("Any", self.train_dataset),
            batch_sampler=self._sampler,
            collate_fn=self.data_collator,
            pin_memory=self.args.dataloader_pin_memory,
        )
        # each process has its own batches already: accelerate would share them out once more
        ready: DataLoader[Any] = prepare_data_loader(
            loader,
            device=self.args.device,
            num_processes=1,
            process_index=0,
            put_on_device=True,
            non_blocking=bool(self.accelerator.non_blocking),
        )
        return ready

    def _lengths(self) -> list[int]:
        return [len(e.input_ids) for e in cast("Sequence[Example]", self.train_dataset)]

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int] | None:
        config = self._loop.config
        if not config.bucketing:
            return super()._get_train_sampler(train_dataset)
        lengths = self._lengths()
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
                fused=True,
            )
        return self.optimizer


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
