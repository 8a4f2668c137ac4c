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
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    for name, value in (("part", "Texts"), ("project", "p"), ("reviewer", "ann")):
        app.query_params[name] = value
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def said(app: AppTest) -> str:
    return "\n".join(one.value for one in (*app.caption, *app.success, *app.error))


def test_a_document_read_by_half_is_left_out_of_pubtator_unless_wanted(app: AppTest) -> None:
    assert "in them that nobody has read: 1; which ones is written with them" in said(app)
    app.selectbox(key="export_format").select("pubtator").run()
    assert "PubTator cannot say which sentences: left out" in said(app)
    assert "PubTator: 1 record, 2 of 2 mentions" in said(app)
    app.checkbox(key="export_partly").check().run()
    assert "look complete" in said(app)
    assert "PubTator: 2 records, 3 of 3 mentions" in said(app)


def test_what_is_reviewed_becomes_a_corpus_that_the_corpora_page_lists(app: AppTest) -> None:
    app.text_input(key="freeze_name").set_value("Lab genes")
    next(one for one in app.button if one.label == "Make the corpus").click().run()
    assert "Lab-genes, version 1, is made: " in said(app)
    assert (read_settings().own_corpora / "Lab-genes" / "corpus.json").is_file()
    app.switch_page("pages/1_Corpora.py").run()
    assert not app.exception
