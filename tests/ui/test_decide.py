"""The Review page's Decide part without a browser: one press settles a group, undo across tabs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from streamlit.testing.v1 import AppTest

from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document, mention
from bioner.store import Project, Store, open_store
from bioner.ui.review.alike import included_key

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.slow]

TEXT = "OB is up. Here ob gene is down, and leptin too."
MARKS = ((0, 2, "Chemical"), (15, 17, "Gene"), (36, 42, "Gene"))
RANGES = ((0, 9), (10, len(TEXT)))


def page(**params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    for name, value in {"part": "Decide", "reviewer": "Ann", **params}.items():
        app.query_params[name] = value
    app.run()
    assert [one.value for one in app.exception] == []
    return app


@pytest.fixture
def store() -> Store:
    made = open_store(read_settings())
    made.create_project(Project("P", ("Gene", "Chemical"), frozenset({"Gene"})))
    marks = tuple(mention(start, end, label, score=0.7) for start, end, label in MARKS)
    made.import_documents("P", [Document("d", TEXT, marks, RANGES)], model="m")
    return made


def labels(store: Store) -> Sequence[tuple[str, str]]:
    found = []
    for item in store.items_of("P", "d"):
        review = store.open_item(item, "Ann", claim=False)
        found += [(review.text[one.start : one.end], one.label) for one in review.mentions]
    return found


def test_one_press_settles_the_group_and_the_next_one_is_there(store: Store) -> None:
    app = page()
    assert app.subheader[0].value in ("OB", "ob")
    app.button(key="decide_Gene_ob").click().run()
    assert labels(store) == [("OB", "Gene"), ("ob", "Gene"), ("leptin", "Gene")]
    assert app.subheader[0].value == "leptin"


def test_what_is_unticked_is_left_out_and_the_edge_takes_the_word_in(store: Store) -> None:
    app = page()
    app.button(key="decide_edge_ob").click().run()
    app.button(key="decide_edge_ob").click().run()
    left = next(one for one in store.waiting_marks("P", "Ann") if one.surface == "OB")
    app.button(key=included_key(left)).click().run()
    app.button(key="decide_Gene_ob").click().run()
    assert labels(store) == [("OB", "Chemical"), ("ob gene", "Gene"), ("leptin", "Gene")]


def test_another_tab_takes_the_decision_back_as_one(store: Store) -> None:
    app = page()
    app.button(key="decide_none_ob").click().run()
    assert labels(store) == [("leptin", "Gene")]
    again = page()
    assert again.subheader[0].value == "leptin"
    again.button(key="decide_undo").click().run()
    assert labels(store) == [("OB", "Chemical"), ("ob", "Gene"), ("leptin", "Gene")]
    assert again.subheader[0].value in ("OB", "ob")


def test_later_texts_follow_with_one_press(store: Store) -> None:
    page().button(key="decide_Gene_ob").click().run()
    later = Document("e", "OB again.", (mention(0, 2, "Chemical", score=0.7),))
    store.import_documents("P", [later], model="m")
    app = page()
    assert "Your decision on OB would settle 1 mark more" in app.info[0].value
    app.button(key="decide_follow_ob").click().run()
    [item] = store.items_of("P", "e")
    assert [one.label for one in store.open_item(item, "Ann").mentions] == ["Gene"]


def test_fully_decided_sentences_are_accepted_unread_and_teach_their_marks_alone(
    store: Store,
) -> None:
    app = page()
    app.button(key="decide_Gene_ob").click().run()
    app.button(key="decide_accept").click().run()
    [sentence] = store.corrections("P")
    assert (sentence.tokens[0], sentence.covers) == ("OB", frozenset())


def test_a_reader_sees_the_groups_and_closed_buttons(store: Store) -> None:
    people = (("Ann", "curator"), ("Rea", "reader"))
    store.update_project(
        Project("P", ("Gene", "Chemical"), frozenset({"Gene"}), reviewers=people), "Ann"
    )
    app = page(reviewer="Rea")
    assert app.button(key="decide_Gene_ob").disabled
    assert app.button(key="decide_undo").disabled
