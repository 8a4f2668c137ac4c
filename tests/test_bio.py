"""Spans to tags and back, allowed tags, and the best valid path."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.scheme import IOB2, Entities

from bioner.bio import (
    TagSpan,
    allowed_tags,
    decode,
    decode_strict,
    detect_scheme,
    encode,
    tag_names,
    transitions,
    viterbi,
)
from bioner.spans import Span, corpus_sentence
from bioner.tagging.decoding import best_path

TYPES = ("Gene", "Cell")


@st.composite
def flat_spans(draw: st.DrawFn) -> tuple[int, list[TagSpan]]:
    length = draw(st.integers(1, 12))
    cuts = sorted(draw(st.sets(st.integers(0, length), min_size=2)) | {0, length})
    spans = [
        TagSpan(a, b, draw(st.sampled_from(TYPES)))
        for a, b in itertools.pairwise(cuts)
        if draw(st.booleans())
    ]
    return length, spans


@given(flat_spans(), st.sampled_from(["IOB2", "IOB1", "IOBES"]))
def test_tags_of_spans_give_the_spans_back_without_a_repair(case, scheme) -> None:
    length, spans = case
    tags = encode(spans, length, scheme)
    assert decode(tags, scheme) == (spans, {})


@given(st.lists(st.sampled_from(tag_names(TYPES)), max_size=12))
def test_strict_reading_is_seqevals_for_any_tag_sequence(tags) -> None:
    theirs = [(e.start, e.end, e.tag) for e in Entities([tags], IOB2, False).entities[0]]
    assert [(s.start, s.end, s.label) for s in decode_strict(tags)] == theirs


@given(st.lists(st.sampled_from(tag_names(TYPES)), max_size=12))
def test_lenient_reading_counts_each_span_that_strict_reading_would_lose(tags) -> None:
    spans, repairs = decode(tags)
    assert len(spans) == len(decode_strict(tags)) + repairs["inside_without_begin"]


def test_scheme_is_told_from_the_tags() -> None:
    assert detect_scheme([["O", "B-Gene", "I-Gene"]]) == "IOB2"
    assert detect_scheme([["I-Gene", "B-Gene", "O", "I-Cell"]]) == "IOB1"
    assert detect_scheme([["O", "S-Gene"]]) == "IOBES"
    assert detect_scheme([["B", "I", "O"]]) == "untyped"


def test_iob1_with_a_needless_begin_here_and_there_is_iob1() -> None:
    mostly = [["I-X", "O"], ["O", "I-X"], ["B-X", "I-X"]]
    assert detect_scheme(mostly) == "IOB1"
    assert detect_scheme(mostly[1:]) == "IOB2", "half of the stretches are not most of them"
    assert detect_scheme([["B-X", "I-Y"], ["B-X", "I-Y"], ["B-Y"]]) == "IOB2"


def test_scheme_is_told_from_how_often_each_sequence_occurs() -> None:
    counted = {("I-X",): 1, ("B-X", "I-X"): 2}
    assert detect_scheme(counted) == "IOB2"
    assert detect_scheme({**counted, ("I-X",): 3}) == "IOB1"


def test_a_broken_iobes_span_is_repaired_and_counted() -> None:
    spans, repairs = decode(["B-Gene", "I-Gene", "O", "E-Cell"], "IOBES")
    assert spans == [TagSpan(0, 2, "Gene"), TagSpan(3, 4, "Cell")]
    assert repairs == {"span_not_closed": 1, "end_without_begin": 1}


def test_overlapping_spans_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        encode([TagSpan(0, 2, "Gene"), TagSpan(1, 3, "Cell")], 3)


def names(sentence) -> list[set[str]]:
    tags = np.array(tag_names(TYPES))
    return [set(tags[row]) for row in allowed_tags(sentence, TYPES)]


def test_no_label_allows_what_nobody_looked_for() -> None:
    sentence = corpus_sentence("d", ["a"], covers=frozenset({"Gene"}))
    assert names(sentence) == [{"O", "B-Cell", "I-Cell"}]


def test_a_coarse_label_allows_what_it_may_stand_for() -> None:
    spans = [Span(0, 2, "Cell", stands_for=("Cell", "Gene"))]
    sentence = corpus_sentence("d", ["a", "b"], spans=spans, covers=frozenset(TYPES))
    assert names(sentence) == [{"B-Cell", "B-Gene"}, {"I-Cell", "I-Gene"}]


def test_clashing_readings_allow_both_and_o_only_where_one_of_them_says_so() -> None:
    sentence = corpus_sentence("d", ["a", "b", "c"], covers=frozenset(TYPES))
    both = allowed_tags(
        type(sentence)(
            "d",
            sentence.tokens,
            sentence.offsets,
            (Span(0, 3, "Cell"),),
            sentence.covers,
            readings=(Span(0, 1, "Gene"), Span(2, 3, "Gene")),
        ),
        TYPES,
    )
    tags = np.array(tag_names(TYPES))
    assert [set(tags[row]) for row in both] == [
        {"B-Cell", "B-Gene"},
        {"I-Cell", "O"},
        {"I-Cell", "B-Gene"},
    ]


def test_an_ignored_range_allows_everything() -> None:
    sentence = corpus_sentence("d", ["a", "b"], covers=frozenset(TYPES))
    ignored = type(sentence)(
        "d", sentence.tokens, sentence.offsets, (), sentence.covers, ignored=((1, 2),)
    )
    assert allowed_tags(ignored, TYPES).sum(axis=1).tolist() == [1, 5]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_viterbi_finds_the_best_of_all_valid_paths(length, seed) -> None:
    scores = np.random.default_rng(seed).normal(size=(length, 5)).astype(np.float32)
    valid = transitions(TYPES)
    best = max(
        (
            path
            for path in itertools.product(range(5), repeat=length)
            if path[0] not in (2, 4) and all(valid[a, b] for a, b in itertools.pairwise(path))
        ),
        key=lambda path: sum(float(scores[i, tag]) for i, tag in enumerate(path)),
    )
    found = viterbi(scores, TYPES)
    assert sum(scores[range(length), found]) == pytest.approx(sum(scores[range(length), best]))
    assert best_path(scores, TYPES) == found
