"""The Metrics page in a real browser: a cell becomes a queue, the gate, promotion, roll-back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from apps.serving import pick_option
from browser import Studio, problems_of, running, settle, shoot, wait_until
from metrics_support import GOOD, WORSE, make_data, store_report
from page_support import make_model

from bioner.evaluation.promotion import recorded
from bioner.evaluation.reports import FOLDER, list_evaluations
from bioner.models.catalogue import active_model, history
from bioner.settings import Settings
from bioner.store import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PART = ("BC4CHEMD",)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The app with three models, two of them scored on the same sentences."""

    def prepare(settings: Settings) -> None:
        for name in ("bioner-compact", "better", "unscored"):
            make_model(settings.models / name)
            config = settings.models / name / "config.json"
            config.write_text(config.read_text(encoding="utf-8") + " " * len(name))
        data = make_data(count=320)
        store_report(settings, data, "bioner-compact", WORSE, PART)
        store_report(settings, data, "better", GOOD, PART)

    with running(tmp_path_factory.mktemp("scored"), prepare) as found:
        yield found


def click_cell(tab: Page, gold: str, predicted: str) -> None:
    cell = tab.locator(
        f".st-key-metrics_confusion [aria-label*='Gold: {gold}'][aria-label*='says: {predicted}']"
    ).first
    cell.wait_for()
    cell.click(force=True)
    settle(tab)


def test_a_confusion_cell_becomes_a_queue(scored: Studio, tab: Page) -> None:
    scored.open(tab, "Metrics", view="mistakes")
    click_cell(tab, "Gene", "missed")
    tab.get_by_text("40 mistakes in 40 sentences").wait_for()
    assert "gold=Gene" in tab.url
    assert "predicted=missed" in tab.url
    cards = tab.locator(".bn-pair")
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(cards).to_have_count(10)
    expect(cards.first.locator(".bn-mark", has_text="Gene")).to_have_count(1, timeout=60_000)
    shoot(tab, "metrics-mistakes")
    tab.get_by_role("button", name="Send 40 to Review").click()
    tab.get_by_role("button", name="Send to Review", exact=True).click()
    tab.get_by_role("heading", name="Review").wait_for()
    store = open_store(scored.settings)
    queue = store.queue("Mistakes", limit=100)
    assert len(queue) == 40
    assert {reason.name for row in queue for reason in row.reasons} == {"missed"}
    store.close()
    assert not problems_of(tab)


def test_a_worse_model_is_refused_and_a_better_one_promoted_used_and_rolled_back(
    scored: Studio, tab: Page
) -> None:
    settings = scored.settings
    scored.open(tab, "Metrics", view="compare", model="better", against="bioner-compact")
    tab.get_by_text("better may replace bioner-compact").wait_for()
    shoot(tab, "metrics-compare")
    tab.get_by_role("button", name="Use better").click()
    tab.get_by_label("Why").fill("Finds the genes.")
    tab.get_by_label("Why").press("Enter")
    tab.get_by_role("button", name="Use it", exact=True).click()
    wait_until(lambda: active_model(settings) == "better")
    assert history(settings)[-1].reason.startswith("Finds the genes. the gate accepts better")
    scored.open(tab, "Predict", text="We gave aspirin to mice.")
    tab.get_by_text("1 sentence · better").first.wait_for()
    scored.open(tab, "Metrics", view="compare", model="bioner-compact", against="better")
    tab.get_by_text("bioner-compact should not replace better").wait_for()
    tab.get_by_text("a significant fall").first.wait_for()
    shoot(tab, "metrics-refused")
    tab.get_by_role("button", name="Use bioner-compact", exact=True).click()
    tab.get_by_role("button", name="Use it all the same").wait_for()
    assert tab.get_by_role("button", name="Use it all the same").is_disabled()
    tab.keyboard.press("Escape")
    settle(tab)
    tab.get_by_role("button", name="Refuse bioner-compact").click()
    wait_until(lambda: len(recorded(settings)) == 2)
    refusal = recorded(settings)[-1].decision
    assert not refusal.is_accepted
    assert "a significant fall" in " ".join(refusal.reasons)
    settle(tab)
    tab.get_by_role("button", name="Back to bioner-compact").click()
    wait_until(lambda: active_model(settings) == "bioner-compact")
    assert history(settings)[-1].kind == "rollback"
    tab.locator("summary", has_text="On record").wait_for()
    assert not problems_of(tab)


def test_no_page_promotes_what_nobody_scored_without_a_reason(scored: Studio, tab: Page) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    before = active_model(scored.settings)
    scored.open(tab, "Train", view="models")
    box = tab.get_by_role("combobox", name="Model to use")
    pick_option(box, "unscored", exact=False)
    settle(tab)
    tab.get_by_role("button", name="Use this model").click()
    tab.get_by_text("What would settle it").first.wait_for()
    expect(tab.get_by_role("button", name="Use it all the same")).to_be_disabled()
    assert active_model(scored.settings) == before


def test_an_evaluation_runs_in_the_background_with_progress(scored: Studio, tab: Page) -> None:
    scored.open(tab, "Metrics", model="unscored")
    tab.get_by_text("unscored has not been scored on these").wait_for()
    tab.get_by_role("button", name="Evaluate", exact=True).click()
    tab.get_by_text("Exact matches on the test sentences").wait_for()
    settle(tab)
    names = [one.key.model for one in list_evaluations(scored.settings.data / FOLDER)]
    assert "unscored" in names
    assert not problems_of(tab)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_every_view_is_drawn_in_both_themes(
    scored: Studio, new_tab: Callable[..., Page], is_dark: bool
) -> None:
    tab = new_tab(dark=is_dark)
    for view in ("scores", "mistakes", "trust", "compare", "board"):
        scored.open(tab, "Metrics", view=view, model="better", against="bioner-compact")
        settle(tab)
        assert not problems_of(tab)
        shoot(tab, f"metrics-{view}-{'dark' if is_dark else 'light'}")


def test_a_bare_machine_is_told_what_to_do(bare_studio: Studio, tab: Page) -> None:
    bare_studio.open(tab, "Metrics")
    tab.get_by_text("There is no model here to score").wait_for()
    assert not problems_of(tab)


def test_charts_have_words_for_those_who_cannot_see_them(scored: Studio, tab: Page) -> None:
    scored.open(tab, "Metrics", model="better")
    tab.locator("[aria-label*='F1 of each type: Gene'], [alt*='F1 of each type']").first.wait_for(
        state="attached"
    )
