"""Every page, light and dark: nothing that axe-core calls serious or critical."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import Studio, settle

from bioner.ui.session import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STATES = {
    "Predict": {"text": "Aspirin lowered interleukin-6 in mice with breast cancer."},
    "Corpora": {"part": "mapping"},
}
"""The part of a page that is looked at, where its first one shows little."""


def test_axe_finds_nothing_serious_on_any_page_in_either_theme(studio: Studio, tab: Page) -> None:
    pytest.importorskip("axe_playwright_python")
    from benchmarks.accessibility import look_with_axe

    found = []
    for title in PAGES:
        studio.open(tab, "" if title == "Home" else title, **STATES.get(title, {}))
        found += [f"{title}, light: {one}" for one in look_with_axe(tab)]
        tab.emulate_media(color_scheme="dark")
        settle(tab)
        found += [f"{title}, dark: {one}" for one in look_with_axe(tab, "color-contrast")]
        tab.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)


def test_an_unreadable_text_and_an_unnamed_button_are_found(tab: Page) -> None:
    pytest.importorskip("axe_playwright_python")
    from benchmarks.accessibility import look_with_axe

    tab.set_content(
        "<html lang=en><title>x</title><main><p style='color:#bbb;background:#fff'>faint</p>"
        "<button></button></main></html>"
    )
    assert {one.rule for one in look_with_axe(tab)} == {"color-contrast", "button-name"}
