"""Fixtures of the browser tests: running apps, Chromium, tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from browser import CHROMIUM, PATIENCE_MS, Studio, running

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.settings import Settings
from bioner.store import Store, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Iterator[Studio]:
    """The app with the sample merged and two models that know a few words."""
    from page_support import make_model

    def prepare(settings: Settings) -> None:
        write_dataset(sample, settings.merged)
        for name in ("bioner-compact", "other"):
            make_model(settings.models / name)

    with running(tmp_path_factory.mktemp("studio"), prepare) as found:
        yield found


@pytest.fixture(scope="session")
def bare_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The app on a machine where nothing has been done yet."""
    with running(tmp_path_factory.mktemp("bare"), lambda settings: None) as found:
        yield found


@pytest.fixture(scope="session")
def review_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The app without a model or a corpus, for tests that fill projects and dictionaries."""
    with running(tmp_path_factory.mktemp("review-studio"), lambda settings: None) as found:
        yield found


@pytest.fixture
def review_store(review_studio: Studio) -> Iterator[Store]:
    """What ``review_studio`` keeps, to be filled beforehand and read back afterwards."""
    found = open_store(review_studio.settings)
    yield found
    found.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a screen."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium on this machine")
    playwright.expect.set_options(timeout=PATIENCE_MS)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def new_tab(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open tabs of their own: ``new_tab(dark=True, width=1280)``."""
    contexts: list[Any] = []

    def make(*, dark: bool = False, width: int = 1280, height: int = 900) -> Page:
        context = chromium.new_context(
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": height},
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def tab(new_tab: Callable[..., Page]) -> Page:
    """One tab in the light theme."""
    return new_tab()
