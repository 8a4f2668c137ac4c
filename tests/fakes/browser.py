"""A running app on a free port in folders of its own, and the system's Chromium to look at it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from apps.serving import STILL, pick_option

from bioner.settings import PROJECT_ROOT, Settings, read_settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
SHOTS = PROJECT_ROOT / ".artifacts" / "screenshots"
STUDIO = PROJECT_ROOT / "tests" / "e2e" / "apps" / "studio.py"
PATIENCE_MS = 120_000
"""For a machine that is busy with other things; nothing waits this long on an idle one."""
DONE = "[data-testid='stApp'][data-test-script-state='notRunning']"


@dataclass
class Studio:
    """A running app: its address and its folders."""

    url: str
    settings: Settings

    def address(self, page: str = "", **params: str) -> str:
        """Return the address of a page with this view."""
        query = f"?{urlencode(params)}" if params else ""
        return f"{self.url}/{page}{query}"

    def open(self, tab: Page, page: str = "", **params: str) -> None:
        """Open a page in a tab and wait until it is drawn."""
        tab.goto(self.address(page, **params))
        settle(tab)


class StudioProcess(Studio):
    """An app of the tests' own, which they can stop and start again at the same address."""

    def __init__(self, settings: Settings, log: Path, options: Sequence[str] = ()) -> None:
        self._port = free_port()
        self._log = log
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(f"http://127.0.0.1:{self._port}", settings)

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with self._log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, str(STUDIO), "--server.port", str(self._port), *self._options],
                cwd=PROJECT_ROOT,
                env={**os.environ},
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        wait_until_healthy(self.url, self._process, self._log)

    def stop(self) -> None:
        """End the process, by force where it does not end by itself."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def settle(tab: Page) -> None:
    """Wait until the app has run, everything that it sent is drawn and nothing moves."""
    tab.wait_for_selector(DONE, timeout=PATIENCE_MS)
    tab.wait_for_function(
        "() => !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')",
        timeout=PATIENCE_MS,
    )
    tab.wait_for_function(STILL, timeout=PATIENCE_MS)


def choose(tab: Page, label: str, option: str) -> None:
    """Choose an option of a select box, and wait until the page is drawn with it."""
    pick_option(tab.get_by_role("combobox", name=label), option)
    settle(tab)


def shoot(tab: Page, name: str) -> Path:
    """Take a screenshot of the whole page into ``.artifacts/screenshots/``."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    size = tab.viewport_size or {"width": 1280, "height": 900}
    height = tab.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        " return main ? main.scrollHeight : document.body.scrollHeight; }"
    )
    tab.set_viewport_size({"width": size["width"], "height": min(6_000, max(700, int(height)))})
    settle(tab)
    path = SHOTS / f"{name}.png"
    tab.screenshot(path=path)
    tab.set_viewport_size(size)
    return path


def problems_of(tab: Page) -> list[str]:
    """Return the tracebacks on a page: none, ever."""
    return tab.locator("[data-testid='stException']").all_inner_texts()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what the app does outside the browser; fail where it does not happen."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll the app's health until it answers; fail with its log where it ends instead."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the app ended with {process.returncode}:\n{log.read_text()}")
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer,
        ):
            if answer.read() == b"ok":
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    pytest.fail(f"the app is not healthy:\n{log.read_text()}")


@contextlib.contextmanager
def running(
    root: Path,
    prepare: Callable[[Settings], None],
    *,
    options: Sequence[str] = (),
    **environment: str,
) -> Iterator[StudioProcess]:
    """Run the app in folders below ``root``; ``prepare`` fills them first."""
    root.mkdir(parents=True, exist_ok=True)
    folders = {
        f"BIONER_{name}": str(root / name.lower())
        for name in ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    }
    more = {"BIONER_DEVICE": "cpu", "OMP_NUM_THREADS": "1", **environment}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**folders, **more}.items():
            patch.setenv(name, value)
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        settings = read_settings()
        prepare(settings)
        found = StudioProcess(settings, root / "app.log", options)
        try:
            found.start()
            yield found
        finally:
            found.stop()
