"""Evaluation asks each corpus by its own rules, shows ``any`` beside it, and fits both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from clashing import DRUGS, LONG_GENE, SHORT_GENE, clashing
from support import DictionaryTagger

from bioner.commands.evaluate import scores_table
from bioner.conventions import Conventions, pieces_for
from bioner.corpora.dataset import Dataset
from bioner.evaluation import confidence
from bioner.evaluation.confidence import fit_confidence
from bioner.evaluation.evaluate import evaluate_and_store
from bioner.evaluation.keys import EvaluationKey
from bioner.evaluation.reports import read_evaluation
from bioner.evaluation.scoring import evaluate_sentences
from bioner.spans import Span, with_spans

CORPORA = (LONG_GENE, SHORT_GENE, DRUGS)


class Knowing(DictionaryTagger):
    """Told its own corpus it marks as gold has it; told none, half of the genes one word short."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset, {})
        self.conventions = Conventions((), pieces_for(CORPORA)).knowing(
            {name: dataset.schema.mapping_for(name).covers for name in CORPORA}
        )

    def tag(self, sentences, *, progress=None):
        return [
            with_spans(s, [self._said(one, one.start + 1) for one in s.spans]) for s in sentences
        ]

    def tag_own(self, sentences, *, progress=None):
        return [with_spans(s, [self._said(x, x.end) for x in s.spans]) for s in sentences]

    def _said(self, gold: Span, end: int) -> Span:
        return replace(gold, end=end, status="predicted", score=0.7)


def evaluated(folder: Path):
    dataset = clashing()
    key = EvaluationKey("told", "w", dataset.fingerprint, "test", dataset.schema.fingerprint)
    return evaluate_and_store(Knowing(dataset), dataset, key, folder)


def test_each_corpus_is_scored_by_its_own_rules_and_any_stands_beside(tmp_path) -> None:
    made = evaluated(tmp_path).report
    assert {c: s.micro.f1 for c, s in made.by_corpus.items()} == dict.fromkeys(CORPORA, 1.0)
    untold = {c: s.micro.f1 for c, s in made.by_corpus_any.items()}
    assert untold == {LONG_GENE: 0.0, SHORT_GENE: 1.0, DRUGS: 1.0}
    raw = made.to_json()
    assert raw["overall"]["micro"]["f1"] == 1.0
    assert raw["overall_any"]["mean_f1"] == pytest.approx(2 / 3)
    assert set(raw["by_corpus_any"]) == set(CORPORA)
    assert "Told no convention (any):" in scores_table(made)


def test_a_kept_report_says_again_what_any_had(tmp_path) -> None:
    made = evaluated(tmp_path)
    assert read_evaluation(made.folder).report == made.report


def test_a_model_without_conventions_prints_the_keys_of_before(sample) -> None:
    tagger = DictionaryTagger(sample, {"aspirin": "Chemical"})
    report = evaluate_sentences(tagger, sample.test, sample.schema, bootstrap=0)
    assert not [key for key in report.to_json() if key.endswith("_any")]
    assert "(any)" not in scores_table(report)


def test_confidence_is_fitted_for_each_convention(monkeypatch) -> None:
    monkeypatch.setattr(confidence, "LEAST", 4)
    dataset = clashing()
    fitted = fit_confidence(Knowing(dataset), dataset.devel * 5, dataset.schema)
    assert set(fitted["by_convention"]) == set(CORPORA)
    slope, shift = fitted["by_convention"][LONG_GENE]["Gene"]
    assert slope * 0.85 + shift > 1.5
    slope, shift = fitted["types"]["Gene"]
    assert slope * 0.85 + shift < 0
    assert "by_convention" not in fit_confidence(
        DictionaryTagger(dataset, {"ax": "Gene"}), dataset.devel, dataset.schema
    )
