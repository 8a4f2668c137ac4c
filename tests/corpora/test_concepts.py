"""Concepts: a vocabulary's index, and candidates by name, spelling, abbreviation, likeness."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioner.corpora.concepts import ConceptError, Concepts, vocabulary_names, vocabulary_path
from bioner.corpora.concepts_build import build_concepts
from bioner.corpora.vocabulary import Listed
from bioner.settings import read_settings

TERMS = (
    Listed(("Mus musculus", "house mouse", "mouse"), "Organism", "T:10090"),
    Listed(("Mus", "mice", "Mouse"), "Taxon", "T:10088"),
    Listed(("Escherichia coli",), "Organism", "T:562"),
    Listed(("Escherichia", "E."), "Taxon", "T:561"),
    Listed(("E. coli",), "Organism", "T:562"),
    Listed(("nameless",), "Organism", ""),
    Listed(('odd "quoted" * name',), "Organism", "T:9"),
)


@pytest.fixture
def concepts(tmp_path: Path) -> Concepts:
    path = tmp_path / "taxa.concepts"
    done = build_concepts(path, TERMS)
    assert done.terms == done.concepts + done.joined + done.unnamed == 7
    assert (done.joined, done.unnamed) == (1, 1)
    return Concepts(path)


def found(concepts: Concepts, words: str, **more: str) -> list[tuple[str, str]]:
    return [(one.identifier, one.how) for one in concepts.candidates(words, **more)]


def test_the_same_name_comes_first_then_another_spelling_of_it(concepts: Concepts):
    assert found(concepts, "Mouse")[:2] == [("T:10088", "exact"), ("T:10090", "spelling")]
    assert found(concepts, "mouse")[:2] == [("T:10090", "exact"), ("T:10088", "spelling")]
    assert found(concepts, "E coli")[0] == ("T:562", "spelling")


def test_an_abbreviation_is_looked_up_by_what_the_text_explains_it_as(concepts: Concepts):
    assert found(concepts, "EC") == []
    assert found(concepts, "EC", long_form="Escherichia coli")[0] == ("T:562", "abbreviation")


def test_a_misspelled_name_finds_those_that_look_like_it(concepts: Concepts):
    assert found(concepts, "Escherischia colli")[0] == ("T:562", "similar")
    assert found(concepts, 'a "quoted" one')[0] == ("T:9", "similar")
    assert found(concepts, "zz") == []
    assert found(concepts, "") == []


def test_what_is_typed_finds_an_identifier_a_name_and_the_beginning_of_one(concepts: Concepts):
    def typed(words: str) -> list[tuple[str, str]]:
        return [(one.identifier, one.how) for one in concepts.find(words)]

    assert typed("t:562")[0] == ("T:562", "identifier")
    assert typed("escheri") == [("T:561", "beginning"), ("T:562", "beginning")]
    assert typed("mouse")[:2] == [("T:10090", "exact"), ("T:10088", "spelling")]
    assert typed(" ") == typed("-") == []


def test_an_identifier_has_the_name_that_comes_first(concepts: Concepts):
    assert concepts.name_of("T:562") == "Escherichia coli"
    assert concepts.name_of("T:0") == ""
    assert concepts.counts() == (5, 11)


def test_vocabularies_lie_beside_the_database_and_odd_files_are_refused(home, tmp_path: Path):
    settings = read_settings()
    assert vocabulary_names(settings) == []
    build_concepts(vocabulary_path(settings, "taxa"), TERMS)
    assert vocabulary_names(settings) == ["taxa"]
    for name in ("", "../x", ".x", "a/b"):
        with pytest.raises(ConceptError):
            vocabulary_path(settings, name)
    (tmp_path / "odd.concepts").write_text("no")
    for name in ("odd", "none"):
        with pytest.raises(ConceptError):
            Concepts(tmp_path / f"{name}.concepts")
