"""A training run: a configuration and a dataset in, a model folder out."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bioner.corpora.dataset import Dataset
from bioner.devices import place_of, require_device, resolve_precision
from bioner.errors import Stopped, TrainingError
from bioner.extras import require_extra
from bioner.labels import schema_to_json
from bioner.models.card import (
    ModelCard,
    has_types,
    read_card,
    training_hashes,
    write_card,
    write_training_hashes,
)
from bioner.models.reserved_pieces import write_conventions
from bioner.spans import Sentence
from bioner.training import processes
from bioner.training.checkpoints import (
    CHECKPOINTS,
    begin_anew,
    check_origin,
    check_out,
    last_checkpoint,
    origin_of,
)
from bioner.training.config import TrainingConfig
from bioner.training.devel import confidence_on_devel
from bioner.training.examples import within
from bioner.training.fitting import fit, new_trainer
from bioner.training.preparing import MARKS, Prepared, prepare
from bioner.training.progress import (
    OnRunProgress,
    RunProgress,
    check_loss,
    stopped_at,
    stopping,
)
from bioner.training.record import card_of_run

if TYPE_CHECKING:
    from bioner.training.trainer import PartialLabelTrainer


def train(
    config: TrainingConfig,
    dataset: Dataset,
    out: Path,
    *,
    report: OnRunProgress = lambda _: None,
    resume: bool = False,
    corrections: Sequence[Sentence] = (),
    parent: str = "",
    stop_requested: Callable[[], bool] = lambda: False,
    finish: Callable[[Path, ModelCard], ModelCard] = lambda _, card: card,
    scored_on: Dataset | None = None,
    nearest: Mapping[str, str] = MappingProxyType({}),
) -> ModelCard:
    """Fine-tune ``config.base`` on the dataset's train split (and corrections) into ``out``.

    The folder is complete once ``card.json`` is in it; ``finish`` may work on the saved weights
    before that, and returns the card to write. ``scored_on`` holds the devel sentences that the run
    is scored on as it goes, if not the dataset's own; a ``parent`` is scored on them first. The
    piece of a project that is new to the base starts as that of the convention ``nearest`` to it.
    Checkpoints go to ``out/checkpoints`` and are removed at the end; with ``resume`` the last
    complete one is continued, to the same weights as an uninterrupted run on the same device and
    seed. Under torchrun every process calls it, the first reports, scores and writes, and
    ``batch_size`` is that of each. Raises TrainingError for data or configuration that cannot be
    trained, Stopped after ``stop_requested`` said so.
    """
    require_extra("train", "Training")
    if processes.is_first():
        check_out(out, resume=resume)
    sentences = [*dataset.train, *(within(one, dataset.schema.names) for one in corrections)]
    if not sentences:
        raise TrainingError(
            "there is no training sentence: choose at least one corpus, or review some sentences"
        )
    started = time.monotonic()
    device = require_device(config.device)
    processes.join(device)
    precision = resolve_precision(config.precision, device)
    first = processes.is_first()
    report = report if first else _say_nothing
    report(RunProgress(0, 0, 0.0, message=place_of(device, precision)))
    pulse = stopping(stop_requested)
    pulse()
    origin = origin_of(config, dataset.fingerprint, sentences, processes.count())
    checkpoint = last_checkpoint(out) if resume else None
    if checkpoint:
        check_origin(out, origin)

    def made_ready(marks: Path | None) -> Prepared:
        with processes.at_once():
            return prepare(
                config, dataset, sentences, marks, nearest=nearest, report=report, pulse=pulse
            )

    made = made_ready(out / MARKS if resume else None)
    if first and not checkpoint:
        begin_anew(out, origin)
    if first and made.filled:
        made.filled.save(out / MARKS)
    processes.wait()

    def trainer_of(asked: TrainingConfig, ready: Prepared) -> PartialLabelTrainer:
        return new_trainer(
            asked,
            ready,
            scored_on or dataset,
            out / CHECKPOINTS,
            device=device,
            precision=precision,
            report=report,
            stop_requested=stop_requested,
            parent=parent if has_types(Path(config.base), dataset.schema.names) else "",
        )

    config, made, trainer, loss = fit(
        config,
        made,
        trainer_of,
        again=lambda: made_ready(out / MARKS),
        last=lambda: last_checkpoint(out),
        checkpoint=checkpoint,
        report=report,
    )
    if trainer.stopped:
        raise Stopped(stopped_at(trainer.state.global_step))
    check_loss(loss)
    if not first:
        processes.wait()
        return read_card(out)
    steps, epochs = trainer.state.global_step, trainer.state.epoch or 0.0
    report(RunProgress(steps, steps, epochs, message="saving the model"))
    _save(made, dataset, out, {s.fingerprint for s in sentences} | _known_to(config.base))
    card = card_of_run(
        config,
        dataset,
        out,
        epochs=epochs,
        steps=steps,
        corrections=len(corrections),
        parent=parent,
        device=device,
        precision=precision,
        duration_s=time.monotonic() - started,
    )
    report(RunProgress(steps, steps, epochs, message="fitting the confidence"))
    with processes.at_once():
        fitted = _fit(
            made,
            dataset,
            pulse,
            lambda text: report(RunProgress(steps, steps, epochs, message=text)),
        )
    card = replace(card, calibration=fitted, fill_in=_marked(config, made))
    done = finish(out, card)
    write_card(out, replace(done, duration_s=round(time.monotonic() - started, 1)))
    (out / MARKS).unlink(missing_ok=True)
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    processes.wait()
    return read_card(out)


def _save(made: Prepared, dataset: Dataset, out: Path, known: Iterable[str]) -> None:
    """Write all of the model but its card; ``known``: hashes of what it was trained on."""
    made.model.save_pretrained(out)
    made.tokenizer.save_pretrained(out)
    (out / "schema.json").write_text(
        json.dumps(schema_to_json(dataset.schema), indent=1), encoding="utf-8"
    )
    write_conventions(out, made.conventions)
    write_training_hashes(out, known)


def _marked(config: TrainingConfig, made: Prepared) -> dict[str, Any]:
    """Return what a teacher marked, for the card; empty without one."""
    if not made.filled:
        return {}
    return {
        "teacher": Path(config.fill_in).name,
        "sure": config.fill_in_sure,
        "unsure": made.filled.unsure,
        "marked": made.filled.counts,
    }


def _known_to(base: str) -> frozenset[str]:
    """Return what the model that a run starts from was trained on: it is still in the weights."""
    return training_hashes(Path(base)) if Path(base).is_dir() else frozenset()


def _say_nothing(_: RunProgress) -> None:
    """Stand in for the report on all processes but the first."""


def _fit(
    made: Prepared, dataset: Dataset, pulse: Callable[[], None], tell: Callable[[str], None]
) -> dict[str, Any]:
    from bioner.tagging.load import tagger_from_model

    made.model.eval()
    tagger = tagger_from_model(
        made.model,
        made.tokenizer,
        dataset.schema,
        made.conventions,
        is_filled_in=made.filled is not None,
    )
    return confidence_on_devel(tagger, dataset, pulse=pulse, tell=tell)
