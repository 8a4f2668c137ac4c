"""Concepts offered for a mark: of a project's vocabularies, the likeliest first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bioner.corpora.concepts import ConceptError, vocabulary_path
from bioner.corpora.concepts_build import build_concepts
from bioner.corpora.vocabulary import Listed
from bioner.errors import StoreError
from bioner.review.offers import Vocabularies, choose_vocabularies
from bioner.settings import Settings, read_settings
from bioner.store import Project, open_store

TAXA = (
    Listed(("Mus", "mouse"), "Taxon", "T:10088"),
    Listed(("Mus musculus", "mouse"), "Organism", "T:10090"),
)
GENES = (Listed(("mouse protein", "Mouse"), "Gene", "G:1"),)


@pytest.fixture
def settings(home) -> Settings:
    found = read_settings()
    build_concepts(vocabulary_path(found, "taxa"), TAXA)
    build_concepts(vocabulary_path(found, "genes"), GENES)
    return found


def test_the_same_name_comes_first_and_of_those_the_mark_s_own_type(settings: Settings) -> None:
    asked = Vocabularies(settings, ["genes", "taxa", "gone"])
    assert asked.missing == ["gone"]
    found = [(one.identifier, one.vocabulary, one.how) for one in asked.offers("mouse", "Organism")]
    assert found[:2] == [("T:10090", "taxa", "exact"), ("T:10088", "taxa", "exact")]
    assert found[2] == ("G:1", "genes", "spelling")
    assert (asked.name_of("T:10090"), asked.name_of("none")) == ("Mus musculus", "")


def test_what_takes_longer_is_looked_up_only_if_it_is_asked_for(settings: Settings) -> None:
    asked = Vocabularies(settings, ["taxa"])
    assert asked.offers("Mus muscullus", similar=False) == []
    assert asked.offers("Mus muscullus")[0].identifier == "T:10090"
    assert asked.find("mus mu")[0].how == "beginning"
    assert asked.find("  ") == []


def test_a_project_s_vocabularies_are_of_this_machine_and_a_curator_s_choice(
    settings: Settings,
) -> None:
    store = open_store(settings)
    store.create_project(Project("P", ("Gene",), frozenset()))
    chosen = choose_vocabularies(store, settings, "P", ["taxa", "genes", "taxa"])
    assert store.project("P").vocabularies == chosen.vocabularies == ("taxa", "genes")
    assert store.events("P")[0].after["vocabularies"] == ["taxa", "genes"]
    with pytest.raises(ConceptError, match="no vocabulary named 'none'; genes, taxa"):
        choose_vocabularies(store, settings, "P", ["none"])
    people = (("Ann", "curator"), ("Ben", "reviewer"))
    store.update_project(replace(store.project("P"), reviewers=people))
    with pytest.raises(StoreError, match="curator"):
        choose_vocabularies(store, settings, "P", [], "Ben")
