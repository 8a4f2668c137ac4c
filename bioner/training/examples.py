"""Sentences encoded for the loss: windows of word-pieces with the tags that each allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
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
    ``contradicted``: marks of a teacher that were dropped because nothing would have been allowed.
    ``windows``: how many examples each sentence became.
    """

    examples: tuple[Example, ...]
    words: int
    taught: int
    words_without_pieces: int
    sentences_in_windows: int
    contradicted: int = 0
    windows: tuple[int, ...] = ()


def within(sentence: Sentence, types: Sequence[str]) -> Sentence:
    """Return a sentence with marks of these types alone; where another stood, any tag is allowed.

    A project may have types that the data has not.
    """
    known = set(types)
    foreign = [one for one in sentence.spans if not known.issuperset(one.labels)]
    if not foreign and sentence.covers <= known:
        return sentence
    return replace(
        sentence,
        spans=tuple(one for one in sentence.spans if one not in foreign),
        ignored=(*sentence.ignored, *((one.start, one.end) for one in foreign)),
        covers=sentence.covers & known,
    )


def encode_sentences(
    sentences: Sequence[Sentence],
    tokenizer: PreTrainedTokenizerBase,
    types: tuple[str, ...],
    *,
    loss: Loss = "partial",
    max_length: int = 256,
    marks: Sequence[Marks] | None = None,
    tag_sets: BoolMatrix | None = None,
    prefix: tuple[int, ...] = (),
    pulse: Callable[[], None] = lambda: None,
) -> Encoded:
    """Encode sentences for the loss; a sentence longer than ``max_length`` pieces becomes windows.

    With ``loss="naive"`` every type counts as covered and nothing is ignored. ``marks`` (one array
    a sentence, with their ``tag_sets``) narrow what is allowed: see ``fill_in``; a mark that would
    leave nothing allowed is dropped, since its loss would be infinite. ``prefix``: reserved pieces
    that each window has after its begin piece; text that spells out such a piece is text then.
    ``pulse`` is called as it goes and may raise.
    """
    everything = frozenset(types)
    n_bytes = math.ceil((1 + 2 * len(types)) / 8)
    budget = max_length - 2 - len(prefix)
    as_text = {"split_special_tokens": True} if prefix else {}
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    examples: list[Example] = []
    words = taught = lost = contradicted = 0
    windows: list[int] = []
    for first, batch in zip(range(0, len(sentences), 2000), _chunks(sentences, 2000), strict=True):
        pulse()
        encoding = tokenizer(
            [list(s.tokens) for s in batch],
            is_split_into_words=True,
            add_special_tokens=False,
            truncation=False,
            verbose=False,
            **as_text,
        )
        for i, sentence in enumerate(batch):
            view = sentence if loss == "partial" else _naive(sentence, everything)
            allowed = allowed_tags(view, types)
            if marks is not None and tag_sets is not None:
                contradicted += _narrow(allowed, marks[first + i], tag_sets)
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
            windows.append(len(pieces))
            pad = np.full((1, n_bytes), 0xFF, dtype=np.uint8)
            begin = np.full((1 + len(prefix), n_bytes), 0xFF, dtype=np.uint8)
            for start, end in pieces:
                examples.append(
                    Example(
                        (cls, *prefix, *ids[start:end], sep),
                        np.concatenate([begin, rows[start:end], pad]),
                    )
                )
    in_windows = sum(count > 1 for count in windows)
    return Encoded(tuple(examples), words, taught, lost, in_windows, contradicted, tuple(windows))


def _narrow(allowed: BoolMatrix, marks: Marks, tag_sets: BoolMatrix) -> int:
    """Narrow what is allowed by a teacher's marks, in place; return how many contradict it."""
    sure = np.flatnonzero(marks >= 0)
    narrowed = allowed[sure] & tag_sets[marks[sure]]
    fits = narrowed.any(axis=1)
    allowed[sure[fits]] = narrowed[fits]
    return int((~fits).sum())


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
