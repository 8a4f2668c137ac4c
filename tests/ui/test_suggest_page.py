"""Review → Suggest: a pattern tried live and run, audited, accepted where it is earned."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bioner.review.suggest import audit_sample, audits, decide
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document
from bioner.store import Project, Store, open_store


@pytest.fixture
def store(home: object) -> Store:
    made = open_store(read_settings())
    made.create_project(Project("P", ("Gene", "Chemical"), frozenset({"Gene"})))
    made.import_documents("P", [Document(f"d{n}", f"We saw p{n} again.") for n in range(60)])
    return made


def page() -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/4_Review.py")
    app.query_params["part"] = "Suggest"
    app.query_params["reviewer"] = "Ann"
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def test_a_pattern_is_tried_run_audited_and_accepted(store: Store):
    app = page()
    app.radio(key="suggest_kind").set_value("A pattern").run()
    app.text_input(key="suggest_pattern").set_value("p(").run()
    assert any("cannot be read" in one.value for one in app.error)
    app.text_input(key="suggest_pattern").set_value(r"p\d+").run()
    assert any("60 marks in the next 60 waiting sentences" in one.value for one in app.caption)
    app.button(key="suggest_run").click().run()
    assert any("60 marks proposed" in one.value for one in app.success)
    [name] = store.suggesters("P")
    app = page()
    app.button(key="suggest_right").click().run()
    app.button(key="suggest_wrong").click().run()
    assert sorted(audits(store, "P", name).values()) == [False, True]
    assert not [one for one in app.button if one.key == "suggest_accept"]
    for one in audit_sample(store, "P", name, count=60):
        decide(store, "P", name, one.id, is_right=True, reviewer="Ann")
    app = page()
    app.select_slider(key="suggest_target").set_value(0.8).run()
    app.button(key="suggest_accept").click().run()
    assert not app.exception
    assert any("are yours" in one.value for one in app.success)
    progress = store.progress("P")
    assert progress.open == 59 - progress.test_items


def test_without_a_dictionary_the_way_to_one_is_shown(store: Store):
    assert any("There is no dictionary yet" in one.value for one in page().info)
