"""What keeps a retrained model from forgetting: a part of the corpora, or its own marks."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import read_dataset
from bioner.corpora.merge import merge
from bioner.corpora.read import read_corpora
from bioner.errors import TrainingError
from bioner.labels import LabelSchema, read_schema
from bioner.progress import OnProgress
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.tagger import Tagger
from bioner.training.config import Recipe

DISPUTED_SHARE = 0.25
"""How many sentences with disputed words are added at most, as a share of a corpus's replay."""


DISPUTES = 3


WORD_LETTERS = 4


def check_corrections(corrections: Sequence[Sentence]) -> None:
    """Raise TrainingError where there is nothing to learn from."""
    if not corrections:
        raise TrainingError("there is no correction to learn from: review some sentences first")


def read_replay(
    parent: Path,
    data: Path | None,
    corrections: Sequence[Sentence],
    sample: Path,
    *,
    recipe: Recipe | None = None,
    progress: OnProgress | None = None,
) -> Dataset:
    """Return what keeps the model from forgetting: a part of the merged corpora in ``data``.

    Sentences that hold ``disputed_words`` come first, see ``sample_replay``. Without corpora, the
    parent's own marks stand for them: on the shipped ``sample``, and on the corrected sentences for
    the types that their reviewers were not looking for.
    """
    check_corrections(corrections)
    chosen = recipe or Recipe()
    tagger = load_tagger(parent, device=chosen.device)
    if data is not None:
        dataset = read_dataset(data)
        disputed = disputed_words(tagger.tag(corrections, progress=progress), corrections)
        return sample_replay(dataset, chosen.replay, seed=chosen.seed, disputed=disputed)
    ours = merge(read_corpora(sample), read_schema())
    made = distil(
        tagger, [*ours.train, *ours.devel, *corrections], tagger.schema, progress=progress
    )
    before = len(made.train) - len(corrections)
    beside = [
        _beside(marked, correction)
        for marked, correction in zip(made.train[before:], corrections, strict=True)
    ]
    return replace(made, train=(*made.train[:before], *(s for s in beside if s.covers)))


def _beside(marked: Sentence, correction: Sentence) -> Sentence:
    """Leave of a model's marks what the correction says nothing about."""
    said = [(s.start, s.end) for s in correction.spans]
    others = [s for s in marked.spans if s.label not in correction.covers]
    clashing = {
        (s.start, s.end)
        for s in others
        if any(s.start < end and start < s.end for start, end in said)
    }
    return replace(
        marked,
        covers=marked.covers - correction.covers,
        spans=tuple(s for s in others if (s.start, s.end) not in clashing),
        ignored=(*marked.ignored, *correction.ignored, *said, *sorted(clashing)),
    )


def disputed_words(said: Sequence[Sentence], corrections: Sequence[Sentence]) -> frozenset[str]:
    """Return the words that a model's marks include and the corrected ones leave out, or inversely.

    ``said`` holds the model's marks on the same sentences. Where the two overlap with other limits
    ("apoE gene", "apoE"), two conventions meet. Lower-cased, of ``WORD_LETTERS`` letters at least,
    each disputed ``DISPUTES`` times or more.
    """
    counts: Counter[str] = Counter()
    for marked, correction in zip(said, corrections, strict=True):
        gold = {(s.start, s.end) for s in correction.spans}
        for span in marked.spans:
            if (span.start, span.end) in gold:
                continue
            for start, end in gold:
                if start < span.end and span.start < end:
                    apart = {*range(start, end)} ^ {*range(span.start, span.end)}
                    counts.update(correction.tokens[i].lower() for i in apart)
    return frozenset(
        word
        for word, n in counts.items()
        if n >= DISPUTES and len(word) >= WORD_LETTERS and word.isalpha()
    )


def sample_replay(
    dataset: Dataset, size: int, *, seed: int = 42, disputed: Collection[str] = ()
) -> Dataset:
    """Return the dataset with ``size`` of its train sentences, each corpus in its proportion.

    Every corpus keeps at least a twentieth, so that small ones are not forgotten. Up to
    ``DISPUTED_SHARE`` of a corpus's part is added of sentences with a ``disputed`` word at the
    limit of a mention: there the corrections teach otherwise, and most is forgotten (after
    Aljundi et al. 2019, maximally interfered retrieval).
    """
    by_corpus: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in dataset.train:
        by_corpus[sentence.corpus].append(sentence)
    chosen: list[Sentence] = []
    for corpus, sentences in sorted(by_corpus.items()):
        share = max(len(sentences) / len(dataset.train), 0.05)
        wanted = min(len(sentences), round(size * share))
        shuffled = random.Random(f"{seed} {corpus}").sample(sentences, len(sentences))
        beside = [s for s in shuffled[wanted:] if _is_disputed(s, disputed)]
        chosen += [*shuffled[:wanted], *beside[: round(DISPUTED_SHARE * wanted)]]
    return replace(dataset, train=tuple(chosen))


def _is_disputed(sentence: Sentence, disputed: Collection[str]) -> bool:
    """Whether a disputed word stands on either side of a mention's limit.

    Both sides: BC2GM has "gene" in its mentions, BioNLP09 beside them, and either is to be kept.
    """
    n = len(sentence.tokens)
    return any(
        sentence.tokens[at].lower() in disputed
        for span in sentence.spans
        for at in (span.start - 1, span.start, span.end - 1, span.end)
        if 0 <= at < n
    )


def distil(
    tagger: Tagger,
    texts: Sequence[Sentence],
    schema: LabelSchema,
    *,
    sure: float = 0.9,
    progress: OnProgress | None = None,
) -> Dataset:
    """Return a dataset in which the model's own marks on these texts stand for the corpora.

    Marks below ``sure`` become ignored ranges: no evidence either way. These labels exist inside
    one training run only. Hinton et al. 2015; Li & Hoiem 2016 (learning without forgetting).
    """
    made: list[Sentence] = []
    everything = frozenset(schema.names)
    for sentence in tagger.tag(texts, progress=progress):
        kept = tuple(s for s in sentence.spans if (s.score or 0.0) >= sure)
        unsure = tuple((s.start, s.end) for s in sentence.spans if (s.score or 0.0) < sure)
        made.append(
            replace(
                sentence,
                spans=tuple(replace(s, score=None, alternatives=()) for s in kept),
                ignored=unsure,
                covers=everything,
                corpus="self-distillation",
                sources=(),
            )
        )
    return Dataset(tuple(made), (), (), schema, "self-distillation")
