"""What a run begins with: the base loaded, what is open filled in, sentences encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.conventions import Conventions
from bioner.corpora.dataset import Dataset
from bioner.errors import TrainingError
from bioner.models.catalogue import find_model
from bioner.progress import Progress
from bioner.settings import read_settings
from bioner.spans import Sentence
from bioner.training.base import load_base, window_length
from bioner.training.config import TrainingConfig
from bioner.training.examples import Example, encode_sentences
from bioner.training.fill_in import FillIn, fill_in, load_fill_in, tag_sets
from bioner.training.progress import OnRunProgress, RunProgress
from bioner.training.rare import repeats
from bioner.training.told import (
    check_readings,
    conventions_of,
    encode_told,
    free_only,
    start_pieces,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


MARKS = "fill-in.npz"
TOLD = 2_000
"""Sentences that a teacher reads between two reports."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What training begins with. ``on_epoch`` hears of each epoch before it draws its examples."""

    model: Any
    tokenizer: PreTrainedTokenizerBase
    examples: Sequence[Example]
    filled: FillIn | None
    conventions: Conventions
    on_epoch: Callable[[int], None]


def prepare(
    config: TrainingConfig,
    dataset: Dataset,
    sentences: Sequence[Sentence],
    kept: Path | None,
    *,
    nearest: Mapping[str, str],
    report: OnRunProgress,
    pulse: Callable[[], None],
) -> Prepared:
    """Load the base, let a teacher mark what is open, encode; ``kept`` are marks of an earlier try.

    Raises TrainingError where no word teaches anything.
    """
    from transformers import set_seed

    set_seed(config.seed)
    report(RunProgress(0, 0, 0.0, message="loading the base encoder"))
    model, tokenizer, known = load_base(config, dataset.schema.names)
    pulse()
    if known:
        check_readings(sentences)
    filled = None
    if config.fill_in:
        filled = _fill_in(config, sentences, dataset, kept, report=report, pulse=pulse)
    pulse()
    corrections = sentences[len(dataset.train) :]
    marks = filled.marks if filled else None
    again = repeats(sentences, config.repeat_rare, config.seed)
    sentences = [*sentences, *(sentences[i] for i in again)]
    marks = (*marks, *(marks[i] for i in again)) if marks else None
    more = f", {len(again):,} of them again for rare types" if again else ""
    report(RunProgress(0, 0, 0.0, message=f"encoding {len(sentences):,} sentences{more}"))
    conventions = known
    on_epoch: Callable[[int], None] = _no_epoch
    examples: Sequence[Example]
    sets, length = tag_sets(dataset.schema), window_length(config, model)
    if known:
        conventions = conventions_of(dataset, known, corrections)
        start_pieces(model, tokenizer, known, conventions, nearest)
        encoded, told = encode_told(
            sentences,
            tokenizer,
            dataset.schema.names,
            conventions,
            config,
            max_length=length,
            marks=marks,
            tag_sets=sets,
            pulse=pulse,
        )
        examples, on_epoch = told, told.set_epoch
    else:
        encoded = encode_sentences(
            sentences,
            tokenizer,
            dataset.schema.names,
            loss=config.loss,
            max_length=length,
            marks=marks,
            tag_sets=sets,
            pulse=pulse,
        )
        examples = encoded.examples
    if not encoded.taught:
        raise TrainingError(
            f"none of the {len(sentences):,} training sentences teaches anything: nobody looked "
            "for any of these types in them; choose other corpora or types"
        )
    if config.only_pieces:
        fresh = [one.piece for one in conventions.known if one.name not in known]
        free_only(model, fresh, tokenizer)
    return Prepared(
        model=model,
        tokenizer=tokenizer,
        examples=examples,
        filled=filled,
        conventions=conventions,
        on_epoch=on_epoch,
    )


def _no_epoch(_: int) -> None:
    """Hear of an epoch whose examples are those of every other."""


def _fill_in(
    config: TrainingConfig,
    sentences: Sequence[Sentence],
    dataset: Dataset,
    kept: Path | None,
    *,
    report: OnRunProgress,
    pulse: Callable[[], None],
) -> FillIn:
    """Let the teacher mark the training sentences; a resumed run reads what it had ``kept``."""
    from bioner.tagging.load import load_tagger

    found = load_fill_in(kept, sentences) if kept else None
    if found:
        return found

    if config.loss != "partial":
        raise TrainingError("a fill-in round needs --loss partial: naive leaves nothing open")
    teacher = load_tagger(find_model(config.fill_in, read_settings().models), device=config.device)

    def tell(heard: Progress) -> None:
        if heard.done % TOLD == 0 or heard.done == heard.total:
            read = f"{heard.done:,} of {heard.total:,} sentences"
            report(RunProgress(0, 0, 0.0, message=f"the teacher has read {read}"))

    return fill_in(
        sentences,
        teacher,
        dataset.schema,
        sure=config.fill_in_sure,
        progress=tell,
        pulse=pulse,
    )
