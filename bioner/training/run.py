"""Fine-tuning: TrainingConfig, train(), the partial-label loss, and Progress."""

from __future__ import annotations

import json
import math
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bioner.bio import allowed_tags, tag_names
from bioner.corpora.merge import Dataset
from bioner.errors import TrainingError
from bioner.labels import schema_to_json
from bioner.machine import resolve_precision
from bioner.models.catalogue import (
    ModelCard,
    find_model,
    read_card,
    training_hashes,
    write_card,
    write_training_hashes,
)
from bioner.settings import read_settings
from bioner.spans import Sentence
from bioner.training import processes
from bioner.training.fill_in import BoolMatrix, FillIn, Marks, fill_in, load_fill_in, tag_sets
from bioner.training.record import card_of_run

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Loss = Literal["partial", "naive"]
CHECKPOINTS = "checkpoints"
CALIBRATION_SENTENCES = 300
"""Devel sentences of each corpus that the confidence is fitted on."""

MARKS = "fill-in.npz"
NOT_FINITE = "the loss is not a finite number any more: take a smaller learning rate"
COMPLETE = "complete"
"""Marker written last into a checkpoint: without it the checkpoint was cut off."""


class TrainingStopped(Exception):
    """Raised when a person asked the run to stop; a complete checkpoint is on disk."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a run trains. ``warmup`` is a share of all steps, ``max_length`` counts word-pieces.

    ``layer_decay`` multiplies the learning rate once per encoder layer from the top (1: one rate
    for all; Howard & Ruder 2018). ``precision`` auto takes bfloat16 where the hardware computes in
    it; master weights are float32 always.
    """

    base: str
    loss: Loss = "partial"
    epochs: float = 1.0
    max_steps: int = -1
    learning_rate: float = 2e-4
    head_learning_rate: float = 1e-3
    layer_decay: float = 1.0
    batch_size: int = 24
    gradient_accumulation: int = 1
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float | None = None
    max_length: int = 256
    seed: int = 42
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    save_steps: int = 200
    log_steps: int = 10
    eval_steps: int = 0
    eval_sentences_per_corpus: int = 100
    bucketing: bool = True
    fill_in: str = ""
    """Folder of a teacher for the fill-in round; empty: no such round."""

    fill_in_sure: float = 0.95

    def __post_init__(self) -> None:
        if self.loss not in ("partial", "naive"):
            raise TrainingError(f"--loss: expected partial or naive, got {self.loss!r}")
        for name in ("epochs", "learning_rate", "head_learning_rate", "batch_size", "max_length"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"{name}: expected more than 0, got {getattr(self, name)}")
        if not 0.5 < self.fill_in_sure < 1:
            raise TrainingError(
                f"fill_in_sure: expected more than 0.5, less than 1, got {self.fill_in_sure}"
            )
        if self.max_length < 16:
            raise TrainingError(f"max_length: expected at least 16, got {self.max_length}")


@dataclass(frozen=True)
class Progress:
    """One report of a running job. ``tokens_per_s`` counts real (non-pad) word-pieces."""

    step: int
    total_steps: int
    epoch: float
    loss: float | None = None
    learning_rate: float | None = None
    tokens_per_s: float | None = None
    seconds: float = 0.0
    devel_f1: float | None = None
    devel_by_type: dict[str, float] | None = None
    message: str = ""


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Example:
    """One encoded window: word-piece ids, and for each piece the allowed tags packed in bytes.

    ``allowed`` *shape:* (pieces, ceil(tags / 8)); all ones where nothing is to be learned
    (further pieces of a word, special tokens).
    """

    input_ids: tuple[int, ...]
    allowed: np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Encoded:
    """The training examples, and what encoding them had to cut or leave out."""

    examples: tuple[Example, ...]
    words: int
    words_without_pieces: int
    sentences_in_windows: int


def partial_label_loss(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Return ``logsumexp(all logits) - logsumexp(logits of the allowed tags)`` of each position.

    *Shape:* logits (..., tags), allowed (..., tags) bool → (...). The negative log-likelihood that
    the tag is one of the allowed ones; zero, gradient too, where all are. Cour, Sapp & Taskar 2011;
    Jie et al. 2019 for NER.
    """
    import torch

    logits = logits.float()
    masked = logits.masked_fill(~allowed, float("-inf"))
    loss = torch.logsumexp(logits, dim=-1) - torch.logsumexp(masked, dim=-1)
    # Where all is allowed the two sums are equal bit by bit; the product keeps their gradient at 0.
    return loss * (~allowed.all(dim=-1))


def encode_sentences(
    sentences: Sequence[Sentence],
    tokenizer: PreTrainedTokenizerBase,
    types: tuple[str, ...],
    *,
    loss: Loss = "partial",
    max_length: int = 256,
    marks: Sequence[Marks] | None = None,
    tag_sets: BoolMatrix | None = None,
) -> Encoded:
    """Encode sentences for the loss; a sentence longer than ``max_length`` pieces becomes windows.

    With ``loss="naive"`` every type counts as covered and nothing is ignored. ``marks`` (one array
    a sentence, with their ``tag_sets``) narrow what is allowed: see ``fill_in``.
    """
    everything = frozenset(types)
    n_bytes = math.ceil((1 + 2 * len(types)) / 8)
    budget = max_length - 2
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    examples: list[Example] = []
    words = lost = windowed = 0
    for first, batch in zip(range(0, len(sentences), 2000), _chunks(sentences, 2000), strict=True):
        encoding = tokenizer(
            [list(s.tokens) for s in batch],
            is_split_into_words=True,
            add_special_tokens=False,
            truncation=False,
            verbose=False,
        )
        for i, sentence in enumerate(batch):
            view = sentence if loss == "partial" else _naive(sentence, everything)
            allowed = allowed_tags(view, types)
            if marks is not None and tag_sets is not None:
                marked = marks[first + i]
                sure = marked >= 0
                allowed[sure] &= tag_sets[marked[sure]]
            word_rows = np.packbits(allowed, axis=1)
            ids: list[int] = encoding["input_ids"][i]
            owners: list[int | None] = encoding.word_ids(i)
            rows = np.full((len(ids), n_bytes), 0xFF, dtype=np.uint8)
            firsts = [p for p, w in enumerate(owners) if p == 0 or owners[p - 1] != w]
            for p in firsts:
                rows[p] = word_rows[owners[p]]
            words += len(sentence.tokens)
            lost += len(sentence.tokens) - len(firsts)
            pieces = list(_windows(firsts, len(ids), budget))
            windowed += len(pieces) > 1
            pad = np.full((1, n_bytes), 0xFF, dtype=np.uint8)
            for start, end in pieces:
                examples.append(
                    Example(
                        (cls, *ids[start:end], sep),
                        np.concatenate([pad, rows[start:end], pad]),
                    )
                )
    return Encoded(tuple(examples), words, lost, windowed)


def _naive(sentence: Sentence, types: frozenset[str]) -> Sentence:
    spans = tuple(replace(s, stands_for=()) for s in sentence.spans)
    return replace(sentence, spans=spans, covers=types, readings=(), ignored=())


def _windows(firsts: Sequence[int], length: int, budget: int) -> Iterator[tuple[int, int]]:
    """Cut ``length`` pieces into ranges of at most ``budget``, where words start if possible."""
    start = 0
    while start < length:
        end = min(start + budget, length)
        if end < length:
            inside = [p for p in firsts if start < p <= end]
            end = inside[-1] if inside else end
        yield start, end
        start = end


def _chunks(items: Sequence[Sentence], size: int) -> Iterator[Sequence[Sentence]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def train(
    config: TrainingConfig,
    dataset: Dataset,
    out: Path,
    *,
    report: Report = lambda _: None,
    resume: bool = False,
    corrections: Sequence[Sentence] = (),
    parent: str = "",
    stop_requested: Callable[[], bool] = lambda: False,
    finish: Callable[[Path, ModelCard], ModelCard] = lambda _, card: card,
) -> ModelCard:
    """Fine-tune ``config.base`` on the dataset's train split (and corrections) into ``out``.

    The folder is complete once ``card.json`` is in it; ``finish`` may work on the saved weights
    before that, and returns the card to write. Checkpoints go to ``out/checkpoints`` and
    are removed at the end; with ``resume`` the last complete one is continued, to the same weights
    as an uninterrupted run on the same device and seed. Under torchrun every process calls it, the
    first reports, scores and writes, and ``batch_size`` is that of each. Raises TrainingError for
    data or configuration that cannot be trained, TrainingStopped after ``stop_requested`` said so.
    """
    if (out / "card.json").exists() and not resume:
        raise TrainingError(f"{out}: there is a finished model already; give another name")
    if (out / "card.json").exists():
        raise TrainingError(f"{out}: this run is finished; there is nothing to resume")
    started = time.monotonic()
    device = resolve_device(config.device)
    processes.join(device)
    if not processes.is_first():
        report = _say_nothing
    precision = resolve_precision(config.precision, device)
    sentences = [*dataset.train, *corrections]
    if not sentences:
        raise TrainingError(
            "there is no training sentence: choose at least one corpus, or review some sentences"
        )
    from transformers import set_seed

    set_seed(config.seed)
    types = dataset.schema.names
    report(Progress(0, 0, 0.0, message="loading the base encoder"))
    model, tokenizer = load_base(config, types)
    kept = out / MARKS if resume else None
    filled = _fill_in(config, sentences, dataset, report, kept) if config.fill_in else None
    report(Progress(0, 0, 0.0, message=f"encoding {len(sentences):,} sentences"))
    encoded = encode_sentences(
        sentences,
        tokenizer,
        types,
        loss=config.loss,
        max_length=_limit(config, model),
        marks=filled.marks if filled else None,
        tag_sets=tag_sets(dataset.schema),
    )
    trainer = _make_trainer(
        config, model, tokenizer, encoded, dataset, out, device, precision, report, stop_requested
    )
    checkpoint = last_checkpoint(out) if resume else None
    if not resume and processes.is_first():
        shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    processes.wait()
    out.mkdir(parents=True, exist_ok=True)
    if filled and processes.is_first():
        filled.save(out / MARKS)
    result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.stopped:
        raise TrainingStopped(f"stopped at step {trainer.state.global_step}; `--resume` goes on")
    if not math.isfinite(result.training_loss):
        raise TrainingError(NOT_FINITE)
    if not processes.is_first():
        processes.wait()
        return read_card(out)
    total = trainer.state.global_step
    report(Progress(total, total, trainer.state.epoch or 0.0, message="saving the model"))
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "schema.json").write_text(
        json.dumps(schema_to_json(dataset.schema), indent=1), encoding="utf-8"
    )
    write_training_hashes(out, {s.fingerprint for s in sentences} | _known_to(config.base))
    card = card_of_run(
        config,
        dataset,
        out,
        epochs=trainer.state.epoch or 0.0,
        steps=total,
        corrections=len(corrections),
        parent=parent,
        device=device,
        precision=precision,
        duration_s=time.monotonic() - started,
    )
    report(Progress(total, total, trainer.state.epoch or 0.0, message="fitting the confidence"))
    card = replace(card, calibration=_calibrate(model, tokenizer, dataset))
    if filled:
        teacher = Path(config.fill_in).name
        seen = {"teacher": teacher, "sure": config.fill_in_sure, "unsure": filled.unsure}
        card = replace(card, fill_in={**seen, "marked": filled.counts})
    write_card(out, finish(out, card))
    (out / MARKS).unlink(missing_ok=True)
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    processes.wait()
    return read_card(out)


def _known_to(base: str) -> frozenset[str]:
    """Return what the model that a run starts from was trained on: it is still in the weights."""
    return training_hashes(Path(base)) if Path(base).is_dir() else frozenset()


def _say_nothing(_: Progress) -> None:
    """Stand in for the report on all processes but the first."""


def _fill_in(
    config: TrainingConfig,
    sentences: Sequence[Sentence],
    dataset: Dataset,
    report: Report,
    kept: Path | None,
) -> FillIn:
    """Let the teacher mark the training sentences; a resumed run reads what it had ``kept``."""
    from bioner.tagging.tagger import load_tagger

    found = load_fill_in(kept, sentences) if kept else None
    if found:
        return found

    if config.loss != "partial":
        raise TrainingError("a fill-in round needs --loss partial: naive leaves nothing open")
    teacher = load_tagger(find_model(config.fill_in, read_settings().models), device=config.device)

    def tell(done: int, total: int) -> None:
        report(Progress(0, 0, 0.0, message=f"the teacher has read {done:,} of {total:,} sentences"))

    return fill_in(sentences, teacher, dataset.schema, sure=config.fill_in_sure, progress=tell)


def _calibrate(model: Any, tokenizer: PreTrainedTokenizerBase, dataset: Dataset) -> dict[str, Any]:
    """Fit the confidence of each type on a sample of devel; nothing where there is no devel."""
    from bioner.evaluation.confidence import fit_confidence
    from bioner.tagging.tagger import tagger_from_model
    from bioner.training.trainer import devel_sample

    chosen = devel_sample(dataset, CALIBRATION_SENTENCES)
    if not chosen:
        return {}
    model.eval()
    tagger = tagger_from_model(model, tokenizer, dataset.schema)
    return fit_confidence(tagger, chosen, dataset.schema, shares=dataset.shares)


def load_base(
    config: TrainingConfig, types: tuple[str, ...]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load an encoder with a fresh token classifier for the types, in float32.

    A half-precision checkpoint is loaded as float32: AdamW on half-precision weights gives NaN at
    the second step. A model that has the same tags keeps its classifier. Raises TrainingError.
    """
    import torch
    from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer

    from bioner.models.encoders import prepare_encoder

    cache = read_settings().data / "encoders"
    folder = processes.first_before_others(lambda: prepare_encoder(config.base, cache))
    tags = tag_names(types)
    labels = {
        "id2label": dict(enumerate(tags)),
        "label2id": {tag: i for i, tag in enumerate(tags)},
        "num_labels": len(tags),
    }
    try:
        settings = AutoConfig.from_pretrained(folder, trust_remote_code=False, **labels)
        if config.dropout is not None:
            settings.hidden_dropout_prob = config.dropout
        extra = {"add_prefix_space": True} if settings.model_type in ("roberta", "gpt2") else {}
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, **extra)
        model = AutoModelForTokenClassification.from_pretrained(
            folder,
            config=settings,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
        )
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(
            f"{config.base}: not loadable as an encoder ({str(error).splitlines()[0]}); give a "
            "folder with config.json, model.safetensors and a tokenizer, or a hub id while there "
            "is a network"
        ) from error
    if not tokenizer.is_fast:
        raise TrainingError(f"{config.base}: its tokenizer has no fast version, which is needed")
    return model, tokenizer


def _limit(config: TrainingConfig, model: PreTrainedModel) -> int:
    positions = getattr(model.config, "max_position_embeddings", config.max_length)
    return min(config.max_length, positions)


def resolve_device(device: str) -> str:
    """Return ``cpu`` or ``cuda``. Raises TrainingError where cuda is asked for and is not there."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "no CUDA device is visible to torch: use --device cpu, or check the driver"
        )
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def last_checkpoint(out: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, or None."""
    found = [
        folder
        for folder in (out / CHECKPOINTS).glob("checkpoint-*")
        if (folder / COMPLETE).is_file() and folder.name.rpartition("-")[2].isdigit()
    ]
    return max(found, key=lambda f: int(f.name.rpartition("-")[2]), default=None)


def _make_trainer(
    config: TrainingConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    encoded: Encoded,
    dataset: Dataset,
    out: Path,
    device: str,
    precision: str,
    report: Report,
    stop_requested: Callable[[], bool],
) -> Any:
    """Build Hugging Face's Trainer with our loss, collator, sampler and parameter groups."""
    from bioner.training.trainer import Loop, PartialLabelTrainer, training_arguments

    return PartialLabelTrainer(
        loop=Loop(config, dataset, tokenizer, report, stop_requested),
        model=model,
        args=training_arguments(config, out / CHECKPOINTS, device, precision),
        train_dataset=encoded.examples,
    )


def stop_on_signal() -> Callable[[], bool]:
    """Turn SIGTERM and SIGINT into a request to stop after the running step."""
    asked = False

    def remember(_signal: int, _frame: object) -> None:
        nonlocal asked
        asked = True

    signal.signal(signal.SIGTERM, remember)
    signal.signal(signal.SIGINT, remember)
    return lambda: asked
