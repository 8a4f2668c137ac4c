"""Twins: finding near-duplicate sentences among very many, by MinHash and banding (Broder 1997)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

BANDS = 5
ROWS = 5
"""Word sets that share 80% fall into a common band with chance 0.86, 50% with 0.15."""

_PRIME = np.uint64((1 << 61) - 1)
_MASK = np.uint64((1 << 32) - 1)


class Twins:
    """Groups sentences by their words: numbers alike, order and case ignored."""

    def __init__(self) -> None:
        chance = np.random.default_rng(20_011)
        size = BANDS * ROWS
        self._multiply = chance.integers(1, 1 << 29, size, dtype=np.uint64)[:, None]
        self._plus = chance.integers(0, 1 << 61, size, dtype=np.uint64)[:, None]
        self._words: dict[str, int] = {}
        self._bands: dict[tuple[int, bytes], int] = {}
        self._parent: list[int] = []

    def add(self, tokens: Iterable[str]) -> int:
        """Take in a sentence and return its number; its group may still grow."""
        number = len(self._parent)
        self._parent.append(number)
        words = {self._hash(token.lower()) for token in tokens if any(map(str.isalnum, token))}
        if words:
            signature = self._signature(np.fromiter(words, dtype=np.uint64, count=len(words)))
            for band in range(BANDS):
                key = band, signature[band * ROWS : (band + 1) * ROWS].tobytes()
                first = self._bands.setdefault(key, number)
                self._join(first, number)
        return number

    def group(self, number: int) -> int:
        """Return the group of a sentence: equal numbers mean near duplicates."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def _join(self, one: int, other: int) -> None:
        a, b = self.group(one), self.group(other)
        self._parent[max(a, b)] = min(a, b)

    def _signature(self, words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
        mixed = (words[None, :] * self._multiply + self._plus) % _PRIME
        smallest: npt.NDArray[np.uint32] = (mixed & _MASK).min(axis=1).astype(np.uint32)
        return smallest

    def _hash(self, word: str) -> int:
        key = "0" if word.isdigit() else word
        known = self._words.get(key)
        if known is None:
            digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=4).digest()
            known = self._words[key] = int.from_bytes(digest)
        return known
