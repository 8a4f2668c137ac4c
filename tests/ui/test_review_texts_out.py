"""Review → Texts: work that is taken out says what nobody read, and becomes a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_support import a_document, a_project, edit_of
from streamlit.testing.v1 import AppTest

from bioner.settings import PROJECT_ROOT, read_settings
from bioner.store import open_store


@pytest.fixture
def app(home: Path) -> AppTest:
    """Review → Texts of a project with two documents, the second reviewed by half."""
    store = open_store(read_settings())
    store.create_project(a_project())
    store.import_documents("p", [a_document(0), a_document(1)], model="m")
    items = [item for name in ("d0", "d1") for item in store.items_of("p", name)]
    for item in items[:3]:
        opened = store.open_item(item)
        store.save(edit_of(opened, *opened.mentions))
    return opened_at("Texts")


def opened_at(part: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    for name, value in (("part", part), ("project", "p"), ("reviewer", "ann")):
        app.query_params[name] = value
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def said(app: AppTest) -> str:
    return "\n".join(one.value for one in (*app.caption, *app.success, *app.error))


def test_a_document_read_by_half_is_left_out_of_pubtator_unless_wanted(app: AppTest) -> None:
    assert "in them that nobody has read: 1; the file says which" in said(app)
    app.selectbox(key="export_format").select("pubtator").run()
    assert "PubTator cannot say which: left out" in said(app)
    assert "PubTator: 1 record, 2 of 2 mentions" in said(app)
    app.checkbox(key="export_partly").check().run()
    assert "look complete" in said(app)
    assert "PubTator: 2 records, 3 of 3 mentions" in said(app)


def test_what_is_taken_out_or_done_is_on_record_and_shown(app: AppTest) -> None:
    app.get("download_button")[0].click().run()
    assert not app.exception
    store = open_store(read_settings())
    event = store.events("p")[0]
    assert (event.kind, event.who, event.after["documents"]) == ("export", "ann", 2)
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE events SET after = '{cut' WHERE kind = 'created'")
    app = opened_at("Project")
    (shown,) = [one.value for one in app.dataframe if "Who" in one.value.columns]
    assert list(shown["What"]) == ["texts taken out", "project begun"]
    assert shown["After"][1] == "damaged"
    assert any("1 of these cannot be read" in one.value for one in app.warning)


def test_what_is_reviewed_becomes_a_corpus_that_the_corpora_page_lists(app: AppTest) -> None:
    app.text_input(key="freeze_name").set_value("Lab genes")
    next(one for one in app.button if one.label == "Make the corpus").click().run()
    assert "Lab-genes, version 1, is made: " in said(app)
    assert (read_settings().own_corpora / "Lab-genes" / "corpus.json").is_file()
    app.switch_page("pages/1_Corpora.py").run()
    assert not app.exception
