"""What the editor is told of concepts: offers for its marks, names of ids, what was typed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

from bioner.corpora.concepts import vocabulary_path
from bioner.corpora.concepts_build import build_concepts
from bioner.corpora.vocabulary import Listed
from bioner.identifiers import identified
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document, Mention, mention
from bioner.store import Project, Store, open_store
from bioner.ui.review.concepts import concept_help
from bioner.ui.review.desk import Desk, Memory
from bioner.ui.span_editor.concepts import ConceptHelp, Wanted, concepts_to_json, read_wanted

TERMS = (
    Listed(("Mus musculus", "mouse"), "Organism", "T:10090"),
    Listed(("tumor necrosis factor",), "Gene", "G:7124"),
)
TEXT = "A tumor necrosis factor (TNF) of the mouse; Mus muscullus."


def mark(words: str, label: str) -> Mention:
    start = TEXT.index(words)
    return mention(start, start + len(words), label, status="predicted", score=0.9)


@pytest.fixture
def store(home) -> Store:
    settings = read_settings()
    build_concepts(vocabulary_path(settings, "taxa"), TERMS)
    found = open_store(settings)
    types = ("Gene", "Organism")
    found.create_project(Project("P", types, frozenset(types), vocabularies=("taxa", "gone")))
    marks = (
        mark("TNF", "Gene"),
        identified(mark("mouse", "Organism"), "T:10090"),
        mark("Mus muscullus", "Organism"),
    )
    found.import_documents("P", [Document("d", TEXT, marks, ((0, len(TEXT)),))], model="m")
    return found


@pytest.fixture
def ask(store: Store) -> Callable[..., ConceptHelp | None]:
    session = SimpleNamespace(settings=read_settings(), signed_in=None)
    item = store.open_item(store.items_of("P", "d")[0], claim=False)
    memory = Memory()

    def told(wanted: Wanted | None = None, *, may: bool = True) -> ConceptHelp | None:
        desk = SimpleNamespace(
            session=session, project=store.project("P"), memory=memory, may=lambda _: may
        )
        return concept_help(cast(Desk, desk), [item], wanted)

    return told


def ids(found: Any, surface: str, label: str) -> list[str]:
    return [one.identifier for one in found.offers[surface, label]]


def test_every_mark_is_offered_what_is_quickly_found_and_ids_have_names(ask) -> None:
    found = ask()
    assert list(found.vocabularies) == ["taxa"]
    assert ids(found, "TNF", "Gene") == ["G:7124"], "by what the text explains it as"
    assert ids(found, "Mus muscullus", "Organism") == []
    assert dict(found.names) == {"T:10090": "Mus musculus"}
    assert ask(may=False) is None


def test_what_takes_longer_is_found_for_the_mark_at_work_and_stays_known(ask) -> None:
    ask(Wanted("Mus muscullus", "Organism"))
    assert ids(ask(), "Mus muscullus", "Organism") == ["T:10090"]


def test_what_is_typed_is_answered_beside_the_offers(ask) -> None:
    typed, offers = ask(Wanted("TNF", "Gene", "mus mu")).asked
    assert (typed, [one.identifier for one in offers]) == ("mus mu", ["T:10090"])
    told = concepts_to_json(ask(Wanted("TNF", "Gene", "mus mu")))
    assert told["offers"]["TNF\nGene"][0]["id"] == "G:7124"
    assert told["asked"]["offers"][0]["matched"] == "Mus musculus"


@pytest.mark.parametrize("odd", [None, "x", {"surface": 1}, {"typed": "x" * 300}, ["a"]])
def test_what_is_no_question_asks_for_nothing(odd: object) -> None:
    assert read_wanted(odd) is None
    assert read_wanted({"surface": "a", "label": "b"}) == Wanted("a", "b")


def test_the_project_part_chooses_among_the_vocabularies_of_this_machine(store: Store) -> None:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    app.query_params["part"] = "Project"
    app.run()
    assert "Not on this machine: gone" in app.warning[0].value
    app.multiselect(key="vocabularies_of_P").set_value(["taxa"]).run()
    app.button(key="vocabularies_save").click().run()
    assert store.project("P").vocabularies == ("taxa",)
