"""The whole loop in a real browser, with the shipped model: predict, correct, retrain, score."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from apps.serving import PATIENCE_MS, Server, settle
from browser import Studio, problems_of, shoot
from browser import settle as settle_page

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.evaluation.reports import list_evaluations
from bioner.jobs.folder import list_jobs
from bioner.jobs.log import tail_log
from bioner.models.card import read_card
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.store import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEXTS = [
    f"Aspirin lowered the level of interleukin-6 in {animals} with breast cancer."
    for animals in ("mice", "rats", "rabbits", "dogs", "pigs")
]
"""Several, for one in five documents is set aside as "my test" and never trained on."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Iterator[Studio]:
    """The app as `make run` starts it, in folders of its own, with the shipped model."""
    shipped = PROJECT_ROOT / "models" / "bioner-compact"
    if not (shipped / "card.json").is_file():
        pytest.skip("the shipped model is not in models/bioner-compact")
    folder = tmp_path_factory.mktemp("thread")
    names = ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    variables = {f"BIONER_{name}": str(folder / name.lower()) for name in names}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**variables, "BIONER_DEVICE": "cpu"}.items():
            patch.setenv(name, value)
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        settings = read_settings()
        settings.models.mkdir()
        (settings.models / "bioner-compact").symlink_to(shipped)
        write_dataset(sample, settings.merged)
        server = Server("app.py", folder, variables)
        server.start()
        yield Studio(server.url, settings)
        server.kill()


def send_to_review(studio: Studio, tab: Page, text: str) -> None:
    studio.open(tab, "Predict", text=text)
    tab.locator("[data-m]").first.wait_for()
    settle_page(tab)
    tab.get_by_role("button", name="Correct these").click()
    tab.get_by_role("button", name="Send to Review").click()
    tab.get_by_role("heading", name="Review").wait_for()
    tab.wait_for_selector(".bse-text", timeout=PATIENCE_MS)


def test_a_prediction_is_corrected_and_makes_a_new_model_with_scores(
    whole: Studio, tab: Page
) -> None:
    whole.open(tab)
    tab.get_by_role("heading", name="BioNER Studio").first.wait_for()
    for text in TEXTS:
        send_to_review(whole, tab, text)
        settle(tab)
    store = open_store(whole.settings)
    project = store.projects()[0].name
    waiting = store.queue(project, limit=20)
    assert {row.surface for row in waiting} == set(TEXTS)
    item = next(row.item for row in waiting if not row.is_test)
    before = store.open_item(item, claim=False)
    whole.open(tab, "Review", project=project, reviewer="Ann", item=str(item))
    tab.wait_for_selector(".bse-text", timeout=PATIENCE_MS)
    settle(tab)
    tab.focus(".bse-text")
    tab.keyboard.press("n")
    tab.keyboard.press("Delete")
    settle(tab)
    tab.keyboard.press("Enter")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while store.open_item(item, claim=False).verdict != "correct":
        assert time.monotonic() < deadline, "the verdict was not saved"
        time.sleep(0.2)
    after = store.open_item(item, claim=False)
    assert len(after.mentions) == len(before.mentions) - 1
    assert after.base > 0
    assert [s.text for s in store.corrections(project)]

    whole.open(tab, "Train", view="new")
    tab.get_by_text("Go on from the model in use").wait_for()
    tab.get_by_text("A fresh run", exact=True).click()
    settle_page(tab)
    tab.locator(".st-key-train_corrections label").click()
    settle_page(tab)
    tab.get_by_text("1 reviewed sentence").wait_for()
    tab.get_by_text("Advanced", exact=True).click()
    steps = tab.locator(".st-key-train_steps_quick input")
    steps.fill("4")
    steps.press("Enter")
    settle_page(tab)
    name = tab.locator("[class*='st-key-train_name_'] input")
    name.fill("retrained")
    name.press("Enter")
    settle_page(tab)
    tab.locator(".st-key-train_start button:visible").click()
    card = wait_for_model(whole)
    assert card.corrections == 1

    whole.open(tab, "Metrics", model="retrained")
    tab.locator(".st-key-metrics_evaluate button:visible").click()
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not list_evaluations(whole.settings.data / "reports"):
        assert time.monotonic() < deadline, "the evaluation did not end"
        time.sleep(0.5)
    stored = list_evaluations(whole.settings.data / "reports")[0]
    assert stored.report.model == "retrained"
    whole.open(tab, "Metrics", model="retrained")
    tab.get_by_text("Exact matches on the test sentences").wait_for()
    shoot(tab, "thread-metrics")
    assert not problems_of(tab)


def wait_for_model(studio: Studio):
    deadline = time.monotonic() + 5 * PATIENCE_MS / 1000
    while True:
        found = list_jobs(studio.settings)
        if found and found[0].status == "finished":
            return read_card(studio.settings.models / "retrained")
        assert not found or found[0].status in ("queued", "running"), tail_log(
            found[0].id, studio.settings
        )
        assert time.monotonic() < deadline, "the training did not end"
        time.sleep(0.5)
