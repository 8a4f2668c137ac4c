"""A whole folder on the Predict page: the form, how far it is, what is done with its output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from page_support import load_tagger, make_model
from runs import make_bulk
from streamlit.testing.v1 import AppTest

from bioner.jobs.folder import Job, JobSpec, list_jobs
from bioner.processes import process_id
from bioner.review import job_record
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.store import open_store
from bioner.tagging.standing import Standing


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BIONER_DEVICE", "cpu")
    monkeypatch.setattr("bioner.tagging.load.load_tagger", load_tagger)
    settings = read_settings()
    make_model(settings.models / "bioner-compact")
    (settings.data / "texts").mkdir(parents=True)
    return settings


def opened(**params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/3_Predict.py")
    for name, value in {"from": "Folder", **params}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def test_a_folder_is_launched_as_a_job_with_the_command_that_is_shown(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[JobSpec] = []
    monkeypatch.setattr(job_record, "launch", lambda spec, *_, **__: launched.append(spec))
    app = opened()
    assert "bulk_start" not in [one.key for one in app.button], "no folder is named yet"
    app.text_input(key="bulk_source").set_value(str(place.data / "texts")).run()
    app.selectbox(key="bulk_format").set_value("parquet")
    app.number_input(key="bulk_workers").set_value(3).run()
    shown = next(one.value for one in app.code if "--workers" in one.value)
    app.button(key="bulk_start").click().run()
    (spec,) = launched
    words = " ".join(spec.command)
    assert spec.kind == "tag"
    assert spec.out == str(place.tagged / "texts")
    for said in (" tag ", "--workers 3", "--format parquet", "--engine local"):
        assert said in words
        assert said in f" {shown} "


def test_a_folder_that_is_not_there_is_said_before_it_is_started(place: Settings) -> None:
    app = opened()
    app.text_input(key="bulk_source").set_value(str(place.data / "nope")).run()
    assert "There is no folder" in app.error[0].value
    assert app.button(key="bulk_start").disabled


def test_a_run_shows_what_is_done_what_is_left_and_what_could_not_be_read(place: Settings) -> None:
    standing = Standing(
        share=0.5, inputs=10, inputs_done=3, inputs_skipped=2, parts=7, parts_skipped=4,
        documents=1234, documents_per_s=12.5, left_s=240.0, failed={"x.txt": "boom"},
        unreadable={"bad.xml.gz": "damaged gzip data"},
    )  # fmt: skip
    make_bulk(place, "half", "failed", standing, problem="2 of 10 inputs were not tagged")
    app = opened()
    told = {one.label: one.value for one in app.metric}
    assert told == {
        "Files done": "5 of 10",
        "Parts written": "7",
        "Failed": "2",
        "Texts": "1,234",
        "Texts a second": "12.5",
    }
    (table,) = [str(one.value) for one in app.get("html") if "bad.xml.gz" in str(one.value)]
    assert "<td>bad.xml.gz</td><td>unreadable</td><td>damaged gzip data</td>" in table
    assert "<td>x.txt</td><td>failed</td><td>boom</td>" in table
    assert [one.key for one in app.button if one.key.startswith("bulk_resume_")]


def test_a_folder_that_is_being_tagged_is_said_to_be_and_is_no_fault(place: Settings) -> None:
    make_bulk(place, "texts", "running", supervisor=process_id(os.getpid()))
    app = opened()
    app.text_input(key="bulk_source").set_value(str(place.data / "texts")).run()
    assert not app.error
    assert [one for one in app.info if "is being tagged" in one.value]
    assert "bulk_start" not in [one.key for one in app.button]


def test_the_output_is_searched_and_sent_to_review(place: Settings) -> None:
    job: Job = make_bulk(place, "abstracts")
    app = opened()
    app.text_input(key=f"bulk_surface_{job.id}").set_value("tnf alpha").run()
    assert any("TNF-α primes keratinocytes." in str(one.value) for one in app.get("html"))
    app.button(key=f"bulk_send_{job.id}").click().run()
    assert not app.exception
    store = open_store(place)
    (project,) = store.projects()
    (document,) = store.export_documents(project.name, layer="prediction")
    assert document.surface(document.mentions[0]) == "TNF-α"
    store.close()


def test_runs_that_tag_a_folder_are_none_of_the_train_pages(place: Settings) -> None:
    make_bulk(place, "abstracts")
    assert list_jobs(place)
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/2_Train.py")
    app.query_params["view"] = "runs"
    app.run()
    assert "No run yet" in app.info[0].value
