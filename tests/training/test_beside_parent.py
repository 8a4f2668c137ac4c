"""A run that goes on from a model is scored beside it; corrections of other types stop no run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bioner.corpora.dataset import Dataset
from bioner.evaluation.scoring import evaluate_sentences
from bioner.spans import Span, corpus_sentence
from bioner.tagging.load import load_tagger
from bioner.training.config import TrainingConfig
from bioner.training.devel import devel_sample
from bioner.training.progress import RunProgress
from bioner.training.run import train


def config(base: Path, **changes: Any) -> TrainingConfig:
    values = {"max_steps": 6, "batch_size": 8, "device": "cpu", "precision": "float32"}
    return TrainingConfig(base=str(base), **{**values, **changes})


def test_a_run_on_from_a_model_is_scored_beside_it_and_says_when_it_falls_below(
    tiny_encoder: Path, sample: Dataset, tmp_path: Path
) -> None:
    parent = tmp_path / "first"
    train(config(tiny_encoder, max_steps=40, learning_rate=2e-3), sample, parent)
    seen: list[RunProgress] = []
    ruin = config(parent, max_steps=4, eval_steps=2, learning_rate=0.5)
    train(ruin, sample, tmp_path / "second", report=seen.append, parent="first")
    [before] = [one for one in seen if one.parent_f1 is not None]
    assert (before.step, before.devel_f1) == (0, None)
    tagger = load_tagger(parent, backend="torch", is_calibrated=False)
    devel = devel_sample(sample, ruin.eval_sentences_per_corpus)
    assert before.parent_f1 == evaluate_sentences(tagger, devel, sample.schema).mean_f1 > 0
    below = [one for one in seen if one.devel_f1 is not None and one.devel_f1 < before.parent_f1]
    assert below
    assert all("below the" in one.message and "of first" in one.message for one in below)


def test_a_correction_of_a_type_that_the_data_has_not_is_learned_without_it(
    tiny_encoder: Path, sample: Dataset, tmp_path: Path
) -> None:
    spans = (Span(0, 1, "Gene"), Span(2, 3, "SequenceVariant"))
    odd = corpus_sentence(
        "d", ["BRCA1", "has", "V600E"], spans=spans, covers=frozenset({"Gene", "SequenceVariant"})
    )
    card = train(config(tiny_encoder), sample, tmp_path / "one", corrections=[odd])
    assert card.corrections == 1
