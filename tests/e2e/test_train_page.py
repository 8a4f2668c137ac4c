"""The Train page in a real browser: launch, watch, stop, resume, compare, promote, roll back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import PATIENCE_MS, StudioProcess, problems_of, running, settle, shoot
from runs import make_run

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.jobs import launch
from bioner.jobs.folder import Job, list_jobs
from bioner.jobs.log import tail_log
from bioner.jobs.metrics import read_metrics
from bioner.models.catalogue import active_model, history
from bioner.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Iterator[StudioProcess]:
    root = tmp_path_factory.mktemp("train")

    def prepare(settings: Settings) -> None:
        make_encoder(root / "encoders" / "tiny")
        write_dataset(sample, settings.merged)

    with running(root, prepare, BIONER_ENCODERS=str(root / "encoders")) as found:
        yield found
        for job in list_jobs(found.settings):
            if job.is_active:
                launch.stop(job.id, found.settings, force=True)


@pytest.fixture
def place(app: StudioProcess) -> Settings:
    return app.settings


@pytest.fixture
def page(new_tab: Callable[..., Page]) -> Page:
    return new_tab(height=1600)


def make_encoder(folder: Path) -> None:
    """Save a two-layer BERT with random weights whose vocabulary is the letters."""
    import torch
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,;:()-+/%"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
    )
    BertModel(config).save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
    )


def visit(page: Page, app: StudioProcess, **state: str) -> None:
    app.open(page, "Train", **state)
    page.wait_for_selector("h1:has-text('Train')")
    assert not problems_of(page)


def press(page: Page, key: str) -> None:
    settle(page)
    button = page.locator(f".st-key-{key} button:visible")
    playwright.expect(button).to_have_count(1, timeout=PATIENCE_MS)
    playwright.expect(button).to_be_enabled(timeout=PATIENCE_MS)
    button.click()


def fill(page: Page, key: str, value: str) -> None:
    field = page.locator(f"[class*='st-key-{key}'] input")
    field.fill(value)
    field.press("Enter")
    settle(page)


def shows(page: Page, text: str | re.Pattern[str]) -> None:
    playwright.expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)


def picture(page: Page, name: str) -> None:
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        shoot(page, f"train-{name}-{scheme}")


def start_run(page: Page, app: StudioProcess, name: str, steps: int) -> None:
    visit(page, app, view="new")
    page.get_by_text("Advanced", exact=True).click()
    fill(page, "train_steps_quick", str(steps))
    fill(page, "train_epochs_quick", "100")
    fill(page, "train_batch_quick", "1")
    fill(page, "train_name_", name)
    if name == "first":
        picture(page, "new")
    press(page, "train_start")
    shows(page, re.compile("running|waiting|finished"))


def wait_for(place: Settings, title: str, *statuses: str) -> Job:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        job = next(job for job in list_jobs(place) if job.spec.title == title)
        if job.status in statuses:
            return job
        if job.status in ("failed", "lost"):
            break
        time.sleep(0.2)
    raise AssertionError(f"{job.status}: {job.state}\n{tail_log(job.id, place)}")


def test_empty_page_says_what_to_do_next(page: Page, app: StudioProcess, place: Settings) -> None:
    visit(page, app, view="runs")
    shows(page, "No run yet")
    picture(page, "zero-runs")
    visit(page, app, view="compare")
    shows(page, "Two runs are needed to compare")
    visit(page, app, view="models")
    shows(page, re.compile("No model in"))


def test_pace_is_measured_here_before_the_first_run(page: Page, app: StudioProcess) -> None:
    visit(page, app, view="new")
    cost = page.locator(".st-key-train_estimate")
    playwright.expect(cost).to_contain_text("not known", timeout=PATIENCE_MS)
    press(page, "train_measure")
    playwright.expect(cost).not_to_contain_text("not known", timeout=PATIENCE_MS)
    playwright.expect(page.locator(".st-key-train_measure")).to_have_count(0)
    assert not problems_of(page)


def test_run_survives_the_tab_and_the_app_stops_and_resumes(
    page: Page, app: StudioProcess, place: Settings
) -> None:
    start_run(page, app, "first", 8_000)
    bar = page.locator("[data-testid='stProgress']")
    playwright.expect(bar).to_have_text(
        re.compile(r"Step [1-9][\d,]* of 8,000"), timeout=PATIENCE_MS
    )
    before = bar.inner_text()
    playwright.expect(bar).not_to_have_text(before, timeout=PATIENCE_MS)
    picture(page, "one-run-live")
    page.goto("about:blank")
    app.stop()
    assert wait_for(place, "first", "running").status == "running"
    app.start()
    visit(page, app)
    shows(page, re.compile(r"Step [\d,]+ of 8,000"))
    press(page, "train_stop")
    stopped = wait_for(place, "first", "stopped")
    press(page, "train_resume")
    deadline = time.monotonic() + 300
    while (last := read_metrics(stopped.id, place)[-1]).attempt == 1 or last.loss is None:
        assert time.monotonic() < deadline, tail_log(stopped.id, place)
        time.sleep(0.2)
    press(page, "train_stop")
    assert wait_for(place, "first", "stopped").state.attempt == 2
    metrics = [m for m in read_metrics(stopped.id, place) if m.loss is not None]
    assert [m.step for m in metrics] == sorted(m.step for m in metrics)
    assert {m.attempt for m in metrics} == {1, 2}


def test_two_runs_wait_for_each_other_and_are_compared(
    page: Page, app: StudioProcess, place: Settings
) -> None:
    start_run(page, app, "second", 12)
    start_run(page, app, "third", 15)
    for name in ("second", "third"):
        wait_for(place, name, "finished")
    visit(page, app, view="compare")
    shows(page, "Same value on both sides is left out")
    shows(page, "Devel F1")
    charts = page.locator("[data-testid='stVegaLiteChart']")
    playwright.expect(charts).to_have_count(3, timeout=PATIENCE_MS)
    picture(page, "compare")


def test_run_card_repeats_the_run(page: Page, app: StudioProcess, place: Settings) -> None:
    job = wait_for(place, "second", "finished")
    visit(page, app, view="runs", job=job.id)
    page.locator(".st-key-train_card summary").click()
    with page.expect_download() as download:
        press(page, "train_card_md")
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "python -m bioner train --base" in text
    assert "--max-steps 12" in text
    assert "We fine-tuned tiny for token classification into 13 entity types" in text
    assert "Data fingerprint" in text
    picture(page, "run-card")


def test_model_is_promoted_with_a_reason_and_rolled_back(
    page: Page, app: StudioProcess, place: Settings
) -> None:
    for name in ("second", "third"):
        job = wait_for(place, name, "finished")
        visit(page, app, view="runs", job=job.id)
        press(page, "train_promote")
        playwright.expect(page.locator(".st-key-promote_yes button:visible")).to_be_disabled()
        fill(page, "promote_reason", f"{name} is better")
        press(page, "promote_yes")
        playwright.expect(page.locator(".st-key-train_promote button:visible")).to_have_text(
            re.compile("In use"), timeout=PATIENCE_MS
        )
        assert active_model(place) == name
    visit(page, app, view="models")
    press(page, "train_rollback")
    press(page, "train_rollback_yes")
    shows(page, "Back to bioner-compact")
    assert active_model(place) == "second"
    for change, name in zip(history(place), ("second", "third"), strict=False):
        assert change.reason.startswith(f"{name} is better Overruled: the gate refuses {name}")
    picture(page, "models")


def test_run_is_deleted_after_confirmation(page: Page, app: StudioProcess, place: Settings) -> None:
    job = wait_for(place, "second", "finished")
    visit(page, app, view="runs", job=job.id)
    press(page, "train_delete")
    press(page, "train_delete_yes")
    shows(page, "All 2 runs")
    assert [found.spec.title for found in list_jobs(place)] == ["third", "first"]
    assert (place.models / "second" / "card.json").exists()


def test_disabled_button_says_why(page: Page, app: StudioProcess, place: Settings) -> None:
    visit(page, app, view="new")
    fill(page, "train_name_", "second")
    shows(page, re.compile("holds a finished model already"))
    playwright.expect(page.locator(".st-key-train_start button:visible")).to_be_disabled()
    fill(page, "train_name_", "no/slash")
    shows(page, re.compile("may have letters"))


def test_tensorflow_checkpoint_becomes_a_base_encoder(
    page: Page, app: StudioProcess, place: Settings
) -> None:
    fixture = PROJECT_ROOT / "tests" / "fixtures" / "tf_bert"
    visit(page, app, view="models")
    page.get_by_text("Bring BioBERT from its TensorFlow checkpoint").click()
    fill(page, "train_tf_path", str(fixture))
    press(page, "train_tf_convert")
    shows(page, re.compile(r"biobert: \d+ tensors"))
    visit(page, app, view="new")
    page.locator(
        ".st-key-train_base [data-baseweb='select'], .st-key-train_base input"
    ).first.click()
    shows(page, "biobert · on this machine")


def test_twenty_runs_are_listed_and_any_two_compared(
    page: Page, app: StudioProcess, place: Settings
) -> None:
    states = ("finished", "failed", "stopped", "lost")
    trouble = {
        "problem": "the machine ran out of memory",
        "mend": "try again with a smaller batch: --batch-size 12 instead of 24",
    }
    for number in range(20 - len(list_jobs(place))):
        status = states[number % 4]
        make_run(place, f"run{number}", status, **(trouble if status == "failed" else {}))
    visit(page, app, view="runs")
    shows(page, "All 20 runs")
    picture(page, "twenty-runs")
    failed = next(job for job in list_jobs(place) if job.status == "failed")
    visit(page, app, view="runs", job=failed.id)
    shows(page, re.compile("ran out of memory"))
    shows(page, "the last line of the log")
    picture(page, "failed-run")
    visit(page, app, view="compare")
    charts = page.locator("[data-testid='stVegaLiteChart']")
    playwright.expect(charts).to_have_count(3, timeout=PATIENCE_MS)
    picture(page, "twenty-compare")
