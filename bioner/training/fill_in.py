"""The fill-in round: a teacher marks what nobody looked for, where it is sure either way.

A type that few corpora look for has little negative evidence and fires where nobody looked. A
teacher trained on the same data reads each sentence; where it gives almost all of what is allowed
to one group of types, or to O, the student learns that (§4 of the design; Huang et al. 2019 for NER
with several partially annotated corpora). Marks live inside one training run only: they are counted
on its card and never become labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from bioner.bio import allowed_tags
from bioner.errors import TrainingError
from bioner.labels import LabelSchema
from bioner.progress import OnProgress, Progress, unheard
from bioner.spans import Sentence
from bioner.tagging.tagger import Tagger

UNSURE = -1
CHUNK = 400
"""Sentences between two reports."""
Marks = npt.NDArray[np.int8]
BoolMatrix = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FillIn:
    """What the teacher marked. ``marks``: for each sentence an array of shape (tokens,), holding
    ``UNSURE`` or a row of ``tag_sets``; ``counts``: marked tokens by group, ``O`` included."""

    marks: tuple[Marks, ...]
    counts: dict[str, int]
    unsure: int

    def save(self, path: Path) -> None:
        """Keep the marks for a run that is resumed."""
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                marks=np.concatenate([*self.marks, np.zeros(0, dtype=np.int8)]),
                names=np.array(list(self.counts), dtype=np.str_),
                counts=np.array(list(self.counts.values()), dtype=np.int64),
                unsure=np.int64(self.unsure),
            )


def load_fill_in(path: Path, sentences: Sequence[Sentence]) -> FillIn | None:
    """Read what ``FillIn.save`` wrote; None where there is none, or it fits other sentences."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            marks, names, counts = found["marks"], found["names"], found["counts"]
            unsure = int(found["unsure"])
    except (OSError, ValueError, KeyError, BadZipFile):
        return None
    ends = np.cumsum([len(s.tokens) for s in sentences])
    if not len(ends) or ends[-1] != len(marks):
        return None
    by_group = {str(n): int(c) for n, c in zip(names, counts, strict=True)}
    return FillIn(tuple(np.split(marks, ends[:-1])), by_group, unsure)


def tag_sets(schema: LabelSchema) -> BoolMatrix:
    """Return what each mark allows: O, then B- and I- of each group.

    *Shape:* (1 + 2 · groups, 1 + 2 · types), columns as in ``bio.tag_names``.
    """
    number = {name: i for i, name in enumerate(schema.names)}
    sets = np.zeros((1 + 2 * len(schema.groups), 1 + 2 * len(number)), dtype=np.bool_)
    sets[0, 0] = True
    for g, members in enumerate(schema.groups.values()):
        for name in members:
            sets[1 + 2 * g, 1 + 2 * number[name]] = True
            sets[2 + 2 * g, 2 + 2 * number[name]] = True
    return sets


def fill_in(
    sentences: Sequence[Sentence],
    teacher: Tagger,
    schema: LabelSchema,
    *,
    sure: float = 0.95,
    progress: OnProgress = unheard,
    pulse: Callable[[], None] = lambda: None,
) -> FillIn:
    """Mark each token that is not labelled, where the teacher is ``sure`` among what is allowed.

    The teacher's probabilities are taken given the allowed tags, so that it cannot contradict an
    annotator. Ignored ranges and clashing readings stay as they are. ``pulse`` is called after each
    batch that the teacher reads and may raise. Raises TrainingError where the teacher has other
    types.
    """
    if teacher.types != schema.names:
        raise TrainingError(
            f"{teacher.name}: has other types than the data; a teacher must have the same ones"
        )
    sets = tag_sets(schema)
    names = ["O"] + [f"{role}-{group}" for group in schema.groups for role in "BI"]
    counts: Counter[int] = Counter()
    unsure = 0
    marks: list[Marks] = []
    for start in range(0, len(sentences), CHUNK):
        chunk = sentences[start : start + CHUNK]
        read = teacher.word_logits(chunk, progress=lambda _: pulse())
        for sentence, logits in zip(chunk, read, strict=True):
            found, free = _mark(sentence, logits, schema, sets, sure)
            marks.append(found)
            chosen = found[found != UNSURE]
            counts.update(chosen.tolist())
            unsure += free - len(chosen)
        progress(Progress(min(start + CHUNK, len(sentences)), len(sentences)))
    return FillIn(tuple(marks), {names[i]: counts[i] for i in sorted(counts)}, unsure)


def _mark(
    sentence: Sentence, logits: Any, schema: LabelSchema, sets: BoolMatrix, sure: float
) -> tuple[Marks, int]:
    """Return the marks of one sentence and how many of its tokens were open."""
    allowed = allowed_tags(sentence, schema.names)
    marks = np.full(len(sentence.tokens), UNSURE, dtype=np.int8)
    free = allowed[:, 0] & (allowed.sum(axis=1) > 1) & ~allowed.all(axis=1)
    for reading in sentence.readings:
        free[reading.start : reading.end] = False
    if not free.any():
        return marks, 0
    shifted = np.where(allowed[free], logits[free], -np.inf).astype(np.float64)
    p = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    by_mark = (p / p.sum(axis=1, keepdims=True)) @ sets.T.astype(np.float64)
    best = by_mark.argmax(axis=1)
    certain = by_mark[np.arange(len(best)), best] >= sure
    marks[free] = np.where(certain, best, UNSURE)
    return marks, int(free.sum())
