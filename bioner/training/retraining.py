"""Retraining a model on corrections without forgetting: replay of the corpora, or of itself.

Three things keep what the model knew: a replay of the corpora's sentences, those first whose
conventions the corrections dispute, the parent as teacher of what nobody looked for in them
(``fill_in``), and its share in the averaged weights (``averaging``).
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from bioner.corpora.merge import Dataset, merge, read_dataset
from bioner.corpora.registry import read_corpora
from bioner.errors import TrainingError
from bioner.labels import LabelSchema, read_schema
from bioner.models.catalogue import CARD, ModelCard, read_card
from bioner.spans import Sentence
from bioner.tagging.tagger import OnProgress, Tagger, load_tagger
from bioner.training.averaging import average_weights
from bioner.training.run import CALIBRATION_SENTENCES, Progress, Report, TrainingConfig, train

DEVEL_SENTENCES = 1000
"""Devel sentences of each corpus that say how much of the parent is kept."""

DISPUTED_SHARE = 0.25
"""How many sentences with disputed words are added at most, as a share of a corpus's replay."""
DISPUTES = 3
WORD_LETTERS = 4


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
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def __post_init__(self) -> None:
        if self.repeat < 1 or self.replay < 0:
            raise TrainingError(
                f"expected at least one repeat and no negative replay, got {self.repeat} and "
                f"{self.replay}"
            )
        if not 0 <= self.keep < 1:
            raise TrainingError(f"keep: expected at least 0 and less than 1, got {self.keep}")


def _devel(replay: Dataset, per_corpus: int) -> list[Sentence]:
    from bioner.training.trainer import devel_sample

    found: list[Sentence] = devel_sample(replay, per_corpus)
    return found


def _can_teach(parent: Path, replay: Dataset) -> bool:
    """Whether the parent has the same types (a fourteenth one it would mark as nothing)."""
    return (parent / CARD).is_file() and read_card(parent).types == replay.schema.names


def retrain(
    parent: Path,
    corrections: Sequence[Sentence],
    replay: Dataset,
    out: Path,
    *,
    recipe: Recipe | None = None,
    report: Report = lambda _: None,
    resume: bool = False,
    stop_requested: Callable[[], bool] = lambda: False,
) -> ModelCard:
    """Train a model on from its parent with the corrections and the replay's train sentences.

    ``replay`` comes from ``read_replay``. The new model's hashes include its parent's, so that what
    the parent had seen still counts as leaked; weights and hashes are final before its card is
    written. Raises TrainingError without corrections.
    """
    if not corrections:
        raise TrainingError("there is no correction to learn from: review some sentences first")
    chosen = recipe or Recipe()
    config = TrainingConfig(
        base=str(parent),
        epochs=chosen.epochs,
        learning_rate=chosen.learning_rate,
        head_learning_rate=chosen.head_learning_rate,
        batch_size=chosen.batch_size,
        seed=chosen.seed,
        device=chosen.device,
        fill_in=str(parent) if _can_teach(parent, replay) else "",
    )

    def finish(folder: Path, card: ModelCard) -> ModelCard:
        kept = average_weights(
            parent,
            folder,
            chosen.keep,
            _devel(replay, DEVEL_SENTENCES),
            replay.schema,
            device=chosen.device,
            tell=lambda text: report(Progress(card.steps, card.steps, card.epochs, message=text)),
        )
        report(Progress(card.steps, card.steps, card.epochs, message="fitting the confidence"))
        mixed = {"replay": len(replay.train), "repeat": chosen.repeat, "keep": kept}
        return replace(
            card,
            corrections=len(corrections),
            calibration=_calibrate(folder, parent, replay, chosen.device),
            config={**card.config, **mixed},
            command=repeat_command(parent, folder, chosen),
        )

    return train(
        config,
        replace(replay, devel=()),  # the confidence is fitted below, on the averaged weights
        out,
        corrections=list(corrections) * chosen.repeat,
        parent=parent.name,
        report=report,
        resume=resume,
        stop_requested=stop_requested,
        finish=finish,
    )


def _calibrate(
    out: Path, parent: Path, replay: Dataset, device: Literal["auto", "cpu", "cuda"]
) -> dict[str, Any]:
    """Fit the confidence on devel; without one, what was fitted for the parent still holds best."""
    from bioner.evaluation.confidence import fit_confidence

    chosen = _devel(replay, CALIBRATION_SENTENCES)
    if not chosen:
        return read_card(parent).calibration if (parent / "card.json").is_file() else {}
    tagger = load_tagger(out, device=device, backend="torch", is_calibrated=False)
    return fit_confidence(tagger, chosen, replay.schema, shares=replay.shares)


def repeat_command(parent: Path, out: Path, recipe: Recipe) -> str:
    """Return the command that retrains a model so."""
    return (
        f"python -m bioner retrain --base {parent.name} --out models/{out.name} "
        f"--replay {recipe.replay} --repeat {recipe.repeat} --keep {recipe.keep:g} "
        f"--epochs {recipe.epochs:g} "
        f"--lr {recipe.learning_rate:g} --seed {recipe.seed}"
    )


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
