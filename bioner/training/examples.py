"""Sentences encoded for the loss: windows of word-pieces with the tags that each allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bioner.bio import allowed_tags
from bioner.spans import Sentence
from bioner.training.config import Loss
from bioner.training.fill_in import BoolMatrix, Marks

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


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
    """The training examples, and what encoding them had to cut or leave out.

    ``taught``: words that teach something, because not every tag is allowed to them.
    """

    examples: tuple[Example, ...]
    words: int
    taught: int
    words_without_pieces: int
    sentences_in_windows: int


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
    words = taught = lost = windowed = 0
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
            taught += int((~allowed.all(axis=1)).sum())
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
    return Encoded(tuple(examples), words, taught, lost, windowed)


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
