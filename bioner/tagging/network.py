"""A token classifier: word-pieces in, logits out; and the one that torch runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from bioner.machine import Device, Precision

if TYPE_CHECKING:
    from transformers import PreTrainedModel


Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Network(Protocol):
    """A token classifier: *shape* ids and mask (rows, pieces) → logits (rows, pieces, tags)."""

    name: str

    def __call__(self, input_ids: Ints, attention_mask: Ints) -> Floats: ...


class TorchNetwork:
    """A Hugging Face token classifier on one device, in the precision given."""

    def __init__(self, model: PreTrainedModel, *, device: Device, precision: Precision) -> None:
        self._model = model
        self.device = device
        self._precision = precision
        self.name = f"torch {device} {precision}"

    def __call__(self, input_ids: Ints, attention_mask: Ints) -> Floats:
        import torch

        with (
            torch.inference_mode(),
            torch.autocast(
                self.device,
                dtype=torch.float16 if self._precision is Precision.FLOAT16 else torch.bfloat16,
                enabled=self._precision is not Precision.FLOAT32,
            ),
        ):
            logits = self._model(
                input_ids=torch.from_numpy(input_ids).to(self.device),
                attention_mask=torch.from_numpy(attention_mask).to(self.device),
            ).logits
        values: Floats = logits.float().cpu().numpy()
        return values
