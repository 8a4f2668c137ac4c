"""Abbreviations that a text explains, and none that it does not."""

from __future__ import annotations

import pytest

from bioner.review.abbreviations import Abbreviation, abbreviations


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("The tumour necrosis factor (TNF) rose.", "TNF", "tumour necrosis factor"),
        ("We gave TNF (tumour necrosis factor) twice.", "TNF", "tumour necrosis factor"),
        ("A 5-hydroxytryptamine (5-HT) agonist.", "5-HT", "5-hydroxytryptamine"),
        ("With L-5-hydroxytryptophan (L-5-HTP; 50 mg).", "L-5-HTP", "L-5-hydroxytryptophan"),
        ("in adeno-associated virus (AAV) vectors", "AAV", "adeno-associated virus"),
    ],
)  # fmt: skip
def test_a_short_form_is_found_with_what_it_stands_for(text, short, long):
    assert list(abbreviations(text)) == [Abbreviation(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "The mice (n = 12) were fed.",
        "It rose (95% CI: 1.2-3.4) in both.",
        "Rats (male) slept. Tumours (TNF) grew.",
        "At (10 microM) and more.",
        "An unclosed (bracket",
        "The receptor (TNF) in the TNF (TNF)",
    ],
)
def test_what_is_no_abbreviation_is_left(text):
    assert not list(abbreviations(text))


def test_the_long_form_is_of_the_same_sentence():
    assert not list(abbreviations("Tumour necrosis. Factor alpha was low. New (TNF) came."))
