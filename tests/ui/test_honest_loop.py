"""The numbers and states of the loop as its pages show them: each is the database's own."""

from __future__ import annotations

from pathlib import Path

import page_support
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from bioner.__main__ import app as command
from bioner.labels import read_schema
from bioner.review import kept_texts
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Edit, Project, Store, Verdict, open_store
from bioner.tagging import load
from bioner.ui import cache

TYPES = read_schema().names


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A model in use that marks the words of a dictionary."""
    settings = read_settings()
    page_support.make_model(settings.models / "bioner-compact")
    monkeypatch.setattr(load, "load_tagger", page_support.load_tagger)
    cache.tagger.clear()
    return settings


def page(name: str = "", **params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    if name:
        app.switch_page(f"pages/{name}.py")
    for key, value in params.items():
        app.query_params[key] = value
    app.run()
    assert [one.value for one in app.exception] == []
    return app


def told(app: AppTest) -> str:
    """All that the page says in words."""
    kinds = (app.caption, app.text, app.info, app.warning, app.success, app.markdown, app.error)
    said = [str(one.value) for kind in kinds for one in kind]
    progress = app.get("progress")
    return "\n".join([*said, *(one.proto.text for one in progress)])


def filled(settings: Settings, documents: int = 3, sentences: int = 4) -> Store:
    store = open_store(settings)
    store.create_project(Project("P", TYPES, frozenset({"Gene", "Chemical"})))
    store.import_documents(
        "P",
        [
            Document(f"d{n}", " ".join(f"BRCA1 met case {n} of {i}." for i in range(sentences)))
            for n in range(documents)
        ],
        model="m",
    )
    return store


def say(store: Store, item: int, verdict: Verdict | None) -> None:
    seen = store.open_item(item)
    mark = mention(seen.start, seen.start + 5, "Gene", status="reviewed")
    store.save(
        Edit(
            item=item,
            base=seen.base,
            surface=seen.surface,
            mentions=(mark,),
            surfaces=("BRCA1",),
            reviewer="Ann",
            verdict=verdict,
        )
    )


def test_begun_sentences_are_named_in_queue_progress_home_and_status(place: Settings) -> None:
    store = filled(place)
    items = [row.item for row in store.queue("P")]
    say(store, items[0], None)
    say(store, items[1], "correct")
    say(store, items[2], "reject")
    assert "2 of 12 sentences settled · 9 waiting · 1 begun" in told(page())
    assert "1 sentence changed, not accepted" in told(page())
    app = page("4_Review", project="P")
    assert "2 of 12 settled · 9 waiting · 1 begun" in told(app)
    assert "begun" in [str(one) for one in app.selectbox(key="status").options]
    begun = page("4_Review", project="P", status="open")
    assert "begun: changed, not accepted" in told(begun)
    rows = CliRunner().invoke(command, ["review", "status"]).stdout.splitlines()
    row = dict(zip(rows[0].replace("my test", "mine").replace("for training", "train").split(),
                   rows[-1].split(), strict=True))  # fmt: skip
    assert (row["begun"], row["settled"], row["waiting"], row["train"]) == ("1", "2", "9", "1")


def test_where_nothing_waits_the_begun_sentences_are_named_and_one_click_away(
    place: Settings,
) -> None:
    store = filled(place, documents=1, sentences=2)
    first, second = store.items_of("P", "d0")
    say(store, first, None)
    say(store, second, "accept")
    app = page("4_Review", project="P")
    assert "1 sentence begun: changed, but not accepted" in told(app)
    assert "Nothing is waiting: 1 of 2 sentences are settled" in told(app)
    assert "Go on with them" in [one.proto.label for one in app.get("page_link")]


def test_home_and_train_name_the_one_number_that_training_will_use(
    place: Settings,
) -> None:
    store = filled(place, documents=60, sentences=2)
    for row in store.queue("P", limit=200):
        say(store, row.item, "accept")
    usable = store.usable()
    assert usable.sentences == len(store.corrections()) > 0
    assert usable.held_back == 120 - usable.sentences > 0
    said = f"{usable.sentences} reviewed sentences will be used; {usable.held_back} of “my test”"
    assert said in told(page())


def test_a_small_project_says_from_when_on_there_is_a_my_test(place: Settings) -> None:
    filled(place, documents=0)
    app = page("4_Review", project="P", part="Texts")
    app.text_area(key="paste_text").input("BRCA1 is here. So is it there.")
    app.checkbox(key="paste_predict").uncheck()
    next(one for one in app.button if one.label == "Add the text").click().run()
    assert not app.exception
    assert "It begins with 10 texts and 100 sentences (now 1 and 2)".lower() in told(app).lower()


LONG = "Aspirin is given to mice with p53. " * 80


def test_a_long_text_is_kept_apart_linked_to_listed_and_deleted(place: Settings) -> None:
    app = page("3_Predict")
    app.text_area(key="predict_text").input(LONG)
    app.button(key="predict_go").click().run()
    app.button(key="predict_keep").click().run()
    assert not app.exception
    [kept] = kept_texts.list_kept(place)
    assert kept.text == LONG
    assert open_store(place).projects() == [], "no project is made for it, no queue gets it"
    again = page("3_Predict", kept=kept.id)
    assert any(kept.name in str(one.proto.body) for one in again.get("html"))
    others = page("3_Predict")
    others.button(key=f"kept_delete_{kept.id}").click().run()
    assert kept_texts.list_kept(place) == []
    gone = page("3_Predict", kept=kept.id)
    assert any("not kept here any more" in one.value for one in gone.error)


def test_a_text_that_lies_in_a_project_opens_by_its_old_link(place: Settings) -> None:
    filled(place, documents=1)
    app = page("3_Predict", kept="P/d0")
    assert any("kept in the project P" in str(one.proto.body) for one in app.get("html"))
