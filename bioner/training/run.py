"""A training run: a configuration and a dataset in, a model folder out."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bioner.conventions import Conventions
from bioner.corpora.dataset import Dataset
from bioner.errors import Stopped, TrainingError
from bioner.labels import schema_to_json
from bioner.machine import require_device, resolve_precision
from bioner.models.card import (
    ModelCard,
    has_types,
    read_card,
    training_hashes,
    write_card,
    write_training_hashes,
)
from bioner.models.catalogue import find_model
from bioner.models.reserved_pieces import write_conventions
from bioner.progress import Progress
from bioner.settings import read_settings
from bioner.spans import Sentence
from bioner.training import processes
from bioner.training.base import load_base, window_length
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
from bioner.training.examples import Example, encode_sentences, within
from bioner.training.fill_in import FillIn, fill_in, load_fill_in, tag_sets
from bioner.training.progress import OnRunProgress, RunProgress, check_loss, stopping
from bioner.training.record import card_of_run
from bioner.training.told import (
    check_readings,
    conventions_of,
    encode_told,
    free_only,
    start_pieces,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


MARKS = "fill-in.npz"
TOLD = 2_000
"""Sentences that a teacher reads between two reports."""


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
    from bioner.training.callbacks import Loop
    from bioner.training.trainer import PartialLabelTrainer, training_arguments

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
    pulse = stopping(stop_requested)
    origin = origin_of(config, dataset.fingerprint, sentences, processes.count())
    checkpoint = last_checkpoint(out) if resume else None
    if checkpoint:
        check_origin(out, origin)
    made = _prepare(
        config,
        dataset,
        sentences,
        out / MARKS if resume else None,
        nearest=nearest,
        report=report,
        pulse=pulse,
    )
    model, tokenizer, filled = made.model, made.tokenizer, made.filled
    if first and not checkpoint:
        begin_anew(out, origin)
    if first and filled:
        filled.save(out / MARKS)
    processes.wait()
    trainer = PartialLabelTrainer(
        loop=Loop(
            config,
            scored_on or dataset,
            tokenizer,
            report,
            stop_requested,
            conventions=made.conventions,
            on_epoch=made.on_epoch,
            parent=parent if has_types(Path(config.base), dataset.schema.names) else "",
        ),
        model=model,
        args=training_arguments(config, out / CHECKPOINTS, device, precision),
        train_dataset=made.examples,
    )
    result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.stopped:
        raise Stopped(f"stopped at step {trainer.state.global_step}; `--resume` goes on")
    check_loss(result.training_loss)
    if not first:
        processes.wait()
        return read_card(out)
    steps, epochs = trainer.state.global_step, trainer.state.epoch or 0.0
    report(RunProgress(steps, steps, epochs, message="saving the model"))
    _save(model, tokenizer, dataset, out)
    write_conventions(out, made.conventions)
    write_training_hashes(out, {s.fingerprint for s in sentences} | _known_to(config.base))
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
    card = replace(card, calibration=_fit(made, dataset, pulse))
    if filled:
        teacher = Path(config.fill_in).name
        seen = {"teacher": teacher, "sure": config.fill_in_sure, "unsure": filled.unsure}
        card = replace(card, fill_in={**seen, "marked": filled.counts})
    write_card(out, finish(out, card))
    (out / MARKS).unlink(missing_ok=True)
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    processes.wait()
    return read_card(out)


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """What training begins with. ``on_epoch`` hears of each epoch before it draws its examples."""

    model: Any
    tokenizer: PreTrainedTokenizerBase
    examples: Sequence[Example]
    filled: FillIn | None
    conventions: Conventions
    on_epoch: Callable[[int], None]


def _prepare(
    config: TrainingConfig,
    dataset: Dataset,
    sentences: Sequence[Sentence],
    kept: Path | None,
    *,
    nearest: Mapping[str, str],
    report: OnRunProgress,
    pulse: Callable[[], None],
) -> _Prepared:
    """Load the base, let a teacher mark what is open, encode; ``kept`` are marks of an earlier try.

    Raises TrainingError where no word teaches anything.
    """
    from transformers import set_seed

    set_seed(config.seed)
    report(RunProgress(0, 0, 0.0, message="loading the base encoder"))
    model, tokenizer, known = load_base(config, dataset.schema.names)
    if known:
        check_readings(sentences)
    filled = None
    if config.fill_in:
        filled = _fill_in(config, sentences, dataset, kept, report=report, pulse=pulse)
    pulse()
    report(RunProgress(0, 0, 0.0, message=f"encoding {len(sentences):,} sentences"))
    conventions = known
    on_epoch: Callable[[int], None] = _no_epoch
    examples: Sequence[Example]
    marks = filled.marks if filled else None
    sets, length = tag_sets(dataset.schema), window_length(config, model)
    if known:
        conventions = conventions_of(dataset, known, sentences[len(dataset.train) :])
        start_pieces(model, tokenizer, known, conventions, nearest)
        encoded, told = encode_told(
            sentences,
            tokenizer,
            dataset.schema.names,
            conventions,
            config,
            max_length=length,
            marks=marks,
            tag_sets=sets,
        )
        examples, on_epoch = told, told.set_epoch
    else:
        encoded = encode_sentences(
            sentences,
            tokenizer,
            dataset.schema.names,
            loss=config.loss,
            max_length=length,
            marks=marks,
            tag_sets=sets,
        )
        examples = encoded.examples
    if not encoded.taught:
        raise TrainingError(
            f"none of the {len(sentences):,} training sentences teaches anything: nobody looked "
            "for any of these types in them; choose other corpora or types"
        )
    if config.only_pieces:
        fresh = [one.piece for one in conventions.known if one.name not in known]
        free_only(model, fresh, tokenizer)
    return _Prepared(
        model=model,
        tokenizer=tokenizer,
        examples=examples,
        filled=filled,
        conventions=conventions,
        on_epoch=on_epoch,
    )


def _no_epoch(_: int) -> None:
    """Hear of an epoch whose examples are those of every other."""


def _save(model: Any, tokenizer: PreTrainedTokenizerBase, dataset: Dataset, out: Path) -> None:
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "schema.json").write_text(
        json.dumps(schema_to_json(dataset.schema), indent=1), encoding="utf-8"
    )


def _known_to(base: str) -> frozenset[str]:
    """Return what the model that a run starts from was trained on: it is still in the weights."""
    return training_hashes(Path(base)) if Path(base).is_dir() else frozenset()


def _say_nothing(_: RunProgress) -> None:
    """Stand in for the report on all processes but the first."""


def _fill_in(
    config: TrainingConfig,
    sentences: Sequence[Sentence],
    dataset: Dataset,
    kept: Path | None,
    *,
    report: OnRunProgress,
    pulse: Callable[[], None],
) -> FillIn:
    """Let the teacher mark the training sentences; a resumed run reads what it had ``kept``."""
    from bioner.tagging.load import load_tagger

    found = load_fill_in(kept, sentences) if kept else None
    if found:
        return found

    if config.loss != "partial":
        raise TrainingError("a fill-in round needs --loss partial: naive leaves nothing open")
    teacher = load_tagger(find_model(config.fill_in, read_settings().models), device=config.device)

    def tell(heard: Progress) -> None:
        pulse()
        if heard.done % TOLD == 0 or heard.done == heard.total:
            read = f"{heard.done:,} of {heard.total:,} sentences"
            report(RunProgress(0, 0, 0.0, message=f"the teacher has read {read}"))

    return fill_in(sentences, teacher, dataset.schema, sure=config.fill_in_sure, progress=tell)


def _fit(made: _Prepared, dataset: Dataset, pulse: Callable[[], None]) -> dict[str, Any]:
    from bioner.tagging.load import tagger_from_model

    made.model.eval()
    tagger = tagger_from_model(made.model, made.tokenizer, dataset.schema, made.conventions)
    return confidence_on_devel(tagger, dataset, pulse=pulse)
