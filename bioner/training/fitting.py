"""The steps of a run: its trainer made, and again with a smaller batch where memory ran out."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bioner.corpora.dataset import Dataset
from bioner.machine import Device, Precision
from bioner.training import processes
from bioner.training.config import TrainingConfig
from bioner.training.preparing import Prepared
from bioner.training.progress import OnRunProgress, RunProgress

if TYPE_CHECKING:
    from bioner.training.trainer import PartialLabelTrainer


def new_trainer(
    config: TrainingConfig,
    made: Prepared,
    scored_on: Dataset,
    checkpoints: Path,
    *,
    device: Device,
    precision: Precision,
    report: OnRunProgress,
    stop_requested: Callable[[], bool],
    parent: str,
) -> PartialLabelTrainer:
    """Return the trainer of what is ready."""
    from bioner.training.callbacks import Loop
    from bioner.training.trainer import PartialLabelTrainer, training_arguments

    return PartialLabelTrainer(
        loop=Loop(
            config,
            scored_on,
            made.tokenizer,
            report,
            stop_requested,
            conventions=made.conventions,
            on_epoch=made.on_epoch,
            parent=parent,
        ),
        model=made.model,
        args=training_arguments(config, checkpoints, device, precision),
        train_dataset=made.examples,
    )


def fit(
    config: TrainingConfig,
    made: Prepared,
    trainer_of: Callable[[TrainingConfig, Prepared], PartialLabelTrainer],
    *,
    again: Callable[[], Prepared],
    last: Callable[[], Path | None],
    checkpoint: Path | None,
    report: OnRunProgress,
) -> tuple[TrainingConfig, Prepared, PartialLabelTrainer, float]:
    """Take the steps; return the values they were taken with, and the mean loss.

    Where memory runs out the batch is halved and the accumulation doubled, so that a step sees as
    many sentences as before, and the run goes on from its ``last`` checkpoint, or from what
    ``again`` makes ready. With several processes, or a batch of one, the error is passed on.
    """
    import torch

    while True:
        trainer = trainer_of(config, made)
        try:
            result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            return config, made, trainer, result.training_loss
        except (torch.OutOfMemoryError, MemoryError):
            smaller = _halved(config)
            if smaller is None or processes.count() > 1:
                raise
        config = smaller
        size = f"{config.batch_pieces:,} pieces" if config.batch_pieces else str(config.batch_size)
        said = f"memory ran out: batches of {size} from here on"
        report(RunProgress(trainer.state.global_step, trainer.state.max_steps, 0.0, message=said))
        del trainer, made
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        checkpoint, made = last(), again()


def _halved(config: TrainingConfig) -> TrainingConfig | None:
    """Return steps of as much in batches half as large; None where a batch cannot be smaller."""
    twice = 2 * config.gradient_accumulation
    if not config.batch_pieces:
        half = config.batch_size // 2
        return replace(config, batch_size=half, gradient_accumulation=twice) if half else None
    if config.batch_pieces <= config.max_length:
        return None
    half = max(config.batch_pieces // 2, config.max_length)
    return replace(config, batch_pieces=half, gradient_accumulation=twice)
