"""The Dictionary page: made of a project's texts, listed, taken out; visitors change nothing."""

from __future__ import annotations

import pytest
from dictionaries import a_dictionary, documents
from streamlit.testing.v1 import AppTest

from bioner.corpora.concepts import vocabulary_path
from bioner.corpora.concepts_build import build_concepts
from bioner.corpora.vocabulary import Listed
from bioner.figures import percent
from bioner.labels import read_schema
from bioner.review.dictionary import Dictionary, dictionary_names, dictionary_path
from bioner.review.dictionary_curation import Choice, curate
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.store import Project, open_store
from bioner.ui.dictionary.concepts import unlike


@pytest.fixture
def settings(home: object) -> Settings:
    found = read_settings()
    store = open_store(found)
    names = read_schema().names
    store.create_project(Project("Trial", names, frozenset(names)))
    store.import_documents("Trial", documents(), model="fake")
    store.close()
    return found


def open_page(**params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/6_Dictionary.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def test_a_dictionary_is_made_of_a_projects_texts_and_its_terms_are_listed(settings: Settings):
    app = open_page()
    assert any("There is no dictionary yet" in one.value for one in app.info)
    app.radio(key="dictionary_texts").set_value("A project's texts").run()
    app.text_input(key="dictionary_new").set_value("trial terms").run()
    app.button(key="dictionary_make").click().run()
    assert not app.exception, [one.value for one in app.exception]
    assert dictionary_names(settings) == ["trial terms"]
    found = Dictionary(dictionary_path(settings, "trial terms"))
    assert found.term("TNF").mentions == 3
    app = open_page(q="mous")
    assert list(app.dataframe[0].value["Term"]) == ["mouse"]
    assert list(app.dataframe[0].value["Confidence"]) == [percent(found.term("mouse").score)]
    app = open_page(type="Gene", by="name")
    assert set(app.dataframe[0].value["Type"]) == {"Gene"}
    assert app.button(key="term_keep").disabled
    assert app.button(key="term_undo").disabled, "nothing is decided yet"


def test_a_decision_is_undone_on_the_page_and_both_are_in_the_log(settings: Settings):
    dictionary, _ = a_dictionary(dictionary_path(settings, "four"))
    curate(dictionary.path, [Choice(action="drop", terms=("ob",))], types=("Gene",))
    app = open_page()
    assert not app.button(key="term_undo").disabled
    app.button(key="term_undo").click().run()
    assert dictionary.term("OB").status == "new"
    table = open_page(part="log").dataframe[0].value
    assert list(table["What"]) == ["undo", "drop"]
    assert list(table["Taken back"]) == [False, True]


def test_what_is_taken_out_is_said(settings: Settings):
    dictionary, _ = a_dictionary(dictionary_path(settings, "four"))
    curate(dictionary.path, [Choice(action="keep", terms=("ob",))], types=("Gene",))
    app = open_page(part="out")
    app.button(key="dictionary_write").click().run()
    assert not app.exception
    assert any("1 term with 1 spelling" in one.value for one in app.caption)


def test_a_damaged_dictionary_is_said_in_a_sentence(settings: Settings):
    dictionary_path(settings, "odd").parent.mkdir(parents=True, exist_ok=True)
    dictionary_path(settings, "odd").write_text("no database")
    assert any("cannot be read as a dictionary" in one.value for one in open_page().error)


def test_a_dictionary_gets_a_vocabulary_s_concepts_and_offers_it_for_its_terms(settings: Settings):
    terms = (Listed(("Mus musculus", "mouse"), "Organism", "T:10090"),)
    build_concepts(vocabulary_path(settings, "taxa"), terms)
    app = open_page()
    app.radio(key="dictionary_texts").set_value("A project's texts").run()
    app.selectbox(key="dictionary_vocabulary_new").set_value("taxa").run()
    app.button(key="dictionary_make").click().run()
    assert not app.exception, [one.value for one in app.exception]
    found = Dictionary(dictionary_path(settings, "dictionary"))
    assert found.term("mouse").identifier == "T:10090"
    app = open_page(vocabulary="taxa", q="mous")
    assert [one.value for one in app.selectbox if one.label == "Vocabulary"] == ["taxa"]
    app = open_page(status="conflicting ids")
    assert app.info[0].value == "No term is like that."


def test_what_the_marks_of_a_term_stand_for_is_said_where_it_is_not_one_concept(settings: Settings):
    dictionary, _ = a_dictionary(dictionary_path(settings, "four"))
    mouse = dictionary.term("mouse")
    assert unlike(dictionary.told_ids([mouse.key]), mouse) == ""
    assert unlike({mouse.key: [("T:1", 3), ("T:2", 1)]}, mouse) == "T:1 ×3, T:2 ×1"
