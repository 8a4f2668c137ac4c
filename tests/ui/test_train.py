"""The Train page without a browser: bases, estimates, run cards, and each view opened."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from driver import Driver, Fake
from runs import make_model, make_run
from streamlit.testing.v1 import AppTest

from bioner.conventions import Conventions, pieces_for
from bioner.jobs import estimate
from bioner.jobs.folder import list_jobs
from bioner.models import bases
from bioner.models.card import ModelCard
from bioner.models.reserved_pieces import CONVENTIONS
from bioner.processes import process_id
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.training import run_card
from bioner.ui.train.run import run_facts


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("HOME", "BACKUPS", "MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("BIONER_ENCODERS", str(tmp_path / "encoders"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("BIONER_DEVICE", "cpu")
    return read_settings()


def test_biobert_comes_first_and_says_that_it_needs_a_network(
    place: Settings, tmp_path: Path
) -> None:
    make_model(tmp_path / "encoders", "some-encoder", head=False)
    make_model(place.models, "trained")
    found = bases.list_bases(place)
    assert found[0].value == bases.BIOBERT
    assert found[0].label.endswith("needs a network")
    labels = {base.title: base.label for base in found}
    assert labels["some-encoder"].endswith("on this machine")
    assert labels["trained"].endswith("a trained model")
    assert found[bases.preferred(found)].title == "some-encoder"


def test_local_biobert_takes_the_place_of_the_hub_s(place: Settings) -> None:
    make_model(place.models, "my-biobert", head=False)
    found = bases.list_bases(place)
    assert found[0].title == "my-biobert"
    assert bases.BIOBERT not in [base.value for base in found]


def test_damaged_encoder_is_not_offered(place: Settings, tmp_path: Path) -> None:
    (make_model(tmp_path / "encoders", "broken") / "config.json").unlink()
    assert "broken" not in [base.title for base in bases.list_bases(place)]


def test_suggested_name_is_not_taken(place: Settings) -> None:
    make_model(place.models, "tiny-ner-1")
    base = bases.Base("/x/tiny", "tiny", True)
    assert bases.free_name(place, base) == "tiny-ner-2"


CARD = ModelCard(
    name="one",
    base="tiny",
    types=("Gene", "Cell"),
    mapping="curated",
    corpora=("CRAFT", "mine"),
    loss="partial",
    config={"learning_rate": 1e-4, "warmup": 0.06, "batch_size": 24, "precision": "float32"},
    seed=7,
    epochs=2.0,
    steps=40,
    train_sentences=1234,
    corrections=12,
    data_fingerprint="abc",
    scores={"overall": {"micro": {"f1": 0.712}}, "by_corpus": {"CRAFT": {"micro": {"f1": 0.7}}}},
    hardware={"device": "cpu", "name": "x86_64"},
    limits=("Organ: few",),
)


def test_methods_paragraph_says_only_what_the_card_records() -> None:
    text = run_card.methods_paragraph(CARD)
    for part in ("tiny", "Gene, Cell", "1,234 sentences", "CRAFT (", "and mine", "partial-label"):
        assert part in text
    assert "12 were corrected by reviewers" in text
    assert "seed 7, for 2 epochs (40 steps)" in text
    assert "71.2." in text
    assert "batches of 24," in text
    two = replace(CARD, hardware={"device": "cuda", "name": "A card", "processes": 2})
    assert "batches of 48 (24 at a time)," in run_card.methods_paragraph(two)
    bare = run_card.methods_paragraph(replace(CARD, corrections=0, scores={}, config={}))
    assert "corrected" not in bare
    assert "%" not in bare


def test_run_card_holds_the_command_that_repeats_the_run(place: Settings) -> None:
    job = make_run(place, "one")
    text = run_card.run_card_markdown(run_facts(job), CARD)
    assert "python -m bioner train --base /e/tiny" in text
    assert "| Data fingerprint | abc |" in text
    assert "| Duration | 8 s |" in text, "the time that the page shows beside it"
    assert "- Organ: few" in text
    raw = json.loads(run_card.run_card_json(run_facts(job), CARD))
    assert raw["model"]["seed"] == 7
    assert raw["command"].startswith("python -m bioner train")
    assert json.loads(run_card.run_card_json(run_facts(job), None))["model"] is None


def open_view(view: str, **state: str) -> AppTest:
    page = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    page.switch_page("pages/2_Train.py")
    page.query_params["view"] = view
    for name, value in state.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    kinds = (page.info, page.error, page.warning, page.caption, page.markdown)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize(
    ("view", "text"),
    [
        ("new", "nothing to train on yet"),
        ("runs", "No run yet"),
        ("compare", "Two runs are needed"),
        ("models", "No model in"),
    ],
)
def test_empty_view_says_what_to_do_next(place: Settings, view: str, text: str) -> None:
    assert text in said(open_view(view))


def test_a_newcomer_without_corpora_takes_the_sample_and_can_start(place: Settings) -> None:
    page = open_view("new")
    page.button(key="train_sample").click().run()
    assert not page.exception
    assert "nothing to train on" not in said(page)
    assert page.multiselect(key="train_corpora").value


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 20])
def test_views_open_with_runs_of_every_state(place: Settings, count: int) -> None:
    states = ("finished", "failed", "stopped", "lost")
    for number in range(count):
        job = make_run(place, f"run{number}", states[number % 4], problem="p", mend="smaller batch")
        if job.status == "finished":
            make_model(place.models, f"run{number}")
    for job in list_jobs(place)[:4]:
        assert job.spec.title in said(open_view("runs", job=job.id))
    open_view("compare")
    open_view("models")


def test_failed_run_shows_problem_mend_and_log(place: Settings) -> None:
    problem = {"problem": "the machine ran out of memory", "mend": "try again with a smaller batch"}
    job = make_run(place, "one", "failed", **problem)
    page = open_view("runs", job=job.id)
    assert "The machine ran out of memory. Try again with a smaller batch." in said(page)
    assert "the last line of the log" in page.code[0].value
    assert "batches of 12" in page.button(key="train_smaller").label


def test_words_of_a_log_are_not_read_as_markdown(place: Settings) -> None:
    problem = (
        "KeyError: '![i](http://x/y.png)' costs $5 or $6, see `python -m bioner doctor --help`"
    )
    page = open_view("runs", job=make_run(place, "one", "failed", problem=problem).id)
    shown = page.error[0].value
    assert "!\\[i\\](http" in shown
    assert "\\$5" in shown
    assert "`python -m bioner doctor --help`" in shown


def test_damaged_model_is_named_on_the_models_view(place: Settings) -> None:
    (make_model(place.models, "broken") / "model.safetensors").write_bytes(b"short")
    assert "broken is damaged" in said(open_view("models"))


def test_queued_and_running_runs_are_drawn(place: Settings) -> None:
    me = process_id(os.getpid())
    for name, status in (("waits", "queued"), ("runs", "running"), ("ends", "stopping")):
        job = make_run(place, name, status, supervisor=me, heartbeat=time.time(), queued_at=1.0)
        page = open_view("runs", job=job.id)
        assert name in said(page)
    assert page.button(key="train_kill").label == "Stop at once"
    buttons = [one.key for one in page.button if one.key in ("train_stop", "train_kill")]
    assert buttons == ["train_stop", "train_kill"], "a second press on Stop is not one of the other"
    assert page.button(key="train_stop").disabled


def test_deep_link_to_a_run_that_is_gone_says_so(place: Settings) -> None:
    make_run(place, "one")
    assert "There is no run 'gone' any more" in said(open_view("runs", job="gone"))


def test_form_says_when_there_are_no_corrections_yet(place: Settings) -> None:
    make_merged(place)
    page = open_view("new")
    page.toggle(key="train_corrections").set_value(True).run()
    assert not page.exception
    assert "Nobody has reviewed a sentence yet" in said(page)


def test_form_makes_the_command_of_what_was_chosen(place: Settings, tmp_path: Path) -> None:
    make_merged(place)
    make_model(tmp_path / "encoders", "tiny", head=False)
    page = open_view("new")
    page.multiselect(key="train_corpora").set_value(["CRAFT"]).run()
    page.multiselect(key="train_types").set_value(["Gene", "Cell"]).run()
    command = page.code[0].value
    assert "--corpora CRAFT" in command
    assert "--types Gene,Cell" in command
    assert "--eval-steps 5" in command
    assert not page.button(key="train_start").disabled
    page.multiselect(key="train_corpora").set_value([]).run()
    assert "Choose a corpus to go on" in said(page)


def test_a_switch_teaches_conventions_and_the_command_says_so(
    place: Settings, tmp_path: Path
) -> None:
    make_merged(place)
    make_model(tmp_path / "encoders", "tiny", head=False)
    page = open_view("new")
    assert "--conventions" not in page.code[0].value
    page.toggle(key="train_corrections").set_value(True)
    page.toggle(key="train_conventions_False").set_value(True).run()
    assert not page.exception
    assert "Each corpus becomes a convention" in said(page)
    assert "Each project of corrections gets one of its own" in said(page)
    assert "--conventions" in page.code[0].value
    assert "--any-share" not in page.code[0].value
    page.number_input(key="train_any_share").set_value(0.5).run()
    assert "--any-share 0.5" in page.code[0].value
    assert not page.button(key="train_start").disabled


def test_merged_data_from_before_readings_were_kept_asks_for_a_rebuild(
    place: Settings, tmp_path: Path
) -> None:
    make_merged(place)
    make_model(tmp_path / "encoders", "tiny", head=False)
    path = place.merged / "train.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["by_source"]), path)
    page = open_view("new")
    assert not page.button(key="train_start").disabled
    page.toggle(key="train_conventions_False").set_value(True).run()
    assert "built before it kept what each corpus says" in said(page)
    assert page.button(key="train_start").disabled


def test_a_base_that_knows_conventions_is_taught_them_in_any_case(
    place: Settings, tmp_path: Path
) -> None:
    make_merged(place)
    folder = make_model(tmp_path / "encoders", "tiny", head=False)
    known = Conventions((), pieces_for(["CRAFT"]))
    (folder / CONVENTIONS).write_text(json.dumps(known.to_json()), encoding="utf-8")
    page = open_view("new")
    assert page.toggle(key="train_conventions_True").disabled
    assert page.toggle(key="train_conventions_True").value
    assert "--conventions" in page.code[0].value


def test_pace_is_measured_at_the_press_of_a_button(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_merged(place)
    make_model(tmp_path / "encoders", "tiny", head=False)

    def answer(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, "50.0\n", "")

    page = open_view("new")
    times = {metric.label: metric.value for metric in page.metric}
    assert times["Time, about"] == "not known"
    with monkeypatch.context() as patch:
        patch.setattr(estimate.subprocess, "run", answer)
        page.button(key="train_measure").click().run()
    assert not page.exception
    times = {metric.label: metric.value for metric in page.metric}
    assert times["Time, about"] != "not known"
    assert "train_measure" not in [button.key for button in page.button]


def test_number_of_gpus_is_asked_for_only_where_there_are_several(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_merged(place)
    make_model(tmp_path / "encoders", "tiny", head=False)
    monkeypatch.setenv("BIONER_DEVICE", "cuda")
    driver = Driver(tmp_path / "bin", monkeypatch)
    driver.show(Fake("A card"))
    page = open_view("new")
    assert "train_gpus" not in [one.key for one in page.number_input]
    assert "torch.distributed" not in page.code[0].value
    driver.show(*[Fake("A card")] * 4)
    page = open_view("new")
    page.number_input(key="train_gpus").set_value(3).run()
    assert not page.exception
    command = page.code[0].value
    assert command.startswith("python -m torch.distributed.run --standalone --nproc-per-node=3 ")
    assert " -m bioner train --base " in command
    assert "--device cuda" in command
    assert not page.button(key="train_start").disabled


def make_merged(settings: Settings) -> None:
    from bioner.corpora.dataset import Dataset
    from bioner.corpora.dataset_folder import write_dataset
    from bioner.labels import read_schema
    from bioner.spans import Span, corpus_sentence

    schema = read_schema()
    train = tuple(
        corpus_sentence(
            f"{corpus}{i}",
            ["p53", "in", "cells"],
            spans=[Span(0, 1, "Gene")],
            covers=frozenset(schema.names),
            corpus=corpus,
            split="train",
        )
        for corpus in ("CRAFT", "BC2GM")
        for i in range(3)
    )
    write_dataset(Dataset(train, (), (), schema, "f" * 16), settings.merged)
