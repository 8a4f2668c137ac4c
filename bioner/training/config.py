"""How a run trains: TrainingConfig, its ranges checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bioner.errors import TrainingError
from bioner.machine import Device, Precision

Loss = Literal["partial", "naive"]


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
    device: Device = Device.AUTO
    precision: Precision = Precision.AUTO
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

    def __post_init__(self) -> None:
        if self.repeat < 1 or self.replay < 0:
            raise TrainingError(
                f"expected at least one repeat and no negative replay, got {self.repeat} and "
                f"{self.replay}"
            )
        if not 0 <= self.keep < 1:
            raise TrainingError(f"keep: expected at least 0 and less than 1, got {self.keep}")
