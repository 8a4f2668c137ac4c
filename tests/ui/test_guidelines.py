"""Guidelines on the Review page without a browser: written by type, examples, somebody faster."""

from __future__ import annotations

import pytest
from store_support import a_document, a_project
from streamlit.testing.v1 import AppTest

from bioner.review.guidelines import write_guideline
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.store import Store, open_store

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.slow]


def page(part: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    for name, value in {"part": part, "reviewer": "Cora", "project": "p"}.items():
        app.query_params[name] = value
    if part == "Correct":
        app.session_state["open_guidelines"] = True
    app.run()
    assert [one.value for one in app.exception] == []
    return app


@pytest.fixture
def store() -> Store:
    made = open_store(read_settings())
    made.create_project(a_project())
    made.import_documents("p", [a_document()], model="m")
    return made


def test_words_and_examples_are_written_and_read_beside_the_text(store: Store) -> None:
    app = page("Project")
    box = next(one for one in app.text_area if one.label == "What it means in this project")
    box.set_value("Names of genes.").run()
    app.button(key="guideline_save").click().run()
    assert dict(store.project("p").guidelines) == {"Gene": "Names of genes."}
    app.text_area(key="guideline_new").set_value("loss of [[PTEN]]")
    app.text_input(key="guideline_note").set_value("the name alone")
    next(one for one in app.button if one.label == "Add the example").click().run()
    [example] = store.examples("p")
    assert (example.text, example.marked) == ("loss of PTEN", (8, 12))
    desk = page("Correct")
    assert desk.selectbox(key="guideline_type").options == ["Gene", "Disease", "Chemical"]
    assert {"Names of genes.", "the name alone"} <= {one.value for one in desk.text}
    drop = next(one for one in app.button if str(one.key).startswith("guideline_drop_"))
    drop.click().run()
    assert store.examples("p") == []


def test_a_guideline_is_saved_after_the_project_was(store: Store) -> None:
    app = page("Project")
    app.button(key="save_project").click().run()
    assert app.toast[0].value == "The project is saved"
    app.text_area(key="guideline_new").set_value("loss of [[PTEN]]")
    next(one for one in app.button if one.label == "Add the example").click().run()
    assert [one.text for one in store.examples("p")] == ["loss of PTEN"]


def test_what_is_typed_stays_where_somebody_was_faster(store: Store) -> None:
    app = page("Project")
    write_guideline(store, store.project("p"), "Gene", "Bob’s words", "Bob")
    box = next(one for one in app.text_area if one.label == "What it means in this project")
    box.set_value("Cora’s words").run()
    assert "it says now: Bob’s words" in app.warning[0].value
    assert app.button(key="guideline_save").label == "Save mine all the same"
    assert dict(store.project("p").guidelines) == {"Gene": "Bob’s words"}
    app.button(key="guideline_save").click().run()
    assert dict(store.project("p").guidelines) == {"Gene": "Cora’s words"}
    assert not app.warning
