"""Snippets in a real browser: what is copied is the text, and a long mention wraps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from browser import Studio, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WORDS = """text => [...text.firstElementChild.childNodes]
    .map(one => one.nodeType === Node.TEXT_NODE ? one.data : one.firstChild.data).join("")"""
"""A snippet's own words: its texts and those of its chips, without the chips' labels."""
SELECT = "text => getSelection().selectAllChildren(text)"


def test_a_copied_snippet_is_the_sentence_without_its_labels(studio: Studio, tab: Page) -> None:
    studio.open(tab, "Corpora", part="sentences")
    snippet = tab.locator(".bn-card .bn-text", has=tab.locator(".bn-mark")).first
    words = snippet.evaluate(WORDS)
    assert snippet.evaluate("text => text.textContent") != words, "the labels are there to be read"
    snippet.evaluate(SELECT)
    tab.keyboard.press("Control+C")
    assert tab.evaluate("() => navigator.clipboard.readText()").strip() == words


def test_a_long_mention_in_a_snippet_wraps(studio: Studio, new_tab: Callable[..., Page]) -> None:
    tab = new_tab(width=420)
    studio.open(tab, "Corpora", part="sentences", mention="mouse protein tyrosine phosphatase")
    mark = tab.locator(".bn-mark", has_text="mouse protein tyrosine phosphatase").first
    mark.evaluate("mark => { mark.closest('.bn-text').style.width = '9rem'; }")
    settle(tab)
    assert mark.evaluate("mark => mark.getClientRects().length") > 1
    assert mark.evaluate("mark => getComputedStyle(mark).display") == "inline"
