"""The numbers and states of the loop as its pages show them: each is the database's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import page_support
import pyarrow as pa
import pytest
import runs
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from bioner.__main__ import app as command
from bioner.corpora.own import read_user_schema
from bioner.errors import JobError
from bioner.jobs import launch
from bioner.jobs.folder import JobSpec
from bioner.labels import read_schema
from bioner.processes import process_id
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


def run_of(settings: Settings, name: str, *rows: dict[str, float], **details: object) -> str:
    """A run that is at work, with these lines of metrics; returns its id."""
    made = runs.make_run(settings, name, "running", supervisor=process_id(os.getpid()))
    lines = [{"step": 0, "total_steps": 40, **row} for row in rows]
    (made.folder / "metrics.jsonl").write_text("\n".join(json.dumps(row) for row in lines))
    spec = json.loads((made.folder / "spec.json").read_text())
    spec["details"] |= details
    (made.folder / "spec.json").write_text(json.dumps(spec))
    return made.id


def test_a_run_below_its_parent_says_so_while_it_runs_and_draws_the_parents_line(
    place: Settings,
) -> None:
    at_start = {"parent_f1": 0.773}
    id = run_of(place, "worse", at_start, {"step": 20, "devel_f1": 0.736})
    app = page("2_Train", view="runs", job=id)
    assert "Devel F1 is 73.6, below the 77.3 of the model" in told(app)
    assert "the model before" in charts_of(app)
    fine = run_of(place, "fine", at_start, {"step": 20, "devel_f1": 0.78})
    app = page("2_Train", view="runs", job=fine)
    assert "below the" not in told(app)
    assert "the model before" in charts_of(app)


def charts_of(app: AppTest) -> str:
    return "".join(str(one.proto) for one in app.get("arrow_vega_lite_chart")) + "".join(
        str(one.proto) for one in app.get("vega_lite_chart")
    )


def test_the_first_choice_of_a_new_run_goes_on_gently_with_the_corrections(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[JobSpec] = []

    def caught(spec: JobSpec, settings: Settings, **_: object) -> None:
        launched.append(spec)
        raise JobError("caught")

    monkeypatch.setattr(launch, "launch", caught)
    fresh = page("2_Train", view="new")
    assert fresh.radio(key="train_way").value == "fresh", "nothing is there to go on with"
    store = filled(place)
    for row in store.queue("P"):
        say(store, row.item, "accept")
    app = page("2_Train", view="new")
    assert app.radio(key="train_way").value == "on"
    assert f"{store.usable().sentences} reviewed sentences will be used" in told(app)
    assert app.number_input(key="train_on_learning_rate").value == pytest.approx(5e-5)
    app.button(key="train_on_start").click().run()
    [spec] = launched
    assert spec.command[3] == "retrain"
    assert Path(spec.base).name == "bioner-compact"
    assert spec.details["reviewed_sentences"] == store.usable().sentences == 12


PUBTATOR = b"""1|t|V600E of BRAF met aspirin.
1|a|It is V600E.
1\t0\t5\tV600E\tSequenceVariant
1\t9\t13\tBRAF\tGene
1\t18\t25\taspirin\tChemical
1\t33\t38\tV600E\tSequenceVariant
1\tBind\tD1\tD2

"""


def uploaded(settings: Settings, types: tuple[str, ...] = TYPES) -> AppTest:
    open_store(settings).create_project(Project("P", types, frozenset(types)))
    app = page("4_Review", project="P", part="Texts")
    app.file_uploader(key="review_files").set_value([("a.pubtator", PUBTATOR, "")]).run()
    app.radio(key="upload_layer").set_value("gold").run()
    app.checkbox(key="upload_predict").uncheck()
    return app


def test_gold_covers_what_its_labels_mean_and_what_is_left_out_stands_in_the_receipt(
    place: Settings,
) -> None:
    app = uploaded(place)
    asked = next(one for one in app.button_group if str(one.key).startswith("upload_covers"))
    assert set(asked.value) == {"Gene", "Chemical"}, "never all thirteen"
    app.button(key="upload_do").click().run()
    assert not app.exception
    assert "4 mentions in, 2 placed" in told(app)
    assert 'label "SequenceVariant" left out' in told(app)
    store = open_store(place)
    items = store.items_of("P", "1")
    assert {store.open_item(one).covers for one in items} == {frozenset({"Gene", "Chemical"})}
    seen = store.open_item(items[0])
    store.save(
        Edit(
            item=seen.item,
            base=seen.base,
            surface=seen.surface,
            mentions=seen.mentions,
            surfaces=tuple(seen.text[m.start : m.end] for m in seen.mentions),
            reviewer="Ann",
            verdict="accept",
        )
    )
    assert {s.covers for s in store.corrections()} == {frozenset({"Gene", "Chemical"})}
    cells = corrections_on_corpora()
    assert cells["Gene"] == 1
    assert cells["Disease"] is None, "a stroke: nobody looked, so there is no zero"


def corrections_on_corpora() -> dict[str, float | None]:
    app = page("1_Corpora")
    for one in app.get("vega_lite_chart"):
        if "Mentions by corpus and type" in one.proto.spec:
            data = one.proto.datasets[0].data.data
            rows = pa.ipc.open_stream(data).read_all().to_pylist()
            return {r["column"]: r["value"] for r in rows if r["row"] == "Corrections"}
    return {}


def test_types_that_a_project_lacks_are_added_as_its_texts_come_in(place: Settings) -> None:
    app = uploaded(place, ("Gene",))
    app.selectbox(key="label_Chemical").set_value("Chemical").run()
    app.selectbox(key="label_SequenceVariant").set_value("SequenceVariant").run()
    app.button(key="upload_do").click().run()
    assert not app.exception
    assert "4 mentions in, 4 placed" in told(app)
    store = open_store(place)
    assert store.project("P").types == ("Gene", "Chemical", "SequenceVariant")
    assert "SequenceVariant" in read_user_schema(place).names
    first = store.open_item(store.items_of("P", "1")[0])
    assert {one.label for one in first.mentions} == {"Gene", "Chemical", "SequenceVariant"}


def test_a_type_is_added_to_a_project_later(place: Settings) -> None:
    open_store(place).create_project(Project("P", ("Gene",), frozenset({"Gene"})))
    app = page("4_Review", project="P", part="Project")
    app.selectbox(key="add_type").set_value("Disease").run()
    app.button(key="add_type_do").click().run()
    assert not app.exception
    project = open_store(place).project("P")
    assert (project.types, project.covers) == (("Gene", "Disease"), frozenset({"Gene"}))
