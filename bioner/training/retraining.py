"""Retraining a model on corrections without forgetting: replay of the corpora, or of itself.

Three things keep what the model knew: a replay of the corpora's sentences, those first whose
conventions the corrections dispute, the parent as teacher of what nobody looked for in them
(``fill_in``), and its share in the averaged weights (``averaging``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bioner.corpora.dataset import Dataset
from bioner.errors import TrainingError
from bioner.evaluation.scoring import evaluate_sentences
from bioner.figures import points
from bioner.models.card import CARD, ModelCard, has_types, read_card
from bioner.models.reserved_pieces import read_conventions
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.tagger import Tagger
from bioner.training.averaging import average_weights
from bioner.training.config import Recipe, TrainingConfig
from bioner.training.devel import DEVEL_SENTENCES, confidence_on_devel, devel_sample
from bioner.training.progress import OnRunProgress, RunProgress, stopping
from bioner.training.replay import check_corrections
from bioner.training.run import train
from bioner.training.told import nearest_conventions

SCORED = 4
"""A retraining is scored on devel so many times on its way."""


def _between_scores(sentences: int, recipe: Recipe) -> int:
    """Return the steps from one score on devel to the next."""
    steps = math.ceil(sentences / recipe.batch_size * recipe.epochs)
    return max(5, steps // SCORED)


def retrain(
    parent: Path,
    corrections: Sequence[Sentence],
    replay: Dataset,
    out: Path,
    *,
    recipe: Recipe | None = None,
    report: OnRunProgress = lambda _: None,
    resume: bool = False,
    stop_requested: Callable[[], bool] = lambda: False,
) -> ModelCard:
    """Train a model on from its parent with the corrections and the replay's train sentences.

    ``replay`` comes from ``read_replay``. The new model's hashes include its parent's, so that what
    the parent had seen still counts as leaked; weights and hashes are final before its card is
    written. Raises TrainingError without corrections.
    """
    check_corrections(corrections)
    chosen = recipe or Recipe()
    if chosen.only_piece and not read_conventions(parent):
        raise TrainingError(
            f"{parent.name} knows no conventions, so no project can have a piece of its own: leave "
            "--only-piece out, or go on from a model made with `train --conventions`"
        )
    config = TrainingConfig(
        base=str(parent),
        epochs=chosen.epochs,
        learning_rate=chosen.learning_rate,
        head_learning_rate=chosen.head_learning_rate,
        batch_size=chosen.batch_size,
        seed=chosen.seed,
        device=chosen.device,
        fill_in=str(parent) if has_types(parent, replay.schema.names) else "",
        only_pieces=chosen.only_piece,
        weight_decay=0.0 if chosen.only_piece else TrainingConfig.weight_decay,
        eval_steps=_between_scores(len(replay.train) + chosen.repeat * len(corrections), chosen),
    )

    pulse = stopping(stop_requested)

    def tagger_of(folder: Path, card: ModelCard) -> Tagger:
        """Load the new model, whose card is not written yet, as it will be read."""
        return load_tagger(
            folder,
            device=chosen.device,
            backend="torch",
            is_calibrated=False,
            is_filled_in=bool(card.fill_in),
        )

    def finish(folder: Path, card: ModelCard) -> ModelCard:
        def tell(text: str) -> None:
            report(RunProgress(card.steps, card.steps, card.epochs, message=text))

        kept = average_weights(
            parent,
            folder,
            chosen.keep,
            devel_sample(replay, DEVEL_SENTENCES),
            replay.schema,
            device=chosen.device,
            is_filled_in=bool(card.fill_in),
            tell=tell,
            pulse=pulse,
        )
        _tell_final(folder, parent, card)
        tell("fitting the confidence")
        mixed = {"replay": len(replay.train), "repeat": chosen.repeat, "keep": kept}
        return replace(
            card,
            train_sentences=len(replay.train) + len(corrections),
            corrections=len(corrections),
            calibration=_confidence(tagger_of(folder, card), parent, replay, pulse, tell),
            config={**card.config, **mixed},
            command=repeat_command(parent, folder, chosen),
        )

    def _tell_final(folder: Path, parent: Path, card: ModelCard) -> None:
        """Tell what the averaged weights score where the run was scored as it went."""
        devel = devel_sample(replay, config.eval_sentences_per_corpus)
        if not devel:
            return
        tagger = tagger_of(folder, card)
        found = evaluate_sentences(
            tagger, devel, replay.schema, bootstrap=0, progress=lambda _: pulse()
        )
        report(
            RunProgress(
                card.steps,
                card.steps,
                card.epochs,
                devel_f1=found.mean_f1,
                devel_by_type={name: s.f1 for name, s in found.by_type.items() if s.support},
                message=f"averaged with {parent.name}: devel F1 {points(found.mean_f1)}",
            )
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
        scored_on=replay,
        nearest=nearest_conventions(
            load_tagger(parent, device=chosen.device),
            corrections,
            replay.schema.corpora,
            pulse=pulse,
        )
        if read_conventions(parent)
        else {},
    )


def _confidence(
    tagger: Tagger,
    parent: Path,
    replay: Dataset,
    pulse: Callable[[], None],
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Fit the confidence on devel; without one, what was fitted for the parent still holds best."""
    fitted = confidence_on_devel(tagger, replay, pulse=pulse, tell=tell)
    return fitted or (read_card(parent).calibration if (parent / CARD).is_file() else {})


def repeat_command(parent: Path, out: Path, recipe: Recipe) -> str:
    """Return the command that retrains a model so."""
    return (
        f"python -m bioner retrain --base {parent.name} --out models/{out.name} "
        f"--replay {recipe.replay} --repeat {recipe.repeat} --keep {recipe.keep:g} "
        f"--epochs {recipe.epochs:g} "
        f"--lr {recipe.learning_rate:g} --seed {recipe.seed}"
        f"{' --only-piece' if recipe.only_piece else ''}"
    )
