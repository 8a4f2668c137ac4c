"""One key for all the ways in which a name is written, and no key for two names."""

from __future__ import annotations

import pytest

from bioner.variants import is_acronym, name_key


@pytest.mark.parametrize(
    "spellings",
    [
        ("TGF-β", "TGF beta", "TGFβ", "TGFbeta", "tgf-beta", "TGF–β"),
        ("IL-2", "IL2", "il 2"),
        ("TLRs", "TLR"),
        ("viruses", "virus", "Virus"),
        ("studies", "study"),
        ("NF-κB", "NF-kappaB", "NFkappaB", "NF-kappa B"),
        ("cells", "Cell", "cell-"),
        ("DNAs", "DNA"),
    ],
)
def test_spellings_of_one_name_share_a_key(spellings):
    assert len({name_key(one) for one in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("IL-2", "IL-12"), ("p53", "p63"), ("AIDS", "aid"), ("+", "-"), ("mm", "m"), ("ras", "ra")],
)
def test_two_names_keep_two_keys(one, other):
    assert name_key(one) != name_key(other)


def test_a_word_that_begins_like_a_greek_letter_is_left_whole():
    assert name_key("alphabet") == "alphabet"
    assert name_key("β-catenin") == "beta catenin"


def test_capitals_and_digits_make_an_acronym():
    assert is_acronym("IL-2")
    assert not is_acronym("Il-2")
    assert not is_acronym("42")
