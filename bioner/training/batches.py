"""Batches of a run: examples of like length together, padded to the longest."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bioner.training.examples import Example

BUCKET_BATCHES = 50
"""Batches that are sorted by length together: enough to pad little, few enough to stay random."""


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
