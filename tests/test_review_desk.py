"""The Review page without a browser: empty, filled, and led astray by its URL."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document, mention
from bioner.store import Project, Store, open_store

pytestmark = pytest.mark.usefixtures("home")


def page(**params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert [one.value for one in app.exception] == []
    return app


def item_in_url(app: AppTest) -> int:
    value = app.query_params["item"]
    return int(value if isinstance(value, str) else value[0])


def project(name: str) -> Store:
    store = open_store(read_settings())
    store.create_project(Project(name, ("Gene", "Cell"), frozenset({"Gene"})))
    text = f"BRCA1 in {name}."
    marks = (mention(0, 5, "Gene", status="predicted", score=0.9),)
    store.import_documents(name, [Document(f"{name}-1", text, marks, ((0, len(text)),))], model="m")
    return store


def test_without_a_project_the_page_says_what_one_is_and_makes_it() -> None:
    app = page()
    assert "A project holds your texts" in app.info[0].value
    app.button[0].click().run()
    assert [one.name for one in open_store(read_settings()).projects()] == ["My review"]
    assert "No texts in this project yet" in app.info[0].value


@pytest.mark.parametrize("part", ["Correct", "Texts", "Compare", "Project"])
@pytest.mark.parametrize("scope", ["Sentence", "Document"])
def test_every_part_opens(part: str, scope: str) -> None:
    project("P")
    app = page(part=part, scope=scope, reviewer="Ann")
    assert not app.error


def test_a_sentence_that_is_gone_is_said_so_and_the_next_one_is_a_click_away() -> None:
    store = project("P")
    app = page(item="99999")
    assert "item 99999 is gone" in app.error[0].value
    app.button(key="review_after_problem").click().run()
    assert item_in_url(app) == store.items_of("P", "P-1")[0]


def test_a_sentence_of_another_project_is_not_opened_in_this_one() -> None:
    project("P")
    item = project("Q").items_of("Q", "Q-1")[0]
    app = page(project="P", item=str(item))
    assert "belongs to project 'Q'" in app.error[0].value


def test_a_link_to_a_sentence_opens_it_whatever_was_open_before(tmp_path: Path) -> None:
    store = project("P")
    text = "p53 binds."
    store.import_documents("P", [Document("later", text, (), ((0, len(text)),))], model="m")
    wanted = store.items_of("P", "later")[0]
    app = page()
    assert item_in_url(app) != wanted
    app.query_params["item"] = str(wanted)
    app.run()
    assert item_in_url(app) == wanted
    assert any("later" in one.value for one in app.text)
