"""A run that goes on from a model is scored beside it; corrections of other types stop no run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bioner.corpora.dataset import Dataset
from bioner.evaluation.scoring import evaluate_sentences
from bioner.machine import Device
from bioner.spans import Span, corpus_sentence
from bioner.tagging.load import load_tagger
from bioner.training.config import Recipe, TrainingConfig
from bioner.training.devel import devel_sample
from bioner.training.progress import RunProgress
from bioner.training.replay import sample_replay
from bioner.training.retraining import retrain
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


@pytest.mark.slow
def test_the_averaged_model_is_scored_where_its_run_was_scored_as_it_went(
    tiny_encoder: Path, sample: Dataset, tmp_path: Path
) -> None:
    parent, out = tmp_path / "first", tmp_path / "second"
    train(config(tiny_encoder, max_steps=40, learning_rate=2e-3), sample, parent)
    correction = corpus_sentence(
        "d", ["BRCA1", "here"], spans=[Span(0, 1, "Gene")], covers=frozenset({"Gene"})
    )
    seen: list[RunProgress] = []
    began = time.monotonic()
    recipe = Recipe(epochs=1, batch_size=8, device=Device.CPU, learning_rate=2e-3)
    card = retrain(
        parent, [correction], sample_replay(sample, 12), out, recipe=recipe, report=seen.append
    )
    took = time.monotonic() - began
    # the card keeps tenths of a second
    assert took / 2 < card.duration_s <= took + 0.05, "averaging and the confidence are part of it"
    [at_end] = [one for one in seen if one.message.startswith("averaged with first: devel F1")]
    tagger = load_tagger(out, device="cpu", backend="torch", is_calibrated=False)
    devel = devel_sample(sample, TrainingConfig.eval_sentences_per_corpus)
    found = evaluate_sentences(tagger, devel, sample.schema, bootstrap=0)
    assert at_end.devel_f1 == found.mean_f1 > 0
    assert at_end.message.endswith(f"{100 * found.mean_f1:.1f}")
    assert at_end.devel_by_type.items() <= {n: s.f1 for n, s in found.by_type.items()}.items()
    assert [one.devel_f1 for one in seen if one.devel_f1 is not None][-1] == at_end.devel_f1
