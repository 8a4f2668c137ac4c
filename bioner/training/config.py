"""How a run trains, and a retraining; what each of their values may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from bioner.errors import TrainingError
from bioner.machine import Device, Precision

Loss = Literal["partial", "naive"]


@dataclass(frozen=True)
class Range:
    """What values an option may have: from ``least`` to ``most``, and ``also`` these.

    ``is_open``: the least itself is not one of them.
    """

    option: str
    least: float
    most: float
    is_open: bool = False
    also: tuple[float | None, ...] = ()

    def __contains__(self, value: float | None) -> bool:
        if value is None or value in self.also:
            return value in self.also
        return self.least <= value <= self.most and not (self.is_open and value == self.least)

    def __str__(self) -> str:
        least = f"more than {self.least:,g}" if self.is_open else f"at least {self.least:,g}"
        others = "".join(f", or {one:g}" for one in self.also if one is not None)
        return f"{least} and at most {self.most:,.10g}{others}"


RANGES: Mapping[str, Range] = {
    "epochs": Range("--epochs", 0, 1_000, is_open=True),
    "max_steps": Range("--max-steps", 1, 100_000_000, also=(-1,)),
    "learning_rate": Range("--lr", 0, 1, is_open=True),
    "head_learning_rate": Range("--head-lr", 0, 1, is_open=True),
    "layer_decay": Range("--layer-decay", 0, 1, is_open=True),
    "batch_size": Range("--batch-size", 1, 65_536),
    "batch_pieces": Range("--batch-pieces", 16, 16_777_216, also=(0,)),
    "gradient_accumulation": Range("--accumulate", 1, 65_536),
    "warmup": Range("--warmup", 0, 1),
    "weight_decay": Range("--weight-decay", 0, 1),
    "dropout": Range("--dropout", 0, 0.9, also=(None,)),
    "max_length": Range("--max-length", 16, 8_192),
    "seed": Range("--seed", 0, 2**32 - 1),
    "save_steps": Range("--save-steps", 1, 100_000_000, also=(0,)),
    "save_minutes": Range("--save-minutes", 0, 10_000, is_open=True),
    "log_steps": Range("--log-steps", 1, 100_000_000),
    "eval_steps": Range("--eval-steps", 0, 100_000_000, also=(-1,)),
    "eval_sentences_per_corpus": Range("eval_sentences_per_corpus", 1, 1_000_000),
    "fill_in_sure": Range("fill_in_sure", 0.5, 0.9999, is_open=True),
    "any_share": Range("--any-share", 0, 1),
    "convention_dropout": Range("--convention-dropout", 0, 1),
    "repeat_rare": Range("--repeat-rare", 0, 1),
    "replay": Range("--replay", 0, 10_000_000),
    "repeat": Range("--repeat", 1, 1_000),
    "keep": Range("--keep", 0, 0.99),
}
"""What the numbers of a run and of a retraining may be: a page, a command and a resume agree."""

CHOICES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "loss": ("--loss", ("partial", "naive")),
    "device": ("--device", tuple(Device)),
    "precision": ("--precision", tuple(Precision)),
}
"""The words among which an option chooses."""


def check_values(config: TrainingConfig | Recipe) -> None:
    """Raise TrainingError for the first value that has no sense, naming its option."""
    for name in (field.name for field in fields(config)):
        value = getattr(config, name)
        if name in RANGES and value not in RANGES[name]:
            raise TrainingError(f"{RANGES[name].option}: expected {RANGES[name]}, got {value}")
        if name in CHOICES and value not in CHOICES[name][1]:
            option, words = CHOICES[name]
            raise TrainingError(f"{option}: expected one of {', '.join(words)}, got {value!r}")


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
    batch_pieces: int = 0
    """Word-pieces of a batch at most, padding counted; 0: ``batch_size`` sentences instead."""

    gradient_accumulation: int = 1
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float | None = None
    max_length: int = 256
    seed: int = 42
    device: Device = Device.AUTO
    precision: Precision = Precision.AUTO
    save_steps: int = 0
    """Steps between checkpoints; 0: one every ``save_minutes``, however long a step takes."""

    save_minutes: float = 3.0
    log_steps: int = 10
    eval_steps: int = 0
    eval_sentences_per_corpus: int = 100
    bucketing: bool = True
    fill_in: str = ""
    """Folder of a teacher for the fill-in round; empty: no such round."""

    fill_in_sure: float = 0.95
    conventions: bool = False
    """Reserve pieces in the base's vocabulary; one that has them is told in any case."""

    any_share: float = 0.25
    """Share of the sentences that an epoch reads under ``[ANY]``, as fused."""

    convention_dropout: float = 0.0
    """Share of the others that keep their own source's reading, but under ``[ANY]``."""

    repeat_rare: float = 0.0
    """Share of sentences below which a corpus's type is rare, and its sentences drawn more often:
    the square root of the ratio times as often (see ``rare``). 0: each sentence once an epoch."""

    only_pieces: bool = False
    """Train only the classifier and the pieces of conventions that are new to the model."""

    def __post_init__(self) -> None:
        if not self.base:
            raise TrainingError("--base: expected a folder or a hub id, got nothing")
        check_values(self)


@dataclass(frozen=True)
class Recipe:
    """How corrections are mixed with what the model must not forget.

    ``replay``: sentences seen again beside the corrections; ``repeat``: how often an epoch shows
    each correction; ``keep``: the parent's least share when its weights and the new ones are
    averaged at the end (see ``average_weights``). Rates are below those of a first training.
    """

    replay: int = 9000
    repeat: int = 4
    keep: float = 0.3
    epochs: float = 1.0
    learning_rate: float = 5e-5
    head_learning_rate: float = 2e-4
    batch_size: int = 24
    seed: int = 42
    device: Device = Device.AUTO
    only_piece: bool = False
    """Teach the project's own piece and the classifier alone: of a model that knows conventions."""

    def __post_init__(self) -> None:
        check_values(self)


OPTIONS = {
    "loss": "--loss",
    "epochs": "--epochs",
    "max_steps": "--max-steps",
    "learning_rate": "--lr",
    "head_learning_rate": "--head-lr",
    "layer_decay": "--layer-decay",
    "batch_size": "--batch-size",
    "batch_pieces": "--batch-pieces",
    "gradient_accumulation": "--accumulate",
    "max_length": "--max-length",
    "warmup": "--warmup",
    "weight_decay": "--weight-decay",
    "dropout": "--dropout",
    "seed": "--seed",
    "precision": "--precision",
    "fill_in": "--fill-in",
    "conventions": "--conventions",
    "any_share": "--any-share",
    "convention_dropout": "--convention-dropout",
    "repeat_rare": "--repeat-rare",
}
"""What of a ``TrainingConfig`` changes the weights, and its name on the command line."""
