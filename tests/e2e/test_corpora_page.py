"""The Corpora page in a real browser: overview, search, conflicts to sentences, mapping, build."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from browser import Studio, problems_of, running, settle, shoot

from bioner.corpora.own import read_user_schema

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
CARDS = ".bn-card"


def test_search_filters_and_the_link_keeps_them(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Corpora", part="sentences")
    tab.locator(CARDS).first.wait_for()
    words = tab.get_by_label("Words in the sentence", exact=True)
    words.fill("mice")
    words.press("Enter")
    tab.locator(".bn-hit").first.wait_for()
    settle(tab)
    assert "q=mice" in tab.url
    found = tab.locator(".bn-hit").all_inner_texts()
    assert {one.lower() for one in found} == {"mice"}
    number = tab.get_by_text("sentence", exact=False).first.inner_text()
    tab.reload()
    settle(tab)
    tab.locator(".bn-hit").first.wait_for()
    assert tab.get_by_text("sentence", exact=False).first.inner_text() == number
    assert not problems_of(tab)


def test_a_sentence_says_where_its_labels_come_from(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Corpora", part="sentences", corpora="CRAFT", covers="1")
    tab.locator(CARDS).first.wait_for()
    assert tab.locator(".bn-chip.bn-hatch").count() > 0, "what nobody looked for is hatched"
    tab.locator("details summary").first.click()
    table = tab.locator("details[open] table").first
    assert "CRAFT" in table.inner_text()
    assert "CC BY" in table.inner_text()


def test_a_disagreement_leads_to_its_sentences_and_back(studio: Studio, tab: Page) -> None:
    for kind in ("types", "names", "boundaries"):
        studio.open(tab, "Corpora", part="lens", kind=kind)
        link = tab.locator("[data-testid='stPageLink'] a").filter(has_text="×")
        if link.count():
            break
    else:
        pytest.fail("the sample holds no disagreement at all")
    link.first.click()
    tab.locator(CARDS).first.wait_for()
    settle(tab)
    assert "part=sentences" in tab.url
    assert tab.locator(".bn-m").count() > 0
    tab.go_back()
    tab.get_by_text("such wordings").wait_for()
    assert not problems_of(tab)


def test_a_mapping_is_changed_with_its_change_counted(bare: Studio, tab: Page) -> None:
    bare.open(tab, "Corpora", part="mapping", corpus="BC5CDR")
    settle(tab)
    tab.get_by_text("Change the mapping").click()
    choice = tab.get_by_role("combobox", name="Chemical becomes", exact=True)
    option = tab.locator("[role=option][data-focused=true]", has_text="left open")
    choice.wait_for()
    settle(tab)
    choice.click()
    choice.press_sequentially("left")
    option.wait_for()
    choice.press("Enter")
    tab.get_by_text("Mentions of Chemical: Chemical becomes left open").wait_for()
    settle(tab)
    tab.get_by_role("button", name="Apply").click()
    tab.get_by_text("Build the corpora again").first.wait_for()
    settle(tab)
    changed = read_user_schema(bare.settings).mapping_for("BC5CDR")
    assert changed.rules["Chemical"].label == "ignore"
    assert not problems_of(tab)


def test_the_corpora_are_built_from_a_folder(bare: Studio, tab: Page) -> None:
    bare.open(tab, "Corpora")
    tab.get_by_text("small sample").wait_for()
    tab.get_by_text("Bring the ten corpora", exact=True).click()
    tab.get_by_label("Folder", exact=True).fill(str(bare.settings.sample))
    settle(tab)
    tab.get_by_role("button", name="Build from this folder").click()
    tab.get_by_text("small sample").wait_for(state="detached")
    settle(tab)
    assert (bare.settings.merged / "manifest.json").exists()
    assert not problems_of(tab)


def test_what_is_shown_is_downloaded(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Corpora", part="sentences", corpora="NCBI-disease", splits="test")
    tab.locator(CARDS).first.wait_for()
    settle(tab)
    tab.get_by_role("button", name="Download these").click()
    with tab.expect_download() as started:
        tab.get_by_role("button", name="JSON lines").click()
    lines = started.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == tab.locator(CARDS).count() == 4
    for line in map(json.loads, lines):
        for entity in line["entities"]:
            assert line["text"][entity["start"] : entity["end"]] == entity["text"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_part_is_looked_at(studio: Studio, new_tab: Callable[..., Page], dark: bool) -> None:
    tab = new_tab(dark=dark)
    for part in ("overview", "sentences", "surfaces", "lens", "mapping", "merge", "sources"):
        studio.open(tab, "Corpora", part=part)
        shoot(tab, f"corpora-{part}-{'dark' if dark else 'light'}")
        assert not problems_of(tab)
    studio.open(tab)
    shoot(tab, f"home-{'dark' if dark else 'light'}")


@pytest.fixture
def bare(tmp_path: Path):  # type: ignore[no-untyped-def]
    """An app of the test's own, with nothing but the shipped sample."""
    with running(tmp_path, lambda settings: None) as found:
        yield found
