"""Batches of a run: examples of like length together, padded to the longest."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bioner.training.examples import Example

BUCKET_BATCHES = 50
"""Batches that are sorted by length together: enough to pad little, few enough to stay random."""


MASKED_AS_GIVEN = frozenset({"bert", "roberta", "xlm-roberta", "electra"})
"""Architectures that take a mask of one row a sentence as it is, where torch's attention is used.

Given two axes, Transformers asks the device whether anything is padded: every step waits for it.
"""


@dataclass(frozen=True)
class Collator:
    """Pads a batch to its longest example; padding allows every tag, so it teaches nothing.

    A batch without padding has no mask. ``is_mask_given``: a mask is of *shape* (batch, 1, 1,
    pieces), true where there is text, else (batch, pieces). ``pieces`` counts those not padded.
    """

    pad_id: int
    n_tags: int
    is_mask_given: bool = False

    def __call__(self, batch: Sequence[Example]) -> dict[str, Any]:
        lengths = np.fromiter((len(e.input_ids) for e in batch), dtype=np.int64, count=len(batch))
        longest, pieces = int(lengths.max()), int(lengths.sum())
        is_text = np.arange(longest) < lengths[:, None]
        ids = np.full(is_text.shape, self.pad_id, dtype=np.int64)
        every = itertools.chain.from_iterable(e.input_ids for e in batch)
        ids[is_text] = np.fromiter(every, dtype=np.int64, count=pieces)
        packed = np.full((*is_text.shape, batch[0].allowed.shape[1]), 0xFF, dtype=np.uint8)
        packed[is_text] = np.concatenate([e.allowed for e in batch])
        allowed = np.unpackbits(packed, axis=2, count=self.n_tags).astype(np.bool_)
        made: dict[str, Any] = {
            "input_ids": torch.from_numpy(ids),
            "allowed": torch.from_numpy(allowed),
            "pieces": pieces,
        }
        if pieces < is_text.size:
            mask = torch.from_numpy(is_text)
            made["attention_mask"] = mask[:, None, None] if self.is_mask_given else mask.long()
        return made


def collator_of(model: Any, pad_id: int | None) -> Collator:
    """Return what makes batches for a model."""
    settings = model.config
    attention = getattr(settings, "_attn_implementation", "")
    return Collator(
        0 if pad_id is None else pad_id,
        settings.num_labels,
        is_mask_given=attention == "sdpa" and settings.model_type in MASKED_AS_GIVEN,
    )


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


class PieceBatches(torch.utils.data.Sampler[list[int]]):
    """Batches of at most so many word-pieces, padding counted, of examples of like length.

    Where batches are cut follows from the lengths alone, so that each pass has as many of the same
    shapes; which examples of a length meet, and the order, is drawn from the seed and the epoch.
    The first pass begins with the longest examples: what does not fit into memory shows at once.
    Each of several processes gets its own batches, in a step those of like length; what does not
    fill a last step is left out of the pass. An example longer than ``pieces`` is a batch alone.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        pieces: int,
        seed: int,
        *,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self._lengths = np.asarray(lengths, dtype=np.int64)
        self._seed = seed
        self._epoch = 0
        self._rank = rank
        self._cuts = _cuts(np.sort(self._lengths)[::-1].tolist(), pieces)
        steps = range(0, len(self._cuts), processes)
        self._steps = [self._cuts[i : i + processes] for i in steps]
        if processes > 1 and self._steps and len(self._steps[-1]) < processes:
            self._steps.pop()

    def __len__(self) -> int:
        return len(self._steps)

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        draw = np.random.default_rng((self._seed, self._epoch))
        order = np.lexsort((draw.random(len(self._lengths)), -self._lengths))
        steps = draw.permutation(len(self._steps)).tolist()
        if self._epoch == 0 and steps:
            steps.remove(0)
            steps.insert(0, 0)
        for step in steps:
            start, end = self._steps[step][self._rank]
            yield order[start:end].tolist()


def _cuts(lengths: Sequence[int], pieces: int) -> list[tuple[int, int]]:
    """Cut examples, longest first, into ranges whose longest fits ``pieces`` times."""
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(lengths):
        end = min(len(lengths), start + max(1, pieces // lengths[start]))
        found.append((start, end))
        start = end
    return found
