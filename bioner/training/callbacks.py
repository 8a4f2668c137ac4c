"""Hugging Face's callbacks as our reports, scores on devel, and the stop that was asked for."""

from __future__ import annotations

import contextlib
import ctypes
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from transformers import (
    PreTrainedTokenizerBase,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from bioner.conventions import Conventions
from bioner.corpora.dataset import Dataset
from bioner.errors import Stopped
from bioner.figures import points
from bioner.training import processes
from bioner.training.checkpoints import COMPLETE
from bioner.training.config import TrainingConfig
from bioner.training.devel import devel_sample
from bioner.training.progress import (
    BEFORE,
    OnRunProgress,
    RunProgress,
    check_loss,
    stopping,
)

if TYPE_CHECKING:
    from bioner.evaluation.scores import Report


@dataclass(frozen=True)
class Loop:
    """What the trainer needs beside Hugging Face's arguments."""

    config: TrainingConfig
    dataset: Dataset
    tokenizer: PreTrainedTokenizerBase
    report: OnRunProgress
    stop_requested: Callable[[], bool]
    conventions: Conventions = field(default_factory=Conventions)
    on_epoch: Callable[[int], None] = lambda _: None
    parent: str = ""
    """The model that the run goes on from, where it starts with that model's own classifier."""


class Reporter(TrainerCallback):
    """Turns Hugging Face's callbacks into Progress, evaluates on devel, and stops when asked."""

    def __init__(self, loop: Loop, *, begin_epoch: Callable[[int], None]) -> None:
        self.stopped = False
        self._begin_epoch = begin_epoch
        self._loop = loop
        self._tokens = 0
        self._since = time.monotonic()
        self._began = time.monotonic()
        self._due = loop.config.eval_steps
        self._saved_at = time.monotonic()
        self._parent_f1: float | None = None
        self._random: tuple[torch.Tensor, ...] = ()

    def count(self, pieces: int) -> None:
        """Add up what was seen since the last report: counted where batches are made."""
        self._tokens += pieces

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._loop.on_epoch(int(state.epoch or 0))
        self._begin_epoch(int(state.epoch or 0))

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **_: Any,
    ) -> None:
        if self._loop.parent and self._due and state.global_step == 0:
            if processes.is_first():
                with contextlib.suppress(Stopped):
                    self._score_parent(state, model)
            if self._is_stop_asked():
                raise Stopped(BEFORE)
        self._since = self._began = time.monotonic()
        self._tell(state, message="training")

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self._loop.config.gradient_accumulation > 1:
            self._random = _random_states()

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Give a step of several batches up where somebody asks to stop: it may take minutes.

        What chance has drawn in it is undrawn, so that a resumed run takes the same step.
        """
        if self._is_stop_asked():
            _restore(self._random)
            self._stop(control, can_save=state.global_step > 0)

    def _is_stop_asked(self) -> bool:
        """Return, on every process alike, whether somebody asks to stop; all must be here."""
        return processes.any_of(self._loop.stop_requested())

    def _stop(self, control: TrainerControl, *, can_save: bool = True) -> None:
        self.stopped = True
        control.should_save = can_save
        control.should_training_stop = True

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **_: Any,
    ) -> None:
        if state.global_step >= state.max_steps:
            # what follows may take minutes, and be stopped or killed in them
            control.should_save = True
            return
        if self._is_stop_asked():
            self._stop(control)
            return
        if self._is_save_due():
            control.should_save = True
        if self._due > 0 and state.global_step % self._due == 0:
            self._evaluate(state, model)
            if self._is_stop_asked():
                self._stop(control)

    def _is_save_due(self) -> bool:
        """Return, on every process alike, whether it is time for a checkpoint."""
        config = self._loop.config
        if config.save_steps:
            return False
        return processes.any_of(time.monotonic() - self._saved_at > 60 * config.save_minutes)

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
        check_loss(float(logs["loss"]))
        now = time.monotonic()
        rate = processes.total(self._tokens) / max(now - self._since, 1e-9)
        self._tokens, self._since = 0, now
        self._tell(
            state,
            loss=float(logs["loss"]),
            learning_rate=float(logs["learning_rate"]),
            tokens_per_s=round(rate, 1),
        )

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **_: Any,
    ) -> None:
        """Mark the checkpoint as whole; one with a number that is not finite never is."""
        if not bool(torch.stack([torch.isfinite(one).all() for one in model.parameters()]).all()):
            check_loss(math.nan)
        return_freed_memory()
        self._saved_at = time.monotonic()
        processes.wait()
        if processes.is_first():
            (Path(args.output_dir or ".") / f"checkpoint-{state.global_step}" / COMPLETE).touch()

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **_: Any,
    ) -> None:
        if self.stopped:
            self._tell(state)  # the last step may lie between two of its logged ones
        elif self._due:
            self._evaluate(state, model)
            if self._is_stop_asked():
                raise Stopped("stopped after the last step; `--resume` goes on")

    def _evaluate(self, state: TrainerState, model: Any) -> None:
        """Score on devel; somebody who asks to stop ends it at once."""
        if processes.is_first():
            with contextlib.suppress(Stopped):
                self._score(state, model)
            return_freed_memory()
        processes.wait()
        self._since, self._tokens = time.monotonic(), 0

    def _score_parent(self, state: TrainerState, model: Any) -> None:
        """Tell what the model that the run goes on from scores: its own are shown beside it."""
        report = self._report_on_devel(state, model)
        if report is not None:
            self._parent_f1 = report.mean_f1
            said = f"{self._loop.parent} itself: devel F1 {points(report.mean_f1)}"
            self._tell(state, parent_f1=report.mean_f1, message=said)

    def _score(self, state: TrainerState, model: Any) -> None:
        report = self._report_on_devel(state, model)
        if report is None:
            self._tell(state, message="there is no devel sentence to score on")
            return
        self._tell(
            state,
            devel_f1=report.mean_f1,
            devel_by_type={name: s.f1 for name, s in report.by_type.items() if s.support},
            message=told_on_devel(report.mean_f1, self._parent_f1, self._loop.parent),
        )

    def _report_on_devel(self, state: TrainerState, model: Any) -> Report | None:
        from bioner.evaluation.scoring import evaluate_sentences
        from bioner.tagging.load import tagger_from_model

        chosen = devel_sample(self._loop.dataset, self._loop.config.eval_sentences_per_corpus)
        if not chosen:
            return None
        self._tell(state, message=f"scoring {len(chosen):,} sentences of devel")
        mode = model.training
        random_state = torch.random.get_rng_state()
        model.eval()
        tagger = tagger_from_model(
            model,
            self._loop.tokenizer,
            self._loop.dataset.schema,
            self._loop.conventions,
            is_filled_in=bool(self._loop.config.fill_in),
        )
        pulse = stopping(self._loop.stop_requested)
        try:
            return evaluate_sentences(
                tagger,
                chosen,
                self._loop.dataset.schema,
                bootstrap=0,
                progress=lambda _: pulse(),
            )
        finally:
            model.train(mode)
            torch.random.set_rng_state(random_state)

    def _tell(self, state: TrainerState, **values: Any) -> None:
        self._loop.report(
            RunProgress(
                step=state.global_step,
                total_steps=state.max_steps,
                epoch=float(state.epoch or 0.0),
                seconds=round(time.monotonic() - self._began, 1),
                **values,
            )
        )


def _random_states() -> tuple[torch.Tensor, ...]:
    """Return where torch's chance stands, on the CPU and on the card in use."""
    on_card = (torch.cuda.get_rng_state(),) if cast("Any", torch.cuda).is_initialized() else ()
    return (torch.random.get_rng_state(), *on_card)


def _restore(states: tuple[torch.Tensor, ...]) -> None:
    torch.random.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state)


def told_on_devel(f1: float, parent_f1: float | None, parent: str) -> str:
    """Say that devel was scored, and in which case a run has fallen below its parent."""
    if parent_f1 is None or f1 >= parent_f1:
        return "evaluated on devel"
    return f"evaluated on devel: {points(f1)}, below the {points(parent_f1)} of {parent}"


def return_freed_memory() -> None:
    """Give freed memory back to the system, where the C library can (glibc).

    It keeps what batches of other shapes have used: a run on a CPU grows to the sum of its worst
    moments, which looks like a leak.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
