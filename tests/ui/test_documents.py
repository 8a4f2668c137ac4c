"""The Review page's Documents part without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bioner.identifiers import identified
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document, mention
from bioner.store import Edit, Project, open_store

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.slow]


def test_documents_are_listed_filtered_and_assigned() -> None:
    store = open_store(read_settings())
    store.create_project(Project("P", ("Gene",), frozenset({"Gene"})))
    store.import_documents("P", [Document("alpha", "One."), Document("beta", "Two.")])
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    app.query_params["part"] = "Documents"
    app.query_params["reviewer"] = "Ann"
    app.run()
    assert [one.value for one in app.exception] == []
    assert list(app.dataframe[0].value["Document"]) == ["alpha", "beta"]
    app.text_input(key="list_named").set_value("bet").run()
    assert list(app.dataframe[0].value["Document"]) == ["beta"]
    store.assign("P", ["beta"], ["Ann"], "Ann")
    app.run()
    assert list(app.dataframe[0].value["Assigned to"]) == ["Ann"]


def opened(project: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    for name, value in {"part": "Documents", "reviewer": "Ann", "project": project}.items():
        app.query_params[name] = value
    app.run()
    assert [one.value for one in app.exception] == []
    return app


def test_what_is_asked_of_every_document_comes_first_and_nothing_else_takes_room() -> None:
    store = open_store(read_settings())
    for name in ("P", "empty"):
        store.create_project(Project(name, ("Gene",), frozenset({"Gene"})))
    words = " ".join(f"Word {n}." for n in range(250))
    ranges = tuple((at, words.find(".", at) + 1) for at in range(len(words)) if words[at] == "W")
    store.import_documents("P", [Document("d", words, (), ranges)], model="m")
    for item in store.items_of("P", "d")[:-1]:
        seen = store.open_item(item, "Ann", claim=False)
        store.save(Edit(item=item, base=0, surface=seen.surface, mentions=(), surfaces=(),
                        reviewer="Ann", verdict="accept"))  # fmt: skip
    table = opened("P").dataframe[0].value
    wanted = ["Document", "State", "Settled", "Assigned to", "Marks", "Differing", "Last change"]
    assert list(table) == [*wanted, "Sentences"]
    assert list(table["Settled"]) == [99], "one is left"
    one, other = (
        identified(mention(at, at + 2, "Gene"), id) for at, id in ((0, "A:1"), (6, "A:2"))
    )
    store.import_documents("P", [Document("e", "OB is OB.", (one, other))], model="m")
    assert "Conflicting ids" in opened("P").dataframe[0].value
    app = opened("empty")
    assert "list_named" not in [one.key for one in app.text_input]
    assert "bring some in" in app.info[0].value


def test_what_is_shown_is_shared_out_and_ones_own_comes_first() -> None:
    store = open_store(read_settings())
    store.create_project(Project("P", ("Gene",), frozenset({"Gene"}), independent=True))
    store.import_documents("P", [Document(f"d{n}", f"Text {n}.") for n in range(10)])
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    app.query_params["part"] = "Documents"
    app.query_params["reviewer"] = "Ann"
    app.session_state["open_share"] = True
    app.run()
    app.multiselect(key="share_among").set_value(["Ann"]).run()
    assert app.button(key="share_do").disabled
    app.number_input(key="share_overlap").set_value(0).run()
    store.assign("P", ["d0", "d1", "d2"], ["Bob"], "Ann")
    app.run()
    app.multiselect(key="share_among").set_value(["Ann", "Bob"]).run()
    app.number_input(key="share_overlap").set_value(30).run()
    assert app.button(key="share_do").label == "Share out 7 documents"
    app.button(key="share_do").click().run()
    people = [one.assignees for one in store.document_page("P").rows]
    assert people[:3] == [("Bob",)] * 3
    assert people.count(("Ann", "Bob")) == 2
    mine = {one.name for one in store.document_page("P").rows if "Ann" in one.assignees}
    for whose, own in (("only", True), ("any", False)):
        desk = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
        desk.switch_page("pages/4_Review.py")
        desk.query_params["reviewer"] = "Ann"
        desk.query_params["mine"] = whose
        desk.run()
        assert [one.value for one in desk.exception] == []
        assert (desk.text[0].value.split(" · ")[0] in mine) is own
