"""The Review page without a browser: empty, filled, and led astray by its URL."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from streamlit.testing.v1 import AppTest

from bioner.labels import read_schema
from bioner.review import everywhere
from bioner.review.operations import Operation
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document, Mention, mention
from bioner.store import Edit, Project, QueueFilter, Store, new_op, open_store
from bioner.ui.review import correct
from bioner.ui.review import everywhere as table
from bioner.ui.review.desk import Desk, Memory
from bioner.ui.review.history import changes_html
from bioner.ui.review.shown import view_of
from bioner.ui.session import Session
from bioner.ui.words import moment

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


def test_a_link_to_a_sentence_of_the_then_first_project_opens_it_when_another_is_first() -> None:
    [item] = project("P").items_of("P", "P-1")
    project("A")
    app = page(item=str(item))
    assert (app.selectbox(key="project").value, item_in_url(app)) == ("P", item)
    assert page(item="999").selectbox(key="project").value == "A"
    assert page(item=str(item), project="P").selectbox(key="project").value == "P"


@pytest.mark.slow
@pytest.mark.parametrize("part", ["Correct", "Decide", "Documents", "Texts", "Compare", "Project"])
@pytest.mark.parametrize("scope", ["Sentence", "Document"])
def test_every_part_opens(part: str, scope: str) -> None:
    project("P")
    app = page(part=part, scope=scope, reviewer="Ann")
    assert not app.error


def test_a_sentence_that_is_gone_is_said_so_and_the_next_one_is_a_click_away() -> None:
    store = project("P")
    app = page(item="99999")
    assert "there is no item 99999" in app.error[0].value
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


THREE = "BRCA1 is one. TP53 is two. EGFR is three."


class Editor:
    """Stands for the span editor: sends the page what a browser would."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.sent: list[Operation] = []
        patch.setattr(correct, "received", lambda _: list(self.sent))
        patch.setattr(correct, "draw_editor", lambda *_: list(self.sent))

    def send(self, app: AppTest, kind: str, *units: tuple[int, int], **more: object) -> None:
        made = Operation(
            op_id=new_op(),
            seq=1,
            view="v",
            session="tab",
            reviewer="Ann",
            kind=kind,
            units=units,
            **more,
        )  # type: ignore[arg-type]
        self.sent = [made]
        app.run()
        self.sent = []
        assert [one.value for one in app.exception] == []


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Editor:
    return Editor(monkeypatch)


@pytest.fixture
def three() -> tuple[Store, list[int]]:
    """Three sentences of one document, no marks, each waiting."""
    store = open_store(read_settings())
    store.create_project(Project("P", ("Gene", "Cell"), frozenset({"Gene"})))
    ranges = ((0, 13), (14, 26), (27, len(THREE)))
    store.import_documents("P", [Document("d", THREE, (), ranges)])
    return store, store.items_of("P", "d")


def by_bob(store: Store, item: int, *marks: Mention, verdict: str | None = None) -> None:
    review = store.open_item(item, "Bob", claim=False)
    surfaces = tuple(THREE[one.start : one.end] for one in marks)
    store.save(
        Edit(
            item=item,
            base=review.base,
            surface=review.surface,
            mentions=marks,
            surfaces=surfaces,
            reviewer="Bob",
            verdict=verdict,
        )
    )  # type: ignore[arg-type]


def test_a_note_stays_with_its_sentence_however_one_leaves_it(
    editor: Editor, three: tuple[Store, list[int]]
) -> None:
    store, (first, second, _) = three
    app = page(reviewer="Ann", item=str(first))
    app.text_area(key="review_note").set_value("about BRCA1").run()
    editor.send(app, "command", (first, 0), name="accept")
    assert store.open_item(first, claim=False).note == "about BRCA1"
    assert item_in_url(app) == second
    assert app.text_area(key="review_note").value == ""
    app.text_area(key="review_note").set_value("about TP53").run()
    app.query_params["item"] = str(first)
    app.run()
    assert app.text_area(key="review_note").value == "about BRCA1"
    base = store.open_item(first, claim=False).base
    editor.send(app, "command", (first, base), name="accept")
    assert store.open_item(first, claim=False).note == "about BRCA1"
    editor.send(app, "command", name="back")
    assert (item_in_url(app), app.text_area(key="review_note").value) == (first, "about BRCA1")


def test_a_verdict_that_was_overtaken_is_saved_on_top_as_one(
    editor: Editor, three: tuple[Store, list[int]]
) -> None:
    store, (first, *_) = three
    app = page(reviewer="Ann", item=str(first))
    by_bob(store, first, mention(0, 5, "Gene"), verdict="correct")
    editor.send(app, "command", (first, 0), name="reject")
    app.button(key="keep_mine").click().run()
    assert not app.exception
    now = store.open_item(first, claim=False)
    assert (now.verdict, [one.label for one in now.mentions]) == ("reject", ["Gene"])
    assert [one.reviewer for one in store.history(first)] == ["Ann", "Bob"]


def test_a_clash_belongs_to_its_sentence_and_no_verdict_passes_it_unseen(
    editor: Editor, three: tuple[Store, list[int]]
) -> None:
    store, (first, second, _) = three
    app = page(reviewer="Ann", item=str(first))
    by_bob(store, first, mention(0, 5, "Gene"))
    mine = (mention(9, 12, "Cell", status="reviewed"),)
    editor.send(app, "add", (first, 0), added=mine, surfaces=("one",))
    base = store.open_item(first, claim=False).base
    editor.send(app, "command", (first, base), name="accept")
    assert store.open_item(first, claim=False).verdict is None
    assert item_in_url(app) == first
    editor.send(app, "command", (first, base), name="skip")
    assert item_in_url(app) == second
    assert "keep_mine" not in [one.key for one in app.button]
    app.button(key="go_to_clash").click().run()
    assert item_in_url(app) == first
    app.button(key="keep_mine").click().run()
    assert [one.label for one in store.open_item(first, claim=False).mentions] == ["Gene", "Cell"]


def test_an_overtaken_edit_of_several_sentences_is_kept_whole(
    editor: Editor, three: tuple[Store, list[int]]
) -> None:
    store, ids = three
    app = page(reviewer="Ann", item=str(ids[0]), scope="Document")
    by_bob(store, ids[1], mention(14, 18, "Cell"))
    marks = tuple(mention(at, at + 2, "Gene", status="reviewed") for at in (6, 19, 32))
    units = tuple((item, 0) for item in ids)
    editor.send(app, "batch", *units, added=marks, surfaces=("is",) * 3)
    assert any("and 2 more" in one.value for one in app.caption)
    assert [store.open_item(item, claim=False).mentions for item in (ids[0], ids[2])] == [(), ()]
    app.button(key="keep_mine").click().run()
    found = [
        [(one.start, one.label) for one in store.open_item(item, claim=False).mentions]
        for item in ids
    ]
    assert found == [[(6, "Gene")], [(14, "Cell"), (19, "Gene")], [(32, "Gene")]]
    assert "keep_mine" not in [one.key for one in app.button]


def test_a_clash_over_a_sentence_that_is_gone_does_not_stop_the_work(
    editor: Editor, three: tuple[Store, list[int]]
) -> None:
    store, (first, *_) = three
    store.import_documents("P", [Document("other", "KRAS is four.", (), ((0, 13),))])
    [other] = store.items_of("P", "other")
    app = page(reviewer="Ann", item=str(first))
    by_bob(store, first, mention(0, 5, "Gene"))
    editor.send(
        app,
        "add",
        (first, 0),
        added=(mention(0, 5, "Cell", status="reviewed"),),
        surfaces=("BRCA1",),
    )
    store.erase_document("P", "d", "")
    app.query_params["item"] = str(other)
    app.run()
    assert not app.exception
    assert any("Your edit is not saved" in one.value for one in app.warning)
    editor.send(app, "command", (first, 0), name="split", selection=(6, 8))
    editor.send(app, "command", (first, 0), name="everywhere", selection=(6, 8))
    assert item_in_url(app) == other


def test_everywhere_says_what_it_opens_again_and_proposes_what_the_model_says(
    editor: Editor,
) -> None:
    store = open_store(read_settings())
    store.create_project(Project("P", ("Gene", "Cell"), frozenset({"Gene"})))
    text = "BRCA1 is one. BRCA1 is it. BRCA1 is last."
    marks = tuple(mention(at, at + 5, "Cell", status="predicted", score=0.9) for at in (0, 14))
    ranges = ((0, 13), (14, 26), (27, 41))
    store.import_documents("P", [Document("d", text, marks, ranges)], model="m")
    first, second, third = store.items_of("P", "d")
    surface = store.open_item(second, "Ann", claim=False).surface
    store.save(
        Edit(
            item=second,
            base=0,
            surface=surface,
            mentions=(),
            surfaces=(),
            reviewer="Ann",
            verdict="correct",
        )
    )
    app = page(reviewer="Ann", item=str(third))
    editor.send(app, "command", (third, 0), name="everywhere", selection=(27, 32))
    assert app.selectbox(key="everywhere_label").value == "Cell"
    [told] = [one.value for one in app.warning]
    assert told.startswith("1 sentence of them with a verdict would be open again")
    app.button(key="everywhere_do").click().run()
    assert not app.exception
    shown = [store.open_item(one, claim=False) for one in (first, second, third)]
    assert [[m.label for m in one.mentions] for one in shown] == [["Cell"]] * 3
    assert shown[1].verdict is None


def test_a_place_that_was_unticked_is_left_as_it_is() -> None:
    found = everywhere.places(project("P"), "P", "BRCA1", reviewer="Ann")
    assert [one.model_label for one in found] == ["Gene"]
    assert table.chosen(found, {"edited_rows": {0: {"Mark": False}}}) == []
    assert table.chosen(found, {"edited_rows": {}}) == found


def test_history_shows_what_changed_as_chips_in_the_readers_own_time() -> None:
    body = changes_html(THREE, [mention(0, 5, "Gene")], [mention(0, 5, "Cell")], read_schema())
    assert body.index("bn-gone") < body.index(">BRCA1<") < body.index("+ ")
    assert moment("2026-07-01T10:30:00+00:00", "Europe/Berlin") == "2026-07-01 12:30"
    assert moment("2026-07-01T10:30:00", "") == "2026-07-01 10:30 UTC"
    assert moment("2026-07-01T10:30:00", "No/Where") == "2026-07-01 10:30 UTC"
    assert moment("long ago", None) == "long ago"


@pytest.mark.parametrize("item", ["9" * 23, "²", "9" * 5000, "-1", "1.5"])
def test_a_link_with_no_sentence_s_number_opens_the_next(
    three: tuple[Store, list[int]], item: str
) -> None:
    app = page(reviewer="Ann", item=item)
    assert item_in_url(app) == three[1][0]


def test_a_key_gives_the_same_type_in_the_editor_and_in_decide() -> None:
    schema, store, draw = read_schema(), open_store(read_settings()), Random(0)
    for number in range(12):
        names = [*schema.names, "Former"]  # which the schema has no more
        draw.shuffle(names)
        made = Project(f"P{number}", tuple(names[: draw.randint(1, len(names))]), frozenset())
        store.create_project(made)
        store.import_documents(made.name, [Document("d", "BRCA1 rose.")])
        desk = Desk(
            Session(read_settings(), schema),
            store,
            made,
            "Ann",
            QueueFilter(),
            "Sentence",
            Memory(),
        )
        known = [one for one in made.types if one in schema.names]
        assert list(desk.types[: len(known)]) == known, "the project's own order"
        assert sorted(desk.types) == sorted(made.types), "none is lost"
        [item] = store.items_of(made.name, "d")
        opened = desk.open(item)
        assert [one.name for one in view_of(desk, opened, [opened]).types] == known
