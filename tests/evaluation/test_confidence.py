"""Confidence: what Platt scaling fits, where it is kept, and that devel alone is read."""

from __future__ import annotations

import math
import random

import pytest
from support import DictionaryTagger

from bioner.corpora.dataset import Dataset
from bioner.evaluation import confidence
from bioner.evaluation.confidence import fit_by_convention, fit_confidence, judge
from bioner.labels import read_schema
from bioner.tagging.calibration import calibrated, fit_platt, log_odds, reliability


def test_right_scores_stay_as_they_are() -> None:
    draw = random.Random(1)
    scores = [draw.uniform(0.05, 0.95) for _ in range(20_000)]
    slope, shift = fit_platt([log_odds(p) for p in scores], [draw.random() < p for p in scores])
    assert slope == pytest.approx(1, abs=0.06)
    assert shift == pytest.approx(0, abs=0.06)


def test_overconfident_scores_come_down_to_how_often_they_are_right() -> None:
    draw = random.Random(2)
    truth = [draw.uniform(0.02, 0.98) for _ in range(20_000)]
    said = [1 / (1 + math.exp(-(2.5 * log_odds(p) + 0.7))) for p in truth]
    right = [draw.random() < p for p in truth]
    scale = fit_platt([log_odds(p) for p in said], right)
    before = reliability(zip(said, right, strict=True)).error
    after = reliability(zip([calibrated(p, scale) for p in said], right, strict=True)).error
    assert before > 0.1
    assert after < 0.02


@pytest.mark.parametrize("right", [[], [True], [False], [True] * 30])
def test_a_handful_of_mentions_or_only_right_ones_gives_finite_scales(right: list[bool]) -> None:
    slope, shift = fit_platt([3.0] * len(right), right)
    assert math.isfinite(slope)
    assert math.isfinite(shift)
    assert 0 < calibrated(0.9, (slope, shift)) < 1


def test_weights_count_like_so_many_cases() -> None:
    odds, right = [2.0, 1.0, -1.0, 0.5], [True, False, False, True]
    weighted = fit_platt(odds, right, [3, 1, 2, 1])
    repeated = fit_platt(
        [2.0, 2.0, 2.0, 1.0, -1.0, -1.0, 0.5], [True, True, True, False, False, False, True]
    )
    assert weighted == pytest.approx(repeated)


def test_a_pull_goes_from_what_the_cases_say_to_what_it_is_pulled_towards() -> None:
    odds, right = [2.0, 2.0, 0.5, -1.0, -1.0] * 50, [True, False, True, False, False] * 50
    alone, towards = fit_platt(odds, right), (0.1, 1.5)
    assert fit_platt(odds, right, towards=towards, pull=0.01) == pytest.approx(alone, abs=0.2)
    assert fit_platt(odds, right, towards=towards, pull=1e6) == pytest.approx(towards, abs=1e-3)
    between = fit_platt(odds, right, towards=towards, pull=100.0)
    for one, low, high in zip(between, alone, towards, strict=True):
        assert min(low, high) < one < max(low, high)
    assert fit_platt([], [], towards=towards, pull=3.0) == towards


def test_few_documents_of_a_convention_are_not_believed_against_all_others() -> None:
    """Devel documents of a corpus that happen to be hard say little of its next ones."""
    draw = random.Random(4)
    schema = read_schema()

    def cases(n: int, right: float) -> confidence.Judged:
        return {"Cell": [(draw.uniform(0.5, 1), draw.random() < right, 1.0) for _ in range(n)]}

    own = {"CRAFT": cases(60, 0.4), "BioNLP13CG": cases(3000, 0.8)}
    alone, shrunk = (fit_by_convention(own, schema, pull=pull) for pull in (2.0, 100.0))
    sure = {
        name: [calibrated(0.8, found[name]["Cell"]) for found in (alone, shrunk)] for name in own
    }
    assert sure["CRAFT"][0] + 0.05 < sure["CRAFT"][1] < sure["BioNLP13CG"][1] - 0.05
    assert sure["BioNLP13CG"][0] == pytest.approx(sure["BioNLP13CG"][1], abs=0.02)
    assert {"Cell"} <= set(shrunk["CRAFT"])
    assert "Gene" not in shrunk["CRAFT"]


def test_a_corpus_weighs_by_its_share_of_the_data_not_of_devel(
    sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confidence, "LEAST", 1)
    words = {s.surface(span).lower(): span.label for s in sample.train for span in s.spans}
    first = sample.devel[0].corpus
    many = [s for s in sample.devel for _ in range(20 if s.corpus == first else 1)]
    tagger = DictionaryTagger(sample, words)
    assert sum(sample.shares.values()) == pytest.approx(1)
    plain = fit_confidence(tagger, many, sample.schema)
    weighed = fit_confidence(tagger, many, sample.schema, shares=sample.shares)
    assert plain["types"].keys() == weighed["types"].keys()
    assert plain["types"] != weighed["types"]


def test_a_scale_out_of_all_bounds_still_gives_a_probability() -> None:
    assert calibrated(0.0, (-1e6, 0.0)) == pytest.approx(1)
    assert calibrated(0.0, (1e6, 0.0)) == pytest.approx(0)


def test_order_is_kept_and_nothing_changes_without_a_scale() -> None:
    assert calibrated(0.3, None) == 0.3
    values = [calibrated(p / 100, (0.7, -0.4)) for p in range(101)]
    assert values == sorted(values)
    assert all(0 < v < 1 for v in values)


def test_only_mentions_that_the_corpus_looked_for_are_judged(sample: Dataset) -> None:
    words = {s.surface(span).lower(): span.label for s in sample.devel for span in s.spans}
    tagger = DictionaryTagger(sample, words)
    seen = set()
    for gold, predicted in zip(sample.devel, tagger.tag(sample.devel), strict=True):
        mapping = sample.schema.mapping_for(gold.corpus)
        for label, value, _ in judge(gold, predicted, sample.schema):
            assert mapping.fold_label(label) in {mapping.fold_label(n) for n in gold.covers}
            assert value == 0.9
            seen.add(label)
    assert len(seen) > 3


def test_fitting_moves_a_constant_score_to_the_share_that_is_right(
    sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confidence, "LEAST", 1)
    sentences = sample.devel * 20
    words = {s.surface(span).lower(): span.label for s in sample.train for span in s.spans}
    tagger = DictionaryTagger(sample, words)
    found = fit_confidence(tagger, sentences, sample.schema)
    assert found["mentions"] >= 100
    assert found["error_after"] < found["error_before"]
    assert set(found["types"]) <= set(sample.schema.names)
