"""Every page opens: on a bare machine, and with corpora, models, projects and jobs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import torch
from page_support import load_tagger, make_model
from streamlit.testing.v1 import AppTest

from bioner.conventions import Conventions, pieces_for
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.overview import open_sample
from bioner.corpora.own import read_own_description
from bioner.labels import read_schema
from bioner.models.reserved_pieces import write_conventions
from bioner.review import REASONS
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Edit, Project, open_store
from bioner.ui.corpora.overview import read_corrections
from bioner.ui.corpora.page import SECTIONS
from bioner.ui.predict.memory import PredictMemory

PAGES = sorted(path.name for path in (PROJECT_ROOT / "pages").glob("*.py"))


def open_app(page: str = "", **params: str) -> AppTest:
    """Run the app, at this page if one is named."""
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    if page:
        app.switch_page(f"pages/{page}")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def told(app: AppTest) -> str:
    """Return everything that the page says."""
    kinds = (
        "title",
        "subheader",
        "caption",
        "markdown",
        "info",
        "success",
        "warning",
        "error",
        "html",
        "metric",
        "text",
    )
    return "\n".join(
        " ".join(str(part) for part in (getattr(one, "label", ""), getattr(one, "value", "")))
        for kind in kinds
        for one in app.get(kind)
    )


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name in ("bioner-compact", "other"):
        make_model(folder / name)
    return folder


@pytest.fixture
def filled(home: Path, models: Path, sample: Dataset, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A machine on which people have worked: merged corpora, two models, a project."""
    monkeypatch.setenv("BIONER_MODELS", str(models))
    monkeypatch.setattr("bioner.tagging.load.load_tagger", load_tagger)
    settings = read_settings()
    write_dataset(sample, settings.merged)
    store = open_store(settings)
    names = read_schema().names
    store.create_project(Project("Trial", names, frozenset(names)))
    text = "TNF-α primes keratinocytes."
    store.import_documents(
        "Trial", [Document("d1", text, (mention(0, 5, "Gene", status="predicted", score=0.9),))]
    )
    store.close()
    return settings


@pytest.mark.parametrize("page", ["", *PAGES])
def test_every_page_opens_on_a_bare_machine(home: Path, page: str) -> None:
    app = open_app(page)
    assert app.title, "each page has a title"


@pytest.mark.parametrize("page", ["", *PAGES])
def test_every_page_opens_where_people_have_worked(filled: Settings, page: str) -> None:
    app = open_app(page)
    assert app.title


def test_home_says_what_to_do_next(home: Path) -> None:
    words = told(open_app())
    assert "Train a first model" in words
    assert "Bring the corpora" in words
    assert "Start a review" in words


def test_home_counts_what_waits_and_says_where_the_work_is(filled: Settings) -> None:
    app = open_app()
    words = told(app)
    assert "1 project" in words
    assert "Review what waits" in words
    assert str(filled.home / "bioner.sqlite3") in [one.value for one in app.code]


def test_a_setting_that_is_wrong_is_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIONER_DEVICE", "toaster")
    app = open_app()
    assert len(app.error) == 1
    assert "toaster" in app.error[0].value


def test_corpora_shows_the_sample_until_the_real_ones_are_built(home: Path) -> None:
    words = told(open_app("1_Corpora.py"))
    assert "small sample" in words


@pytest.mark.slow
@pytest.mark.parametrize("part", SECTIONS)
def test_each_part_of_corpora_opens_by_its_link(filled: Settings, part: str) -> None:
    app = open_app("1_Corpora.py", part=part)
    assert not app.error


def test_corpora_filters_come_from_the_link(filled: Settings) -> None:
    app = open_app("1_Corpora.py", part="sentences", corpora="BC5CDR", splits="train")
    assert "**10 sentences**" in told(app)
    app.multiselect(key="corpora_filter_splits").set_value(["test"]).run()
    assert "**4 sentences**" in told(app)
    assert app.query_params["splits"] in ("test", ["test"])


def test_corpora_finds_nothing_and_says_so(filled: Settings) -> None:
    app = open_app("1_Corpora.py", part="sentences", q="no such words at all")
    assert "No sentence fits" in app.info[0].value


def test_building_from_a_folder_that_is_not_there_is_one_sentence(home: Path) -> None:
    app = open_app("1_Corpora.py")
    app.text_input(key="corpora_source").set_value(str(home / "nowhere"))
    button = next(one for one in app.button if "Build from this folder" in one.label)
    button.click().run()
    assert not app.exception
    assert "no such folder" in app.error[0].value


def test_building_from_a_folder_replaces_the_sample(home: Path) -> None:
    app = open_app("1_Corpora.py")
    app.text_input(key="corpora_source").set_value(str(read_settings().sample))
    next(one for one in app.button if "Build from this folder" in one.label).click().run()
    assert not app.exception
    assert (read_settings().merged / "manifest.json").exists()
    assert "small sample" not in told(app)


def test_predict_without_a_model_says_how_to_get_one(home: Path) -> None:
    assert "train one" in told(open_app("3_Predict.py"))


def test_predict_marks_a_pasted_text(filled: Settings) -> None:
    app = open_app("3_Predict.py")
    app.text_area(key="predict_text").set_value("Aspirin? We gave aspirin to mice.").run()
    assert not app.exception
    assert "2 mentions of 2 types in 2 sentences" in told(app)


def test_predict_refuses_an_empty_text_in_one_sentence(filled: Settings) -> None:
    app = open_app("3_Predict.py")
    app.button(key="predict_go").click().run()
    assert [one.value for one in app.error] == [
        "There is no text to read: paste some above, or take one of the examples."
    ]


def test_predict_refuses_a_text_that_is_too_long(filled: Settings) -> None:
    app = open_app("3_Predict.py")
    app.text_area(key="predict_text").set_value("aspirin " * 700_000).run()
    assert not app.exception
    assert len(app.error) == 1
    assert "python -m bioner tag" in app.error[0].value


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "picture.png"),
        ("empty.txt", b"", "empty"),
        ("latin.txt", "naïve".encode("latin-1"), "UTF-8"),
        ("broken.xml", b"<collection><document>", "broken.xml"),
        ("zeros.txt", b"\x00" * 400, "binary"),
    ],
)
def test_a_bad_upload_is_one_sentence_and_the_page_lives(
    filled: Settings, name: str, data: bytes, word: str
) -> None:
    app = open_app("3_Predict.py")
    app.segmented_control(key="predict_source").set_value("Files").run()
    good = ("good.txt", b"We gave aspirin to mice.", "text/plain")
    app.file_uploader(key="predict_files").set_value([(name, data, "text/plain"), good]).run()
    assert not app.exception
    assert len(app.error) == 1
    assert word in app.error[0].value
    assert "\n" not in app.error[0].value
    assert "2 mentions of 2 types" in told(app), "the good file is tagged all the same"


def test_predict_opens_an_example_with_its_view_from_a_link(filled: Settings) -> None:
    app = open_app(
        "3_Predict.py", example="cytokine-signalling", view="groups", sure="90", heat="1"
    )
    assert app.slider(key="predict_sure").value == 90
    assert app.toggle(key="predict_heat").value is True
    assert "2 types" in told(app), "Gene/Protein and Cell: DMSO and NF-κB are below 90%"


def test_predict_opens_a_text_from_a_link(filled: Settings) -> None:
    app = open_app("3_Predict.py", text="We gave aspirin to mice.")
    assert app.text_area(key="predict_text").value == "We gave aspirin to mice."
    assert "2 mentions" in told(app)


def test_predict_compares_two_models(filled: Settings) -> None:
    app = open_app("3_Predict.py", text="We gave aspirin to mice.", against="other")
    assert "1 the same · 1 other type" in told(app)


@pytest.fixture
def told_model(filled: Settings, models: Path, tmp_path: Path, monkeypatch) -> Path:
    """The model in use, now one that knows the rules of a corpus and of the project "Trial"."""
    folder = tmp_path / "told-models" / "bioner-compact"
    shutil.copytree(models / "bioner-compact", folder)
    known = Conventions((), pieces_for(["BC2GM"])).knowing(
        {"BC2GM": {"Gene", "Protein"}, "Trial": {"Gene"}}
    )
    write_conventions(folder, known)
    monkeypatch.setenv("BIONER_MODELS", str(folder.parent))
    return folder


def test_a_model_that_knows_conventions_is_asked_whose_rules_hold(told_model: Path) -> None:
    app = open_app("3_Predict.py", text="We gave aspirin to mice.")
    asked = app.selectbox(key="predict_as")
    assert asked.label == "Mark as in"
    assert asked.value == "any"
    assert "2 mentions" in told(app)
    asked.set_value("BC2GM").run()
    assert not app.exception
    assert "1 mention of 1 type" in told(app)
    assert "bioner-compact as in BC2GM" in told(app)


def test_one_model_under_two_conventions_stands_side_by_side(told_model: Path) -> None:
    app = open_app("3_Predict.py", text="We gave aspirin to mice.", against="bioner-compact")
    app.selectbox(key="predict_as").set_value("Trial").run()
    assert "Trial" not in app.selectbox(key="predict_against_as").options
    app.selectbox(key="predict_against_as").set_value("any").run()
    assert not app.exception
    said = told(app)
    assert "1 mention of 1 type in 1 sentence · bioner-compact as in Trial" in said
    assert "2 mentions of 2 types in 1 sentence · bioner-compact" in said
    assert app.query_params["as"] in ("Trial", ["Trial"])


def test_a_link_opens_the_conventions_again(told_model: Path) -> None:
    app = open_app(
        "3_Predict.py",
        text="We gave aspirin to mice.",
        against="bioner-compact",
        against_as="BC2GM",
        **{"as": "Trial"},
    )
    assert app.selectbox(key="predict_as").value == "Trial"
    assert app.selectbox(key="predict_against_as").value == "BC2GM"


def test_a_model_without_conventions_is_not_asked(filled: Settings) -> None:
    app = open_app("3_Predict.py", text="We gave aspirin to mice.")
    with pytest.raises(KeyError):
        app.selectbox(key="predict_as")


def test_a_projects_texts_are_marked_by_its_own_rules(told_model: Path) -> None:
    from bioner.ui.intake import tagging_of
    from bioner.ui.session import Session

    session = Session(read_settings(), read_schema())
    document = Document("d", "We gave aspirin to mice.")
    for project, number in (("Trial", 1), ("Another", 2)):
        tagging = tagging_of(session, project)
        assert tagging is not None
        assert len(tagging.tag([document], lambda _: None)[0].mentions) == number


def test_a_link_to_a_model_that_is_gone_is_one_sentence(filled: Settings) -> None:
    app = open_app("3_Predict.py", model="vanished", text="We gave aspirin to mice.")
    assert len(app.error) == 1
    assert "vanished" in app.error[0].value
    assert "2 mentions" in told(app)


def test_a_model_folder_that_lacks_a_file_is_one_sentence(
    filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    shutil.copytree(filled.models, tmp_path / "damaged")
    (tmp_path / "damaged" / "other" / "model.safetensors").unlink()
    monkeypatch.setenv("BIONER_MODELS", str(tmp_path / "damaged"))
    app = open_app("3_Predict.py", text="We gave aspirin to mice.")
    assert len(app.error) == 1
    assert "other" in app.error[0].value
    assert "2 mentions" in told(app)


def with_tags(folder: Path, tags: list[str]) -> None:
    """Make a sound model folder whose classifier has these tags."""
    from transformers import BertConfig, BertForTokenClassification

    make_model(folder)
    (folder / "card.json").unlink()
    config = BertConfig.from_pretrained(folder)
    config.id2label = dict(enumerate(tags))
    config.label2id = {tag: i for i, tag in enumerate(tags)}
    model = BertForTokenClassification(config)
    model.classifier.bias.data = torch.tensor([0.0] + [9.0] * (len(tags) - 1))
    model.save_pretrained(folder)


@pytest.mark.parametrize(
    "tags", [["LABEL_0", "LABEL_1", "LABEL_2"], ["O", "B-PER", "I-PER", "E-PER", "S-PER"]]
)
def test_a_model_whose_labels_are_no_tags_of_ours_is_one_sentence(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: list[str]
) -> None:
    with_tags(tmp_path / "odd", tags)
    monkeypatch.setenv("BIONER_MODELS", str(tmp_path))
    app = open_app("3_Predict.py", model="odd", text="We gave aspirin to mice.")
    assert len(app.error) == 1
    assert tags[0] in app.error[0].value
    assert "choose another model" in app.error[0].value
    assert app.text_area[0].value == "We gave aspirin to mice."


def test_a_model_of_other_types_marks_them_but_cannot_be_corrected(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tags(tmp_path / "news", ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"])
    monkeypatch.setenv("BIONER_MODELS", str(tmp_path))
    app = open_app("3_Predict.py", model="news", text="Marie Curie gave aspirin to mice.")
    assert not app.error
    assert app.button(key="predict_correct").disabled
    assert re.search(r"news marks types that this studio has not \((ORG|PER|ORG, PER)\)", told(app))


def test_a_label_switched_off_in_the_link_is_hidden(filled: Settings) -> None:
    app = open_app("3_Predict.py", text="We gave aspirin to mice.", hide="Organism")
    assert "1 mention of 1 type" in told(app)


def why(text: str, chosen: str, **link: str) -> str:
    """Return what Predict says of this text when this mention (its place and type) is chosen."""
    app = open_app("3_Predict.py", text=text, **link)
    app.session_state["bioner_session"].of(PredictMemory).chosen = chosen
    app.run()
    assert not app.exception
    return told(app)


def test_why_shows_the_same_words_of_the_corpora_or_says_that_there_are_none(
    filled: Settings,
) -> None:
    said = why("We gave aspirin to mice.", "8-15:Chemical")
    assert "“aspirin” is labelled nowhere there" in said
    assert '<div class="bn-uses">' not in said
    said = why("We gave aspirin to mice.", "19-23:Organism")
    assert "<b>mice</b>" in said


def test_why_tells_whose_rules_were_followed_with_an_example_of_theirs(
    filled: Settings, told_model: Path
) -> None:
    text = "We gave aspirin to mice."
    assert "As in" not in why(text, "8-15:Chemical")
    said = why(text, "8-15:Chemical", **{"as": "Trial"})
    assert "**As in Trial**" in said
    assert "“aspirin” is marked nowhere by these rules" in said
    store = open_store(filled)
    store.import_documents("Trial", [Document("d2", "We use low-dose aspirin.")])
    (item,) = store.items_of("Trial", "d2")
    seen = store.open_item(item, "Ada").surface
    store.save(
        Edit(
            item=item,
            base=0,
            surface=seen,
            mentions=(mention(7, 23, "Chemical", status="reviewed"),),
            surfaces=("low-dose aspirin",),
            reviewer="Ada",
            verdict="correct",
        )
    )
    store.close()
    said = why(text, "8-15:Chemical", **{"as": "Trial"})
    assert "Corrected so by reviewers, 1 time" in said
    assert "low - dose aspirin" in said


def test_a_corpuss_own_examples_are_those_words_else_longer_ones_with_them() -> None:
    shelf = open_sample(read_settings().sample, read_schema())
    surface, uses = next((s, u) for s, u in shelf.labelled.items() if " " in s)
    corpus = uses[0].corpus
    assert shelf.labelled_in(surface, corpus)[0].surface.lower() == surface
    inner = surface.split()[0]
    found = shelf.labelled_in(inner, corpus, most=50)
    assert found
    assert all(f" {inner} " in f" {one.surface.lower()} " for one in found)
    assert not shelf.labelled_in("nowhere at all", corpus)


def test_correct_these_takes_the_document_to_review(filled: Settings) -> None:
    app = open_app("3_Predict.py", text="We gave aspirin to mice.")
    app.button(key="predict_correct").click().run()
    assert not app.exception
    documents = open_store(filled).export_documents("Trial", layer="shown")
    sent = next(one for one in documents if one.id.startswith("pasted-"))
    assert [sent.surface(one) for one in sent.mentions] == ["aspirin", "mice"]
    assert app.title[0].value == "Review"
    rows = {row.document: row for row in open_store(filled).queue("Trial")}
    assert rows[sent.id].priority > 0
    assert {reason.name for reason in rows[sent.id].reasons} <= set(REASONS)
    assert rows["d1"].reasons == ()


def test_the_whole_queue_is_ranked_by_a_click_and_says_why(filled: Settings) -> None:
    app = open_app("4_Review.py", project="Trial", reviewer="Ann", part="Project")
    app.button(key="order_queue").click().run()
    assert not app.exception
    assert "1 waiting sentence ranked" in told(app)
    [row] = open_store(filled).queue("Trial")
    assert {reason.name for reason in row.reasons} >= {"low confidence"}
    app = open_app("4_Review.py", project="Trial", reviewer="Ann")
    assert "Why this sentence" in told(app)


def test_a_damaged_corpora_folder_leaves_the_order_of_the_texts(filled: Settings) -> None:
    (filled.merged / "manifest.json").write_text("{", encoding="utf-8")
    app = open_app("4_Review.py", project="Trial", reviewer="Ann", part="Project")
    app.button(key="order_queue").click().run()
    assert not app.exception
    assert "stays in the order of the texts" in told(app)


def test_an_own_corpus_is_added_on_the_page(home: Path) -> None:
    app = open_app("1_Corpora.py", part="own")
    data = b"We\tO\ngave\tO\naspirin\tB-Drug\n.\tO\n\nMice\tB-Chemical\ndied\tO\n"
    uploader = app.get("file_uploader")[0]
    uploader.set_value([("ward.conll", data, "text/plain")]).run()
    assert not app.exception
    app.selectbox(key="own_type_Drug").set_value("Chemical").run()
    app.button(key="own_add").click().run()
    assert not app.exception
    assert "ward is added" in app.success[0].value
    assert (read_settings().own_corpora / "ward" / "corpus.json").exists()


def test_a_corpus_of_the_catalogue_is_added_from_its_file_and_removed_again(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "NLM-Gene.train.PubTator"
    path.write_text("1|t|Wnt binds APC.\n1|a|\n1\t0\t3\tWnt\tFamilyName\n1\t10\t13\tAPC\tGene\n")
    app = open_app("1_Corpora.py", part="more")
    assert "NLM-Gene: genes of many species" in told(app)
    assert "Models here are checked on its development set" in told(app)
    app.text_input(key="more_path_NLM-Gene").set_value(str(path))
    next(one for one in app.button if "more_file_NLM-Gene" in str(one.proto.form_id)).click().run()
    assert not app.exception
    assert "NLM-Gene is added (1 train, 0 devel, 0 test sentences)" in app.success[0].value
    assert "1 of the published 550 documents are here" in told(app)
    folder = read_settings().own_corpora / "NLM-Gene"
    assert read_own_description(folder).licence == "CC0 1.0"
    app.button(key="more_remove_NLM-Gene").click().run()
    assert not app.exception
    assert not folder.exists()


@pytest.mark.parametrize("data", [b"", b"\x00" * 90, "naïve".encode("latin-1"), b"no labels"])
def test_an_own_corpus_that_cannot_be_read_is_one_sentence(home: Path, data: bytes) -> None:
    app = open_app("1_Corpora.py", part="own")
    app.get("file_uploader")[0].set_value([("bad.txt", data, "text/plain")]).run()
    assert not app.exception
    assert len(app.error) == 1
    assert not read_settings().own_corpora.exists()


def test_corrections_are_one_more_corpus_on_the_charts(filled: Settings) -> None:
    store = open_store(filled)
    (item,) = store.items_of("Trial", "d1")
    opened = store.open_item(item, "Ada")
    store.save(
        Edit(
            item=item,
            base=0,
            surface=opened.surface,
            mentions=(
                mention(0, 5, "Gene", status="reviewed"),
                mention(13, 26, "Cell", status="reviewed"),
            ),
            surfaces=("TNF-α", "keratinocytes"),
            reviewer="Ada",
            verdict="correct",
        )
    )
    store.close()
    corrections = read_corrections(filled)
    assert sum(corrections.sentences.values()) == 1
    assert corrections.count("Cell", ("train", "test")) == 1
    assert corrections.lengths(("train", "test")).total() == 1
    app = open_app("1_Corpora.py")
    said = [one.proto.alt for one in app.get("vega_lite_chart")]
    assert any("Corrections" in one for one in said), said


def test_only_the_very_words_count_as_labelled_in_the_corpora() -> None:
    shelf = open_sample(read_settings().sample, read_schema())
    assert [use.label for use in shelf.labelled_as("TNF-α")] == [
        use.label for use in shelf.labelled["tnf - alpha"]
    ]
    for similar in ("keratinocyte", "mic", "nude  mouse"):
        assert shelf.labelled_as(similar) == ()
