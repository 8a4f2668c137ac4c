"""Mention, Document, Sentence, and the rule from mentions to flat spans."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.flattening import flatten, unflatten
from bioner.spans import (
    Alternative,
    Document,
    Mention,
    Sentence,
    Span,
    corpus_sentence,
    mention,
    rivals,
)
from bioner.text import sentences, split_document

TEXT = "IL-2 binds CD25+ T cells."


def test_a_mention_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after the text"):
        Document("d", "abc", (mention(1, 9, "Gene"),))


def test_fragments_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="out of order"):
        Mention(((3, 5), (1, 2)), "Gene")


def test_a_discontinuous_surface_is_its_fragments_joined() -> None:
    document = Document("d", TEXT, (Mention(((0, 4), (17, 24)), "Cell"),))
    assert document.surface(document.mentions[0]) == "IL-2 T cells"


def test_a_second_best_is_told_with_its_number_only_where_that_is_not_above_the_first() -> None:
    def one(score: float | None, *others: float) -> Mention:
        found = tuple(Alternative("Gene", other) for other in others)
        return mention(0, 4, "Chemical", score=score, alternatives=found)

    assert rivals(one(0.5, 0.3, 0.0)) == (("Gene", 0.3), ("Gene", None))
    assert rivals(one(0.35, 0.37, 0.2)) == (("Gene", None), ("Gene", None))
    assert rivals(one(None, 0.4)) == (("Gene", 0.4),)


def test_flatten_keeps_the_longest_and_counts_the_rest() -> None:
    tokens = [(0, 2), (2, 3), (3, 4), (5, 10), (11, 15), (15, 16), (17, 18), (19, 24), (24, 25)]
    document = Document(
        "d",
        TEXT,
        (mention(11, 24, "Cell"), mention(11, 15, "Gene"), mention(17, 22, "Organ")),
    )
    spans, report = flatten(document, tokens)
    assert [(s.start, s.end, s.label) for s in spans] == [(4, 8, "Cell")]
    assert (report.kept, report.nested_dropped, report.snapped) == (1, 2, 1)


def test_equal_sentences_have_one_fingerprint_and_two_ids() -> None:
    one, other = corpus_sentence("a", ["The", "end"]), corpus_sentence("b", ["The", "end"])
    assert one.fingerprint == other.fingerprint
    assert one.id != other.id


def test_overlapping_spans_are_no_sentence() -> None:
    with pytest.raises(ValueError, match="overlap"):
        Sentence("d", ("a", "b"), ((0, 1), (2, 3)), (Span(0, 2, "Gene"), Span(1, 2, "Cell")))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.data())
@pytest.mark.slow
def test_token_aligned_mentions_survive_the_way_to_sentences_and_back(text, data) -> None:
    document = split_document(text)
    for sentence in sentences(document):
        start = data.draw(st.integers(0, len(sentence.tokens) - 1))
        end = data.draw(st.integers(start + 1, len(sentence.tokens)))
        one = mention(sentence.offsets[start][0], sentence.offsets[end - 1][1], "Gene")
        spans, report = flatten(document, sentence.offsets, [one])
        back = unflatten(Sentence("d", sentence.tokens, sentence.offsets, spans))
        assert [m.fragments for m in back] == [one.fragments]
        assert report.snapped == 0
