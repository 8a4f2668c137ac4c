"""The doors at which numbers are read: pages without a browser or in one, and commands."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlencode

from benchmarks.browser import CHROMIUM, PATIENCE_MS, start_app
from benchmarks.screens import DRAWN
from bioner.settings import PROJECT_ROOT

WORDS = ("CaptionContainer", "Markdown", "AlertContainer", "Text", "Progress", "Html")
"""The test ids of what says something, without their ``st``."""


class Shown(Protocol):
    """A page as a person finds it."""

    @property
    def said(self) -> str:
        """Its words, a part a line."""

    def metric(self, label: str) -> str:
        """Return the value of the figure of this name."""

    def button(self, key: str) -> str:
        """Return a button's label."""

    def count(self, prefix: str) -> int:
        """Return how many buttons have a key that begins so."""


class Open(Protocol):
    """What opens a page, at this view."""

    def __call__(self, script: str = "", **params: str) -> Shown: ...


def number(pattern: str, said: str) -> int | None:
    """Return the number that stands where the pattern has its group; None if nowhere."""
    found = re.search(pattern, said)
    return int(found[1].replace(",", "")) if found else None


class Page:
    """A page opened without a browser."""

    def __init__(self, script: str = "", **params: str) -> None:
        from streamlit.testing.v1 import AppTest

        self.app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=300)
        if script:
            self.app.switch_page(f"pages/{script}.py")
        for name, value in params.items():
            self.app.query_params[name] = value
        self.app.run()
        assert not self.app.exception, [one.value for one in self.app.exception]

    @property
    def said(self) -> str:
        """Its words, a part a line."""
        app = self.app
        kinds = (app.caption, app.markdown, app.info, app.warning, app.success, app.text)
        words = [str(one.value) for kind in kinds for one in kind]
        words += [one.proto.text for one in app.get("progress")]
        words += [str(one.proto.body) for one in app.get("html")]
        return "\n".join(words)

    def metric(self, label: str) -> str:
        """Return the value of the figure of this name."""
        return next((str(one.value) for one in self.app.metric if one.label == label), "")

    def count(self, prefix: str) -> int:
        """Return how many buttons have a key that begins so."""
        return sum(str(one.key).startswith(prefix) for one in self.app.button)

    def button(self, key: str) -> str:
        """Return a button's label."""
        return next((one.label for one in self.app.button if one.key == key), "")

    def chart(self, title: str) -> list[dict[str, Any]]:
        """Return the rows of the chart of this title."""
        for one in self.app.get("vega_lite_chart"):
            spec = json.loads(one.proto.spec)
            if title in json.dumps(spec.get("title", "")):
                return _rows_of(spec, one.proto)
        return []

    def table(self, column: str) -> list[dict[str, Any]]:
        """Return the rows of the table that has this column."""
        for one in self.app.dataframe:
            if column in one.value.columns:
                return list(one.value.to_dict("records"))
        return []


class BrowserPage:
    """A page in Chromium, its numbers read by test ids and keys."""

    def __init__(self, tab: Any, url: str) -> None:
        self.tab = tab
        tab.goto(url)
        tab.wait_for_function(DRAWN, timeout=PATIENCE_MS)
        assert not tab.locator("[data-testid=stException]").count(), url

    @property
    def said(self) -> str:
        """Its words, a part a line."""
        chosen = ", ".join(f"[data-testid=st{one}]" for one in WORDS)
        return "\n".join(self.tab.locator(chosen).all_inner_texts())

    def metric(self, label: str) -> str:
        """Return the value of the figure of this name."""
        figures = self.tab.locator("[data-testid=stMetric]")
        for one in figures.all():
            if one.locator("[data-testid=stMetricLabel]").inner_text().strip() == label:
                return str(one.locator("[data-testid=stMetricValue]").inner_text()).strip()
        return ""

    def button(self, key: str) -> str:
        """Return a button's label."""
        found = self.tab.locator(f".st-key-{key} button")
        return str(found.first.inner_text()) if found.count() else ""

    def count(self, prefix: str) -> int:
        """Return how many buttons have a key that begins so."""
        return int(self.tab.locator(f"[class*='st-key-{prefix}'] button").count())


@contextmanager
def in_browser() -> Iterator[Open]:
    """Start the app in the present environment, and Chromium; give what opens pages in it."""
    from playwright.sync_api import sync_playwright

    process, url = start_app(dict(os.environ))
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    try:
        with sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=str(CHROMIUM), args=options)
            tab = browser.new_page(viewport={"width": 1400, "height": 900})
            tab.set_default_timeout(PATIENCE_MS)

            def open_page(script: str = "", **params: str) -> Shown:
                page = script.partition("_")[2]
                return BrowserPage(tab, f"{url}/{page}?{urlencode(params)}")

            yield open_page
            browser.close()
    finally:
        process.terminate()
        process.wait()


def _rows_of(spec: dict[str, Any], proto: Any) -> list[dict[str, Any]]:
    sets = [spec.get("data", {}), *spec.get("datasets", {}).values()]
    sets += [layer.get("data", {}) for layer in spec.get("layer", [])]
    for one in sets:
        values = one.get("values") if isinstance(one, dict) else one
        if values:
            return list(values)
    import pyarrow as pa

    for one in proto.datasets:
        with pa.ipc.open_stream(one.data.data) as stream:
            return list(stream.read_all().to_pylist())
    return []


def command(*words: str) -> str:
    """Return what a command prints."""
    from typer.testing import CliRunner

    from bioner.__main__ import app

    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout
