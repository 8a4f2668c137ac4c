"""Serve a Streamlit script that can be killed; work in the span editor as a person does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_MS = 120_000
SETTLED = "() => (document.querySelector('.bse')?.dataset.pending ?? '0') === '0'"
STILL = """() => {
  const now = performance.now();
  if ([...document.querySelectorAll('details')].some(one => one.getAnimations().length))
    window.bionerMoved = now;
  return now - (window.bionerMoved ?? -1000) > 100;
}"""
"""No expander opens or closes: Streamlit animates its height for half a second, and what stands
inside moves away under a click meanwhile."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A Streamlit process that can be killed and started again on the same port."""

    def __init__(self, script: str, folder: Path, variables: Mapping[str, str]) -> None:
        self.script, self.folder, self.port = script, folder, free_port()
        self.variables = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "server.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "streamlit", "run", self.script),
                    *("--server.port", str(self.port), "--server.fileWatcherType", "none"),
                    *("--server.headless", "true", "--server.address", "127.0.0.1"),
                ],
                cwd=ROOT,
                env=self.variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError((self.folder / "server.txt").read_text())

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def open_editor(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(".bse-text", timeout=PATIENCE_MS)
    settle(page)
    page.focus(".bse-text")


def settle(page: Page) -> None:
    """Wait until every edit is answered, the script rests and nothing moves."""
    page.wait_for_function(SETTLED, timeout=PATIENCE_MS)
    page.wait_for_selector("[data-test-script-state='notRunning']", timeout=PATIENCE_MS)
    page.wait_for_function(SETTLED, timeout=PATIENCE_MS)
    page.wait_for_function(STILL, timeout=PATIENCE_MS)


def pick_option(box: Locator, *options: str, exact: bool = True) -> None:
    """Choose options of a select box; it is opened anew where a redraw of the page closes it."""
    from playwright.sync_api import TimeoutError as NotYet

    for option in options:
        wanted = box.page.get_by_role("option", name=option, exact=exact)
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while True:
            if not wanted.is_visible():
                box.click()
            try:
                wanted.click(timeout=5_000)
                break
            except NotYet:
                if time.monotonic() > deadline:
                    raise


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def place_of(page: Page, start: int, end: int) -> dict[str, float]:
    """Return the window box of a code point range's first line, by walking the text as it is."""
    return dict(
        page.evaluate(
            """([start, end]) => {
              const body = document.querySelector('.bse-text');
              const walk = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
              const range = document.createRange();
              let seen = 0, node;
              const units = (points, count) => points.slice(0, count).join('').length;
              let from = null, to = null;
              while ((node = walk.nextNode())) {
                const points = Array.from(node.data);
                if (from === null && seen + points.length > start)
                  from = [node, units(points, start - seen)];
                if (to === null && seen + points.length >= end)
                  to = [node, units(points, end - seen)];
                seen += points.length;
              }
              range.setStart(...from);
              range.setEnd(...to);
              const box = range.getClientRects()[0];
              return {left: box.left, right: box.right, top: box.top, bottom: box.bottom};
            }""",
            [start, end],
        )
    )


def drag(page: Page, start: int, end: int, *, alt: bool = False) -> None:
    """Drag the mouse from inside the first character of a range to inside its last one."""
    first, last = place_of(page, start, start + 1), place_of(page, end - 1, end)
    if alt:
        page.keyboard.down("Alt")
    left = first["left"] + 1
    right = last["right"] - 1
    page.mouse.move(left, (first["top"] + first["bottom"]) / 2)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (last["top"] + last["bottom"]) / 2, steps=4)
    page.mouse.move(right, (last["top"] + last["bottom"]) / 2, steps=4)
    page.mouse.up()
    if alt:
        page.keyboard.up("Alt")


def click_text(page: Page, start: int, *, count: int = 1) -> None:
    box = place_of(page, start, start + 1)
    page.mouse.click(
        (box["left"] + box["right"]) / 2, (box["top"] + box["bottom"]) / 2, click_count=count
    )


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
