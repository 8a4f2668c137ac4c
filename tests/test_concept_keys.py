"""Which attributes of a mention name its concept, however a tool spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioner.identifiers import ids_of, without_concepts

WORDS = ("gene", "concept", "entity", "term", "ontology", "taxon", "mesh", "disease")
ENDS = ("id", "ids", "identifier", "identifiers")


def spelled(words: list[str], how: str) -> str:
    if how == "camel":
        return words[0] + "".join(word.capitalize() for word in words[1:])
    if how == "Pascal":
        return "".join(word.capitalize() for word in words)
    if how == "ID":
        return words[0].capitalize() + words[1].upper()
    return how.join(words)


@given(
    st.sampled_from(WORDS),
    st.sampled_from(ENDS),
    st.sampled_from(["camel", "Pascal", "ID", "_", "-", " ", ":", "."]),
)
def test_a_key_of_an_identifier_is_known_however_it_is_spelled(word, end, how):
    pairs = ((spelled([word, end], how), "7157"), ("Negation", "yes"))
    assert ids_of(pairs) == ("7157",)
    assert without_concepts(pairs) == (("Negation", "yes"),)


@pytest.mark.parametrize(
    "key",
    ["RxNorm", "rx_norm", "MedDRA", "xref", "db_xref", "Uniprot AC", "ICD-10-CM"],
)
def test_a_key_of_a_database_is_known(key: str) -> None:
    assert ids_of(((key, "X1"),)) == ("X1",)


@pytest.mark.parametrize("key", ["canonical_name", "preferredName", "KB", "tui"])
def test_what_is_said_of_a_concept_goes_with_it_and_is_no_identifier(key: str) -> None:
    assert (ids_of(((key, "X"),)), without_concepts(((key, "X"),))) == ((), ())


@pytest.mark.parametrize("key", ["Negation", "note:AnnotatorNotes", "column7", "valid", "grid"])
def test_other_keys_say_nothing_of_a_concept(key: str) -> None:
    assert without_concepts(((key, "X"),)) == ((key, "X"),)
