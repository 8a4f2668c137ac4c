"""Training examples that are told whose rules hold: another reading of a sentence each epoch.

A sentence trains on the reading of one of its own sources, with that one's covers, under its piece;
a share trains under ``[ANY]`` on the fused reading. What a sentence is told is drawn from the seed,
the epoch and its number alone, so that a resumed run, and each of several processes, sees the same.
All readings of a sentence are of the same words, so the windows and their lengths stay.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from bioner.conventions import ANY, ANY_PIECE, Conventions
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import REBUILD
from bioner.errors import TrainingError
from bioner.spans import Sentence, as_read_by
from bioner.tagging.tagger import Tagger
from bioner.training.config import TrainingConfig
from bioner.training.examples import Encoded, Example, encode_sentences
from bioner.training.fill_in import BoolMatrix, Marks

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Allowed = np.ndarray[Any, np.dtype[np.uint8]]

LOOKED_AT = 300
"""Corrections of a project by which the convention nearest to it is found."""

PIECE_AT = 1
"""Where the reserved piece stands: after the begin piece."""


@dataclass(frozen=True)
class Reading:
    """One source's reading of a sentence: its piece, and what each window of it allows."""

    piece: int
    allowed: tuple[Allowed, ...]


@dataclass(frozen=True)
class _Window:
    sentence: int
    part: int
    example: Example


class ToldExamples(Sequence[Example]):
    """The windows of all sentences, each with what this epoch tells of its sentence.

    ``readings``: for each sentence those of its sources whose conventions the model knows; empty
    where it is always read under ``[ANY]``, as the examples given have it.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        windows: Sequence[int],
        readings: Sequence[tuple[Reading, ...]],
        *,
        any_piece: int,
        any_share: float,
        dropout: float,
        seed: int,
    ) -> None:
        owners = [(i, part) for i, count in enumerate(windows) for part in range(count)]
        self._windows = [
            _Window(i, part, example) for (i, part), example in zip(owners, examples, strict=True)
        ]
        self._readings = readings
        self._any_piece = any_piece
        self._any_share = any_share
        self._dropout = dropout
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Let each sentence draw what it is told in this epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._windows)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | Sequence[Example]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        window = self._windows[index]
        piece, reading = self._draw(window.sentence)
        ids = window.example.input_ids
        told = (*ids[:PIECE_AT], piece, *ids[PIECE_AT + 1 :])
        return Example(told, reading.allowed[window.part] if reading else window.example.allowed)

    def _draw(self, sentence: int) -> tuple[int, Reading | None]:
        """Return the piece of a sentence and whose reading it has; None: the fused one."""
        readings = self._readings[sentence]
        draw = random.Random(f"{self._seed}/{self._epoch}/{sentence}")
        if not readings or draw.random() < self._any_share:
            return self._any_piece, None
        chosen = readings[int(draw.random() * len(readings))]
        return (self._any_piece if draw.random() < self._dropout else chosen.piece), chosen


def conventions_of(
    dataset: Dataset, known: Conventions, corrections: Sequence[Sentence] = ()
) -> Conventions:
    """Return what a model knows after training: what it knew, each corpus, each project corrected.

    A project of a corpus's name is none beside it: its corrections are read under ``any``.
    """
    corpora = dataset.schema.corpora
    covers = {name: corpora[name].covers for name in dataset.all_corpora if name in corpora}
    return known.knowing({**covers, **projects_of(corrections, corpora)})


def projects_of(
    corrections: Sequence[Sentence], corpora: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return the projects of the corrections, with all that was looked for in them."""
    found: dict[str, frozenset[str]] = {}
    for one in corrections:
        if one.sources and one.owner not in corpora and one.owner.lower() != ANY:
            found[one.owner] = found.get(one.owner, frozenset()) | one.covers
    return found


def start_pieces(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    known: Conventions,
    now: Conventions,
    nearest: Mapping[str, str],
) -> None:
    """Let each new convention's piece start as that of the ``nearest`` one known (else ``any``)."""
    if not known.known:
        return
    import torch

    rows = model.get_input_embeddings().weight
    for one in now.known:
        if one.name in known:
            continue
        source = known.find(nearest.get(one.name, ANY)).piece
        numbers: Any = tokenizer.convert_tokens_to_ids([one.piece, source])
        with torch.no_grad():
            rows[numbers[0]] = rows[numbers[1]]


def free_only(model: Any, pieces: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> None:
    """Freeze a model but for its classifier and the embeddings of these pieces."""
    import torch

    rows: Any = tokenizer.convert_tokens_to_ids(list(pieces))

    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("classifier")
    weight = model.get_input_embeddings().weight
    weight.requires_grad = True
    mask = torch.zeros(len(weight), 1, device=weight.device)
    mask[rows] = 1.0
    weight.register_hook(lambda gradient: gradient * mask.to(gradient.device))


def nearest_conventions(
    tagger: Tagger,
    corrections: Sequence[Sentence],
    corpora: Collection[str],
    *,
    pulse: Callable[[], None] = lambda: None,
) -> dict[str, str]:
    """Return, for each project that the model does not know, the convention that marks most alike.

    Judged on the project's corrections by exact F1 of the types looked for; ``any`` where several
    are as good.
    """
    found: dict[str, str] = {}
    for project in projects_of(corrections, corpora):
        if not tagger.conventions or project in tagger.conventions:
            continue
        theirs = [one for one in corrections if one.owner == project][:LOOKED_AT]
        agreement = {
            name: _agreement(
                theirs, tagger.tag(theirs, convention=name, progress=lambda _: pulse())
            )
            for name in tagger.conventions.names
        }
        found[project] = max(agreement, key=agreement.__getitem__)
    return found


def _agreement(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> float:
    right = said = wanted = 0
    for one, other in zip(gold, predicted, strict=True):
        ours = {(s.start, s.end, s.label) for s in one.spans}
        theirs = {(s.start, s.end, s.label) for s in other.spans if s.label in one.covers}
        right += len(ours & theirs)
        said += len(theirs)
        wanted += len(ours)
    return 2 * right / (said + wanted) if said + wanted else 0.0


def check_readings(sentences: Sequence[Sentence]) -> None:
    """Raise TrainingError where a fused sentence does not know what its sources say."""
    if any(len(s.sources) > 1 and not s.by_source for s in sentences):
        raise TrainingError(
            "the merged data was built before it kept what each corpus says of a sentence that "
            f"several share, and conventions are taught from that: {REBUILD} with "
            "`python -m bioner corpora build --source DIR`"
        )


def encode_told(
    sentences: Sequence[Sentence],
    tokenizer: PreTrainedTokenizerBase,
    types: tuple[str, ...],
    conventions: Conventions,
    config: TrainingConfig,
    *,
    max_length: int,
    marks: Sequence[Marks] | None = None,
    tag_sets: BoolMatrix | None = None,
    pulse: Callable[[], None] = lambda: None,
) -> tuple[Encoded, ToldExamples]:
    """Encode sentences for a model that is told conventions; ``Encoded`` is under ``[ANY]``.

    A teacher's ``marks`` hold for every reading, except where they contradict it. Raises
    TrainingError as ``check_readings`` does.
    """
    check_readings(sentences)
    numbers: Any = tokenizer.convert_tokens_to_ids(list(conventions.reserved))
    number: dict[str, int] = dict(zip(conventions.reserved, numbers, strict=True))
    any_piece = number[ANY_PIECE]

    def encode(chosen: Sequence[Sentence], theirs: Sequence[Marks] | None) -> Encoded:
        return encode_sentences(
            chosen,
            tokenizer,
            types,
            loss=config.loss,
            max_length=max_length,
            marks=theirs,
            tag_sets=tag_sets,
            prefix=(any_piece,),
            pulse=pulse,
        )

    fused = encode(sentences, marks)
    starts = np.cumsum([0, *fused.windows]).tolist()
    pieces = {name: number[conventions.find(name).piece] for name in conventions.names}
    del pieces[ANY]
    readings: list[list[Reading]] = [[] for _ in sentences]
    for i, sentence in enumerate(sentences):
        if not sentence.by_source and sentence.owner in pieces:
            own = tuple(one.allowed for one in fused.examples[starts[i] : starts[i + 1]])
            readings[i].append(Reading(pieces[sentence.owner], own))
    shared = [
        (i, as_read_by(sentence, one))
        for i, sentence in enumerate(sentences)
        for one in sentence.by_source
        if one.corpus in pieces
    ]
    apart = encode([s for _, s in shared], [marks[i] for i, _ in shared] if marks else None)
    at = 0
    for (i, sentence), count in zip(shared, apart.windows, strict=True):
        own = tuple(one.allowed for one in apart.examples[at : at + count])
        readings[i].append(Reading(pieces[sentence.corpus], own))
        at += count
    told = ToldExamples(
        fused.examples,
        fused.windows,
        [tuple(one) for one in readings],
        any_piece=any_piece,
        any_share=config.any_share,
        dropout=config.convention_dropout,
        seed=config.seed,
    )
    return replace(fused, contradicted=fused.contradicted + apart.contradicted), told
