"""The Metrics page tells the truth: with nothing, with a card alone, with stored evaluations."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from metrics_support import GOOD, KNOWN, SCHEMA, WORSE, make_data, sentence, store_report
from page_support import make_model
from streamlit.testing.v1 import AppTest
from support import DictionaryTagger

from bioner.conventions import Conventions, pieces_for
from bioner.corpora.dataset_folder import read_manifest, write_dataset
from bioner.errors import JobError
from bioner.evaluation.evaluate import evaluate_and_store
from bioner.evaluation.keys import evaluation_key
from bioner.evaluation.promotion import promote, recorded
from bioner.evaluation.published import ANCHORS, COLUMNS
from bioner.evaluation.reports import FOLDER
from bioner.evaluation.scoring import score
from bioner.jobs import launch
from bioner.jobs.folder import Job, JobSpec, JobState
from bioner.models.card import read_card, write_card
from bioner.models.catalogue import active_model
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import Document, mention, with_spans
from bioner.store import Edit, Project, open_store
from bioner.ui.metrics.board import column_name
from bioner.ui.metrics.data import SAMPLE
from bioner.ui.plain import plain_label


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_model(folder / "bioner-compact")
    shutil.copytree(folder / "bioner-compact", folder / "other")
    config = folder / "other" / "config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    write_card(folder / "other", replace(read_card(folder / "other"), name="other"))
    return folder


@pytest.fixture
def place(home: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BIONER_MODELS", str(models))
    return read_settings()


def open_page(**params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/5_Metrics.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def told(app: AppTest) -> str:
    kinds = (
        *("title", "subheader", "caption", "markdown", "info"),
        *("warning", "success", "error", "html", "metric"),
    )
    return "\n".join(
        " ".join(str(part) for part in (getattr(one, "label", ""), getattr(one, "value", "")))
        for kind in kinds
        for one in app.get(kind)
    )


def table_with(app: AppTest, column: str):
    """Return the first table that has this column."""
    return next(one.value for one in app.dataframe if column in one.value.columns)


def test_without_a_model_it_says_how_to_get_one(home: Path) -> None:
    assert "There is no model here to score" in told(open_page())


def test_without_scores_or_corpora_it_says_so_and_offers_the_sample(place: Settings) -> None:
    app = open_page()
    assert "has not been scored, and the corpora are not on this machine" in told(app)
    assert app.button(key="metrics_sample").label == "Try it on the sample"


def test_without_corpora_the_card_speaks_for_the_model(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place.models, tmp_path / "own")
    monkeypatch.setenv("BIONER_MODELS", str(tmp_path / "own"))
    data = make_data()
    report = score(data.test, DictionaryTagger(data, GOOD).tag(data.test), SCHEMA)
    raw = json.loads(json.dumps(report.to_json()))
    folder = tmp_path / "own" / "bioner-compact"
    write_card(folder, replace(read_card(folder), scores=raw))
    app = open_page()
    words = told(app)
    assert "from the model's card" in words
    assert "The corpora are not on this machine" in words
    assert "Mean F1 of 3 corpora" in words
    mistakes = told(open_page(view="mistakes"))
    assert "The model's card has its scores, not its mistakes" in mistakes
    write_card(folder, replace(read_card(folder), scores={"overall": "of another kind"}))
    assert "has not been scored" in told(open_page())


@pytest.mark.slow
@pytest.mark.parametrize("view", ["scores", "mistakes", "trust", "compare", "board"])
def test_every_view_opens_by_its_link(place: Settings, view: str) -> None:
    data = make_data()
    store_report(place, data, "bioner-compact", WORSE, ("BC4CHEMD",))
    store_report(place, data, "other", GOOD, ("BC4CHEMD",))
    app = open_page(view=view)
    assert not app.error or view == "compare"
    assert app.segmented_control(key="metrics_view").value == view


def test_a_part_of_a_corpus_is_called_one_everywhere(place: Settings) -> None:
    store_report(place, make_data(), "bioner-compact", WORSE, ("BC4CHEMD",))
    app = open_page()
    assert "Mean F1 of 2 corpora" in told(app)
    assert "Only a part of BC4CHEMD is here" in told(app)
    table = table_with(app, "Corpus")
    assert "BC4CHEMD (part)" in list(table["Corpus"])
    board = table_with(open_page(view="board"), "Source")
    ours = board[board["Model"] == "bioner-compact"]
    assert list(ours["Computed"]) == ["dictionary"], "by what, as the page says it"
    assert ours["BC4CHEMD"].isna().all()
    assert not ours["BC4CHEMD (part)"].isna().any()


def test_scores_told_no_convention_stand_beside_those_by_own_rules(place: Settings) -> None:
    class Knowing(DictionaryTagger):
        """Told a corpus's own rules it knows all its words; told none, no genes."""

        name = "bioner-compact"
        conventions = Conventions((), pieces_for(["BC2GM"])).knowing({"BC2GM": {"Gene"}})

        def tag(self, sentences, *, progress=None):
            found = super().tag(sentences, progress=progress)
            return [with_spans(s, [x for x in s.spans if x.label != "Gene"]) for s in found]

        def tag_own(self, sentences, *, progress=None):
            return super().tag(sentences, progress=progress)

    data = make_data(count=20)
    write_dataset(data, place.merged)
    key = evaluation_key(place.models / "bioner-compact", place.merged)
    evaluate_and_store(Knowing(data, GOOD), data, key, place.data / FOLDER, trained_on=KNOWN)
    app = open_page(model="bioner-compact")
    table = table_with(app, "F1, any")
    rows = dict(zip(table["Corpus"], table["F1, any"], strict=True))
    assert rows["BC2GM"] == 0
    assert rows["NCBI-disease"] == 100
    assert "told nobody's" in told(app)


def test_one_corpus_and_types_without_a_gold_mention_are_said(place: Settings) -> None:
    store_report(place, make_data(corpora=1), "bioner-compact", {**GOOD, "now": "Protein"})
    words = told(open_page())
    assert "one corpus, BC2GM" in words
    assert "F1 of the one corpus" in words
    assert "No corpus here has gold mentions of Anatomy, Chemical, Disease" in words


def test_a_type_with_marks_but_no_support_gets_no_f1(place: Settings) -> None:
    data = make_data()
    cg = [replace(s, corpus="BioNLP13CG", covers=SCHEMA.mapping_for("BioNLP13CG").covers)
          for s in data.test[:60]]  # fmt: skip
    store_report(place, replace(data, test=tuple(cg)), "bioner-compact", {**GOOD, "now": "Cell"})
    app = open_page()
    assert "Cell: marked by the model, but without a single gold mention" in told(app)
    table = table_with(app, "Type")
    assert table[table["Type"] == "Cell"]["F1"].isna().all()


def test_another_schema_and_other_data_are_said(place: Settings) -> None:
    data = make_data()
    made = store_report(place, data, "bioner-compact", GOOD)
    path = made.folder / "report.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["model_schema"] = "another"
    raw["report"]["unknown_types"] = ["Taxon"]
    path.write_text(json.dumps(raw), encoding="utf-8")
    words = told(open_page())
    assert "trained by other types and mappings" in words
    assert "has no tag for Taxon" in words
    shutil.rmtree(place.merged)
    write_dataset(replace(data, fingerprint="newer"), place.merged)
    words = told(open_page())
    assert "other data than the merged corpora that are here now" in words
    assert "Evaluate on what is here" in [b.label for b in open_page().button]


def test_leaked_sentences_are_said_and_so_is_not_knowing(place: Settings) -> None:
    data = make_data()
    made = store_report(place, data, "bioner-compact", GOOD, trained_on=frozenset())
    assert "does not say what it was trained on" in told(open_page())
    raw = json.loads((made.folder / "report.json").read_text(encoding="utf-8"))
    raw["report"]["leaked"] = 7
    (made.folder / "report.json").write_text(json.dumps(raw), encoding="utf-8")
    assert "trained on them: 7 sentences" in told(open_page())


def test_damaged_corpora_are_one_sentence(place: Settings) -> None:
    place.merged.mkdir(parents=True)
    (place.merged / "manifest.json").write_text("{", encoding="utf-8")
    app = open_page()
    assert len(app.error) == 1
    assert "damaged" in app.error[0].value


def test_a_cell_of_the_confusion_matrix_filters_the_sentences(place: Settings) -> None:
    store_report(place, make_data(), "bioner-compact", WORSE)
    app = open_page(view="mistakes", gold="Disease", predicted="missed")
    assert "60 mistakes in 60 sentences" in told(app)
    app.selectbox(key="metrics_gold").set_value("spurious").run()
    assert "No mistake fits" in told(app)
    app.selectbox(key="metrics_predicted").set_value("").run()
    assert "60 mistakes in 60 sentences" in told(app)
    app.text_input(key="metrics_surface").set_value("nowhere").run()
    assert "No mistake fits" in told(app)


def test_surfaces_are_shown_as_text_never_as_markup(place: Settings) -> None:
    data = make_data(corpora=1)
    odd = sentence("BC2GM", 99, "x<b>bold</b> binds", {"x<b>bold</b>": "Gene"})
    store_report(place, replace(data, test=(odd,)), "bioner-compact", {})
    app = open_page(view="mistakes")
    cards = [one.value for one in app.get("html") if "bn-pair" in one.value]
    assert cards
    assert "x&lt;b&gt;bold" in cards[0]
    assert "<b>bold" not in cards[0]


def test_mistakes_become_a_queue_with_gold_and_prediction(place: Settings) -> None:
    store_report(place, make_data(), "bioner-compact", WORSE)
    app = open_page(view="mistakes", gold="Gene", predicted="missed")
    app.button(key="metrics_mistakes_send").click().run()
    assert not app.exception
    store = open_store(place)
    queue = store.queue("Mistakes", limit=100)
    assert len(queue) == 40
    assert {reason.name for row in queue for reason in row.reasons} == {"missed"}
    item = store.open_item(queue[0].item, claim=False)
    assert [m.label for m in item.gold] == ["Gene"]
    assert [p.model for p in item.predictions] == ["bioner-compact"]
    assert app.title[0].value == "Review"


def test_a_worse_model_is_refused_with_reasons_and_a_better_one_offered(place: Settings) -> None:
    data = make_data(corpora=2, count=320)
    store_report(place, data, "bioner-compact", WORSE)
    store_report(place, data, "other", GOOD)
    refused = open_page(view="compare", model="bioner-compact", against="other")
    assert "bioner-compact should not replace other" in refused.error[0].value
    assert "a significant fall" in refused.error[0].value
    app = open_page(view="compare", model="other", against="bioner-compact")
    assert "other may replace bioner-compact" in app.success[0].value
    app.button(key="metrics_promote").click().run()
    assert not app.exception
    assert app.button(key="promote_yes").label == "Use it"
    scores = table_with(app, "On")
    assert list(scores["On"]) == ["BC2GM", "NCBI-disease"]
    assert (scores["bioner-compact"] < scores["other"]).all()
    assert any("My test" in one.value for one in app.info), "what was not asked is said"


def make_my_test(settings: Settings) -> int:
    """Review a hundred documents, some of them "my test"; return how many sentences these are."""
    store = open_store(settings)
    store.create_project(Project("Trial", SCHEMA.names, frozenset(SCHEMA.names)))
    texts = [f"We gave drug{i} to mice." for i in range(100)]
    store.import_documents("Trial", [Document(f"d{i}", text) for i, text in enumerate(texts)])
    for row in store.queue("Trial", limit=100):
        item = store.open_item(row.item, "Ada")
        at = item.text.index("mice")
        mice = mention(at, at + 4, "Organism", status="reviewed")
        store.save(
            Edit(
                item=row.item,
                base=item.base,
                surface=item.surface,
                mentions=(mice,),
                surfaces=("mice",),
                reviewer="Ada",
                verdict="correct",
            )
        )
    tests = len(store.my_test())
    store.close()
    assert tests
    return tests


@pytest.mark.slow
def test_my_test_is_checked_apart_and_counts_in_the_gate(place: Settings) -> None:
    data = make_data()
    store_report(place, data, "bioner-compact", GOOD)
    store_report(place, data, "other", GOOD)
    tests = make_my_test(place)
    app = open_page(view="compare", model="other", against="bioner-compact")
    before = table_with(app, "What")["What"]
    assert any("My test: not scored" in text for text in before)
    assert app.button(key="metrics_own_test").label == f"Check on my test ({tests} sentences)"
    app.button(key="metrics_own_test").click().run()
    assert not app.exception
    assert "metrics_own_test" not in [b.key for b in app.button]
    verdicts = table_with(app, "What")
    assert any(f"patterns in my test: 0 of {tests} found" in text for text in verdicts["What"])


def test_without_corpora_my_test_alone_speaks_and_the_rest_is_called_unchecked(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place.models, tmp_path / "own")
    monkeypatch.setenv("BIONER_MODELS", str(tmp_path / "own"))
    data = make_data()
    raw = score(data.test, DictionaryTagger(data, GOOD).tag(data.test), SCHEMA).to_json()
    for name in ("bioner-compact", "other"):
        folder = tmp_path / "own" / name
        write_card(folder, replace(read_card(folder), scores=json.loads(json.dumps(raw))))
    make_my_test(place)
    app = open_page(view="compare", model="other", against="bioner-compact")
    app.button(key="metrics_own_test").click().run()
    assert not app.exception
    verdicts = table_with(app, "What")
    unchecked = verdicts[verdicts["Verdict"] == "cannot tell"]["What"]
    assert any("what the model may have forgotten is not known" in text for text in unchecked)


@pytest.mark.slow
def test_the_model_in_use_is_retrained_with_the_corrections_by_a_click(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = []

    def queued(spec: JobSpec, settings: Settings, **_: object) -> Job:
        launched.append(spec)
        return Job("one", settings.jobs / "one", spec, JobState())

    monkeypatch.setattr(launch, "launch", queued)
    store_report(place, make_data(), "bioner-compact", GOOD)
    assert "metrics_retrain" not in [b.key for b in open_page(view="compare").button]
    tests = make_my_test(place)
    app = open_page(view="compare")
    button = app.button(key="metrics_retrain")
    name = plain_label("bioner-compact")
    assert button.label == f"Retrain {name} with {100 - tests} reviewed sentences"
    assert f"will be used; {tests} of “my test” stay out" in button.help
    assert "A part of the merged corpora is replayed" in button.help
    button.click().run()
    assert not app.exception
    [spec] = launched
    assert spec.command[1:6] == ("-m", "bioner", "retrain", "--base", spec.base)
    assert Path(spec.base).name == "bioner-compact"
    assert Path(spec.out).name == "bioner-compact-2"


def test_a_refusal_is_kept_on_record_with_its_reasons(place: Settings) -> None:
    data = make_data()
    store_report(place, data, "bioner-compact", GOOD)
    store_report(place, data, "other", WORSE)
    app = open_page(view="compare", model="other", against="bioner-compact")
    app.button(key="metrics_refuse").click().run()
    [kept] = recorded(place)
    assert not kept.decision.is_accepted
    record = table_with(open_page(view="compare", model="other"), "Why")
    assert list(record["What"]) == ["refused"]
    assert "a significant fall" in record["Why"].iloc[0]


def test_scores_on_other_sentences_are_not_set_side_by_side(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place.models, tmp_path / "own")
    monkeypatch.setenv("BIONER_MODELS", str(tmp_path / "own"))
    data = make_data()
    raw = score(data.test, DictionaryTagger(data, GOOD).tag(data.test), SCHEMA).to_json()
    folder = tmp_path / "own" / "other"
    write_card(folder, replace(read_card(folder), scores=json.loads(json.dumps(raw))))
    store_report(read_settings(), replace(data, test=data.test[30:]), "bioner-compact", GOOD)
    app = open_page(view="compare", model="bioner-compact", against="other")
    table = table_with(app, "Difference")
    assert sorted(table["Corpus"]) == ["BC4CHEMD", "NCBI-disease"]
    assert "scored on other sentences are not set side by side" in told(app)


def test_a_score_on_a_few_sentences_is_not_set_beside_quoted_ones(place: Settings) -> None:
    store_report(place, make_data(), "bioner-compact", GOOD, ("BC4CHEMD",))
    board = table_with(open_page(view="board"), "Source")
    ours = board[board["Model"] == "bioner-compact"]
    assert ours["BC2GM"].isna().all()
    assert not ours["BC2GM (part)"].isna().any()
    assert ours["Mean"].isna().all()
    assert list(ours["Source"]) == ["measured here"]
    figures = {one.label for one in open_page(view="scores").metric}
    assert "Mean F1 of 2 corpora, in part" in figures, "why the leaderboard has none is said"


def test_the_model_before_is_one_click_away(place: Settings) -> None:
    data = make_data()
    store_report(place, data, "bioner-compact", WORSE)
    store_report(place, data, "other", GOOD)
    store = open_store(place)
    promote(place, store, "other", overrule="better on genes")
    store.close()
    app = open_page(view="compare", model="other", against="bioner-compact")
    app.button(key="metrics_rollback").click().run()
    assert active_model(place) == "bioner-compact"


def test_comparing_says_what_is_missing(place: Settings) -> None:
    store_report(place, make_data(), "bioner-compact", GOOD)
    app = open_page(view="compare")
    assert "other has not been scored on this data yet" in told(app)
    assert app.button(key="metrics_evaluate_other")


def test_evaluate_launches_a_background_job_with_the_command_for_it(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = []

    def refuse(spec: launch.JobSpec, settings: Settings, **_: object) -> launch.Job:
        launched.append(spec)
        raise JobError("no room for it")

    monkeypatch.setattr(launch, "launch", refuse)
    write_dataset(make_data(), place.merged)
    app = open_page()
    assert "has not been scored on these 129 test sentences" not in told(app)
    app.button(key="metrics_evaluate").click().run()
    assert launched[0].command[1:5] == ("-m", "bioner", "evaluate", "--model")
    assert launched[0].kind == "evaluate"
    assert "no room for it" in app.error[0].value


def test_the_curve_of_the_job_that_trained_the_model_is_shown(place: Settings) -> None:
    store_report(place, make_data(), "bioner-compact", GOOD)
    assert "How it learned" not in told(open_page())
    folder = place.jobs / "20260101-000000-train"
    folder.mkdir(parents=True)
    spec = {"command": ["true"], "title": "train", "out": str(place.models / "bioner-compact")}
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    (folder / "state.json").write_text('{"status": "finished"}', encoding="utf-8")
    rows = [{"step": n, "total_steps": 20, "devel_f1": n / 40} for n in (10, 20)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metrics.jsonl").write_text(text, encoding="utf-8")
    assert "How it learned" in told(open_page())


def test_the_sample_is_merged_for_a_try(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "launch", lambda spec, settings: None)
    open_page().button(key="metrics_sample").click().run()
    assert len(read_manifest(place.data / SAMPLE).report.sentences) == 10


def test_a_link_to_a_model_that_is_gone_is_one_sentence(place: Settings) -> None:
    app = open_page(model="vanished")
    assert "vanished" in app.error[0].value


def test_quoted_scores_are_of_places_that_the_board_has() -> None:
    for anchor in ANCHORS:
        assert set(anchor.f1) <= set(COLUMNS)
        assert anchor.citation
        assert all(50 < value < 100 for value in anchor.f1.values())
    assert len({column_name(place) for place in COLUMNS}) == len(COLUMNS)
