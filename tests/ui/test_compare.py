"""The Review page's Compare part without a browser: taken by mark, in bulk, taken back."""

from __future__ import annotations

import pytest
from store_support import reviewed_by_two
from streamlit.testing.v1 import AppTest

from bioner.review.curation import Taken, curate
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.store import Store, open_store

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.slow]


def page(reviewer: str = "Cora") -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    for name, value in {"part": "Compare", "project": "both", "reviewer": reviewer}.items():
        app.query_params[name] = value
    app.run()
    assert [one.value for one in app.exception] == []
    return app


@pytest.fixture
def store() -> Store:
    made = open_store(read_settings())
    return reviewed_by_two(made)


def shared(store: Store, document: str) -> list[tuple[int, int, str]]:
    [item] = store.items_of("both", document)
    review = store.open_item(item, claim=False)
    assert review.verdict is not None
    return [(one.start, one.end, one.label) for one in review.mentions]


def test_any_mark_none_or_another_is_taken_and_saved(store: Store) -> None:
    app = page()
    assert "3 sentences by two or more; 1 exactly alike" in app.caption[0].value
    assert [one.label for one in app.metric][3:] == ["Cohen’s κ", "Krippendorff’s α"]
    first, second = (store.items_of("both", name)[0] for name in ("d1", "d2"))
    assert app.button(key=f"curate_save_{first}").disabled
    app.radio[0].set_value(1).run()
    app.button(key=f"curate_save_{first}").click().run()
    assert shared(store, "d1") == [(0, 5, "Disease")]
    app.radio[0].set_value(-1).run()
    app.selectbox[-2].set_value("Chemical").run()
    app.button(key=f"curate_save_{second}").click().run()
    assert shared(store, "d2") == [(0, 5, "Gene"), (25, 31, "Chemical")]
    assert [one.sentences for one in store.curations("both")] == [1, 1]
    assert "Nowhere else." in [one.value for one in app.success]


def test_all_alike_is_settled_as_one_and_taken_back_in_another_tab(store: Store) -> None:
    page().button(key="curate_alike").click().run()
    assert shared(store, "d0") == [(0, 5, "Gene")]
    again = page()
    [found] = store.curations("both")
    again.button(key=f"curate_undo_{found.seq}").click().run()
    assert store.curations("both") == []


def test_who_is_overtaken_is_told_and_sees_the_sentence_as_it_is_now(store: Store) -> None:
    app = page()
    one = store.side_by_side("both")[1]
    curate(store, [Taken(sentence=one, mentions=())], "Carl")
    app.button(key=f"choose_{one.item}_ann").click().run()
    assert "Carl saved revision" in app.toast[0].value
    assert shared(store, "d1") == []
    assert f"curate_save_{one.item}" not in [b.key for b in app.button]
