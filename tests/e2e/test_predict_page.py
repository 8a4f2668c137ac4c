"""The Predict page in a real browser: paste, filter, why, compare, export, reopen, correct."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from browser import Studio, problems_of, settle, shoot

from bioner.store import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HOSTILE = (
    "<script>window.run = 1</script> ![x](http://evil.example/x.png) $\\beta$-actin and :red[p53] "
    "[x](javascript:alert(1)) <img src=http://evil.example/y.png onerror='window.run = 2'>"
)


def paste(tab: Page, text: str) -> None:
    tab.get_by_placeholder("Paste an abstract").fill(text)
    tab.get_by_role("button", name="Find entities").click()
    tab.locator(".bn-reader .bn-text").first.wait_for()
    settle(tab)


def marked(tab: Page) -> list[str]:
    """Return the marked surfaces with their labels."""
    return tab.locator(".bn-reader [data-m]").evaluate_all(
        "all => all.map(one => one.textContent + ' ' + one.dataset.label)"
    )


def test_a_pasted_text_is_marked_filtered_and_thresholded(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Predict")
    paste(tab, "We gave aspirin and DMSO to mice.")
    assert marked(tab) == ["aspirin Chemical", "DMSO Chemical", "mice Organism"]
    tab.get_by_role("button", name="Organism 1").click()
    tab.locator(".bn-reader [data-label='Organism']").wait_for(state="detached")
    settle(tab)
    assert marked(tab) == ["aspirin Chemical", "DMSO Chemical"]
    assert "hide=Organism" in tab.url
    slider = tab.get_by_role("slider")
    slider.focus()
    for _ in range(12):
        slider.press("ArrowRight")
    tab.locator(".bn-reader [data-m]", has_text="DMSO").wait_for(state="detached")
    settle(tab)
    assert marked(tab) == ["aspirin Chemical"]
    assert "sure=60" in tab.url
    assert not problems_of(tab)


def test_a_click_or_a_key_says_how_sure_and_why(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Predict", text="We gave aspirin to mice.")
    tab.locator(".bn-reader [data-m]", has_text="aspirin").click()
    card = tab.locator(".st-key-chosen .bn-card").first
    card.wait_for()
    settle(tab)
    assert "aspirin" in card.inner_text()
    assert "Disease" in card.inner_text(), "the second best is said"
    assert tab.get_by_text("Labelled in the corpora").is_visible()
    mice = tab.locator(".bn-reader [data-m]", has_text="mice")
    mice.focus()
    mice.press("Enter")
    tab.locator(".st-key-chosen .bn-surface", has_text="mice").wait_for()
    assert mice.get_attribute("aria-pressed") == "true"


def test_hostile_text_is_shown_and_nothing_of_it_is_run_or_fetched(
    studio: Studio, tab: Page
) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    studio.open(tab, "Predict")
    paste(tab, HOSTILE)
    assert tab.locator(".bn-reader .bn-text").text_content() == HOSTILE
    tab.locator("[data-m]", has_text="p53").click()
    tab.locator(".st-key-chosen .bn-card").first.wait_for()
    settle(tab)
    assert tab.evaluate("window.run") is None
    assert not [url for url in asked if "evil.example" in url]
    inside = tab.locator(".bn-reader").locator("script, img, a, em, strong, .katex")
    assert inside.count() == 0


def test_the_copied_text_is_the_text(studio: Studio, tab: Page) -> None:
    text = "TNF-α primes keratinocytes 😀.\n\n  Then we gave aspirin\tto mice."
    studio.open(tab, "Predict")
    paste(tab, text)
    copied = tab.evaluate(
        """() => {
            const range = document.createRange();
            range.selectNodeContents(document.querySelector('.bn-reader .bn-text'));
            const selection = document.getSelection();
            selection.removeAllRanges();
            selection.addRange(range);
            return selection.toString();
        }"""
    )
    assert copied.strip("\n") == text


def test_a_long_mention_wraps_inside_a_narrow_window(
    studio: Studio, new_tab: Callable[..., Page]
) -> None:
    tab = new_tab(width=420)
    studio.open(tab, "Predict", text="p53" + " and p53" * 40)
    tab.locator("[data-m]").first.wait_for()
    fits = tab.evaluate(
        "() => { const box = document.querySelector('.bn-reader');"
        " return box.scrollWidth <= box.clientWidth + 1; }"
    )
    assert fits
    shoot(tab, "predict-narrow")


def test_two_models_side_by_side_mark_their_differences(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Predict", text="We gave aspirin to mice.", against="other")
    tab.locator(".bn-differs").first.wait_for()
    settle(tab)
    assert tab.locator(".bn-differs").evaluate_all(
        "all => all.map(one => one.textContent + ' ' + one.dataset.label)"
    ) == ["aspirin Chemical", "aspirin Disease"]
    assert tab.get_by_text("1 the same · 1 other type").is_visible()


def test_the_link_reopens_the_view_in_another_tab(
    studio: Studio, new_tab: Callable[..., Page]
) -> None:
    tab = new_tab()
    studio.open(tab, "Predict")
    paste(tab, "We gave aspirin and DMSO to mice.")
    tab.get_by_text("6 groups").click()
    settle(tab)
    tab.get_by_role("button", name="Link").click()
    link = tab.locator("[data-testid='stPopoverBody'] code").inner_text()
    assert "text=We+gave+aspirin" in link
    other = new_tab()
    other.goto(link)
    settle(other)
    other.locator("[data-m]").first.wait_for()
    assert marked(other) == ["aspirin Chemical", "DMSO Chemical", "mice Organism/Taxon"]


def test_a_download_holds_the_exact_offsets(studio: Studio, tab: Page) -> None:
    text = "😀 TNF-α and aspirin."
    studio.open(tab, "Predict", text=text)
    tab.locator("[data-m]").first.wait_for()
    settle(tab)
    tab.get_by_role("button", name="Download", exact=True).click()
    with tab.expect_download() as started:
        tab.locator("[data-testid='stPopoverBody']").get_by_role("button", name="Download").click()
    line = json.loads(started.value.path().read_text(encoding="utf-8"))
    assert line["text"] == text
    assert [text[e["start"] : e["end"]] for e in line["entities"]] == ["TNF-α", "aspirin"]


def test_an_uploaded_file_is_tagged(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Predict")
    tab.get_by_text("Upload files").click()
    tab.locator("input[type=file]").set_input_files(
        [
            {"name": "a.txt", "mimeType": "text/plain", "buffer": b"We gave aspirin."},
            {
                "name": "b.jsonl",
                "mimeType": "application/json",
                "buffer": b'{"id": "one", "text": "mice"}\n{"id": "two", "text": "p53"}\n',
            },
        ]
    )
    tab.get_by_text("Text (of 3)").wait_for()
    settle(tab)
    assert marked(tab) == ["aspirin Chemical"]
    assert not problems_of(tab)


def test_correct_these_lands_in_review_with_nothing_retyped(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Predict", text="We gave aspirin to mice twice.")
    tab.locator("[data-m]").first.wait_for()
    settle(tab)
    tab.get_by_role("button", name="Correct these").click()
    tab.get_by_role("button", name="Send to Review").click()
    tab.get_by_role("heading", name="Review").wait_for()
    tab.get_by_text("We gave").first.wait_for()
    settle(tab)
    store = open_store(studio.settings)
    try:
        documents = store.export_documents(store.projects()[0].name, layer="shown")
    finally:
        store.close()
    sent = next(one for one in documents if one.text == "We gave aspirin to mice twice.")
    assert [sent.surface(one) for one in sent.mentions] == ["aspirin", "mice"]
    assert not problems_of(tab)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_text_of_5000_tokens_is_drawn_whole(
    studio: Studio, new_tab: Callable[..., Page], dark: bool
) -> None:
    theme = "dark" if dark else "light"
    tab = new_tab(dark=dark)
    studio.open(tab, "Predict", example="cytokine-signalling", heat="1")
    tab.locator("[data-m]").first.click()
    tab.locator(".st-key-chosen .bn-card").first.wait_for()
    settle(tab)
    shoot(tab, f"predict-{theme}")
    long = "TNF-α primes keratinocytes for IL-1β in mice that got aspirin. " * 450
    studio.open(tab, "Predict")
    paste(tab, long)
    assert tab.locator("[data-m]").count() == 450 * 4
    shoot(tab, f"predict-long-{theme}")
