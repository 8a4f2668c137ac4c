"""Sentences of rare types come more often: as often as the rule says, by corpus and type."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.spans import Sentence, SourceReading, Span
from bioner.training.config import TrainingConfig
from bioner.training.preparing import prepare
from bioner.training.rare import repeat_factors, repeats

TYPES = ("Gene", "Cell", "Pathology")
CORPORA = ("BC2GM", "CRAFT")


def sentence(corpus: str, labels: frozenset[str]) -> Sentence:
    spans = tuple(Span(i, i + 1, one) for i, one in enumerate(sorted(labels)))
    return Sentence("d", ("a", "b", "c"), ((0, 1), (2, 3), (4, 5)), spans, corpus=corpus)


SENTENCES = st.lists(
    st.builds(sentence, st.sampled_from(CORPORA), st.frozensets(st.sampled_from(TYPES))),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.floats(0.001, 1.0), st.integers(0, 9))
def test_each_sentence_is_repeated_as_its_rarest_type_asks(sentences, threshold, seed):
    counts = Counter((one.corpus, s.label) for one in sentences for s in one.spans)
    factors = repeat_factors(sentences, threshold)
    shown = Counter(repeats(sentences, threshold, seed))
    assert repeats(sentences, threshold, seed) == repeats(sentences, threshold, seed)
    for i, (one, factor) in enumerate(zip(sentences, factors, strict=True)):
        shares = [counts[one.corpus, s.label] / len(sentences) for s in one.spans]
        assert factor == pytest.approx(max([1.0, *(math.sqrt(threshold / f) for f in shares)]))
        assert math.floor(factor - 1) <= shown[i] <= math.ceil(factor - 1)


def test_no_threshold_repeats_nothing_and_a_fraction_is_a_share():
    common = [sentence("BC2GM", frozenset({"Gene"}))] * 900
    rare = [sentence("BC2GM", frozenset({"Pathology"}))] * 100
    assert repeats([*common, *rare], 0.0, 1) == []
    shown = repeats([*common, *rare], 0.225, 1)
    assert min(shown) >= 900
    assert len(shown) == pytest.approx(50, abs=15)


def test_a_fused_sentence_counts_as_each_of_its_corpora_marks_it():
    plain = [sentence("BC2GM", frozenset({"Gene"}))] * 99
    readings = (
        SourceReading("BC2GM", plain[0].spans),
        SourceReading("CRAFT", (Span(0, 1, "Gene"),)),
    )
    fused = replace(plain[0], by_source=readings, sources=CORPORA)
    factors = repeat_factors([*plain, fused], 0.04)
    assert factors == [1.0] * 99 + [pytest.approx(2.0)]


@pytest.mark.usefixtures("home")
def test_an_epoch_of_a_run_shows_them_again_and_says_so(sample, tiny_encoder):
    config = TrainingConfig(str(tiny_encoder), repeat_rare=0.5)
    said: list[str] = []
    made = prepare(
        config,
        sample,
        sample.train,
        None,
        nearest={},
        report=lambda p: said.append(p.message),
        pulse=lambda: None,
    )
    again = len(repeats(sample.train, 0.5, config.seed))
    total = len(sample.train) + again
    assert again > 0
    assert f"encoding {total:,} sentences, {again:,} of them again for rare types" in said
    windows = Counter(one.input_ids[2:] for one in made.examples)
    assert len(made.examples) >= total
    assert max(windows.values()) > 1
