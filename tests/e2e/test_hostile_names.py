"""Every page with hostile names and texts in a real browser: nothing runs, nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import pytest
from browser import Studio, problems_of, running, settle
from hostile import EVIL, SHORT, make_hostile

from bioner.corpora.dataset import Dataset
from bioner.ui.corpora.page import SECTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.e2e

VIEWS: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    *(("Corpora", {"part": part}) for part in SECTIONS),
    *(("Train", {"view": view}) for view in ("new", "runs", "compare", "models")),
    ("Train", {"view": "runs", "job": f"20260101-000000-{SHORT}"}),
    ("Predict", {"model": SHORT, "text": f"TNF-α {EVIL} and aspirin"}),
    ("Predict", {"model": EVIL}),
    *(
        ("Review", {"project": EVIL, "reviewer": EVIL, "part": part})
        for part in ("Correct", "Texts", "Compare", "Project")
    ),
    ("Metrics", {"model": SHORT}),
    ("Metrics", {"model": EVIL}),
]

LIVE = """() => [
  ...document.querySelectorAll("img[src*='evil'], img[src*='a.png'], a[href^='http://evil']")
].filter(one => one.tagName !== 'A' || one.innerText !== one.href).map(one => one.outerHTML)"""
"""Images of others, and links of theirs that do not show where they lead."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Iterator[Studio]:
    root = tmp_path_factory.mktemp("hostile")
    with running(root, lambda settings: make_hostile(settings, sample)) as found:
        yield found


def is_strange(url: SplitResult, own: str) -> bool:
    return url.netloc not in ("", own) or url.path.endswith("a.png")


def test_no_page_runs_or_fetches_what_others_wrote(
    hostile: Studio, new_tab: Callable[..., Page]
) -> None:
    tab = new_tab()
    asked: list[str] = []
    ran: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    own = urlsplit(hostile.url).netloc
    shown = ""
    for page, params in VIEWS:
        tab.goto(hostile.address(page, **params))
        settle(tab)
        assert not problems_of(tab), (page, params)
        shown += tab.locator("body").inner_text()
        assert tab.evaluate(LIVE) == [], (page, params)
    strangers = [url for url in asked if is_strange(urlsplit(url), own)]
    assert not strangers
    assert not ran
    assert "evil.example" in shown
