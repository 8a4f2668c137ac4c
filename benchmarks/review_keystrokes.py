"""Count the keys, clicks and seconds that a corrected sentence costs on the Review page.

    python -m benchmarks.review_keystrokes [--rounds 4] [--json FILE]

A fixed set of edits (accept, relabel, move a boundary, delete, add), each in a sentence of its own,
is replayed in the real app in the system's Chromium, once with keys alone and once with the mouse
alone, and read back from the database. An action is one key (with its modifiers), one click, one
double-click or one drag. Seconds are the script's, from the first action until the edit is saved
and the next sentence is there: the tool's share of the time, not the reader's. Beside it stand the
same edits in the tools that people use, **counted from their documentation**, not measured; "?"
where the page that is named does not say how. Needs playwright and /usr/bin/chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bioner.labels import read_schema
from bioner.settings import PROJECT_ROOT
from bioner.spans import Document, mention
from bioner.store import Project, Store, surfaces_of

PATIENCE_S = 120.0
NAMES = read_schema().names
KEY = {name: str((i + 1) % 10) for i, name in enumerate(NAMES[:10])}
WANTED = {"Aspirin": "Chemical", "breast cancer": "Disease", "mice": "Organism"}
GIVEN = {
    "accept": WANTED,
    "relabel": {**WANTED, "Aspirin": "Gene"},
    "boundary": {"Aspirin": "Chemical", "breast": "Disease", "mice": "Organism"},
    "delete": {**WANTED, "level": "Gene"},
    "add": {"Aspirin": "Chemical", "breast cancer": "Disease"},
}
"""What a sentence of each kind comes with; every one must become ``WANTED``."""
KEYS = {
    "accept": ["Enter"],
    "relabel": [KEY["Chemical"], "Enter"],
    "boundary": ["n", "Shift+ArrowRight", "Enter"],
    "delete": ["n", "Delete", "Enter"],
    "add": ["n", "ArrowRight", "ArrowRight", KEY["Organism"], "Enter"],
}


@dataclass(frozen=True)
class Tool:
    """Another tool's actions for each edit, the next text included, as a page of its own says."""

    name: str
    actions: dict[str, str]
    source: str


TOOLS = (
    Tool(
        "brat",
        {"accept": "1", "relabel": "3+", "boundary": "4+", "delete": "3+", "add": "3+"},
        "brat.nlplab.org/manual.html: double-click the annotation, then type, Delete or Reselect "
        "(and drag); drag and type for a new one; the dialog's own confirmation is not counted; "
        "right arrow: next document (there is no verdict)",
    ),
    Tool(
        "Label Studio",
        {"accept": "1", "relabel": "3", "boundary": "5", "delete": "3", "add": "3"},
        "labelstud.io/guide/labeling: click the region, then a label's key or Backspace; a label's "
        "key, then drag for a new one; Ctrl+Enter submits; no resizing of a text region is "
        "described, so a boundary is a deletion and a new region",
    ),
    Tool(
        "Prodigy",
        {"accept": "1", "relabel": "?", "boundary": "?", "delete": "?", "add": "3"},
        "prodi.gy/docs/web-app: a accepts, 0 to 9 choose the label; highlight the tokens",
    ),
    Tool(
        "doccano",
        {"accept": "?", "relabel": "?", "boundary": "?", "delete": "?", "add": "2+"},
        "doccano's README and docs/tutorial.md: select a span, press the label's shortcut key; "
        "the page says nothing of the way to the next text",
    ),
    Tool(
        "INCEpTION",
        {"accept": "?", "relabel": "?", "boundary": "?", "delete": "?", "add": "?"},
        "user guide, editors: the keyboard cursor moves by single characters (Enter creates, Space "
        "selects, Backspace deletes), so that the count depends on the text",
    ),
    Tool(
        "Argilla",
        {"accept": "1", "relabel": "?", "boundary": "?", "delete": "?", "add": "3"},
        "docs.argilla.io, Annotate your dataset: suggestions are pre-filled, Enter submits; a "
        "number selects the label, drag the span",
    ),
)

PLACE = """([begin, end]) => {
  const walk = document.createTreeWalker(
    document.querySelector('.bse-text'), NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let seen = 0, node, from = null;
  while ((node = walk.nextNode())) {
    if (from === null && seen + node.length > begin) from = [node, begin - seen];
    if (from !== null && seen + node.length >= end) {
      range.setStart(...from);
      range.setEnd(node, end - seen);
      const box = range.getClientRects()[0];
      return [box.left, box.right, (box.top + box.bottom) / 2];
    }
    seen += node.length;
  }
}"""


def fill(store: Store, project: str, rounds: int) -> None:
    """Make a project with one document a round, a sentence of each kind in it."""
    store.create_project(Project(project, NAMES, frozenset(NAMES)))
    documents = []
    for number in range(rounds):
        pieces, ranges, marks, position = [], [], [], 0
        for kind, given in GIVEN.items():
            text = f"Aspirin lowered the level of {kind} {number} in breast cancer of mice."
            for surface, label in sorted(given.items(), key=lambda one: text.index(one[0])):
                at = position + text.index(surface)
                marks.append(mention(at, at + len(surface), label, status="predicted", score=0.9))
            pieces.append(text)
            ranges.append((position, position + len(text)))
            position += len(text) + 1
        documents.append(
            Document(f"{project}-{number}", " ".join(pieces), tuple(marks), tuple(ranges))
        )
    store.import_documents(project, documents, model="given")


class Mouse:
    """Works by clicks and drags, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def correct(self, kind: str, text: str) -> int:
        """Correct a sentence and go on; return the number of actions."""
        actions = {
            "accept": lambda: 0,
            "relabel": lambda: self._click(text, "Aspirin") + self._pick("Chemical"),
            "boundary": lambda: self._click(text, "breast") + self._resize(text, "cancer"),
            "delete": lambda: self._click(text, "level") + self._pick("Delete"),
            "add": lambda: self._click(text, "mice", count=2) + self._pick("Organism"),
        }[kind]()
        self.page.locator(".bse-command[data-action=accept]").click()
        return actions + 1

    def _place(self, text: str, surface: str) -> tuple[float, float, float]:
        shown = self.page.locator(".bse-text").evaluate("body => body.textContent")
        begin = shown.index(text) + text.index(surface)
        left, right, middle = self.page.evaluate(PLACE, [begin, begin + len(surface)])
        return left, right, middle

    def _click(self, text: str, surface: str, *, count: int = 1) -> int:
        left, _, middle = self._place(text, surface)
        self.page.mouse.click(left + 4, middle, click_count=count)
        return 1

    def _pick(self, name: str) -> int:
        self.page.locator(".bse-pop").get_by_role("button", name=name).first.click()
        return 1

    def _resize(self, text: str, surface: str) -> int:
        handle = self.page.locator(".bse-handle.bse-end").bounding_box()
        assert handle is not None
        _, right, middle = self._place(text, surface)
        self.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 2)
        self.page.mouse.down()
        self.page.mouse.move(right - 2, middle, steps=4)
        self.page.mouse.up()
        return 1


class Keyboard:
    """Works by keys, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def correct(self, kind: str, text: str) -> int:
        """Correct a sentence and go on; return the number of actions."""
        for key in KEYS[kind]:
            self.page.keyboard.press(key)
        return len(KEYS[kind])


def replay(page: Page, url: str, store: Store, project: str, by: str, rounds: int) -> Any:
    """Correct every sentence of a project; return actions and seconds by kind."""
    hand = Keyboard(page) if by == "keys" else Mouse(page)
    page.goto(f"{url}/Review?project={project}&reviewer=script")
    page.wait_for_selector(".bse-text")
    page.focus(".bse-text")
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for _ in range(rounds * len(GIVEN)):
        page.wait_for_selector("[data-test-script-state='notRunning']")
        view = page.locator(".bse").get_attribute("data-view") or ""
        item = int(view.rsplit("/", 1)[1])
        text = store.open_item(item, claim=False).surface
        kind = next(one for one in GIVEN if f" {one} " in text)
        began = time.perf_counter()
        actions = hand.correct(kind, text)
        page.wait_for_function(
            "before => (document.querySelector('.bse')?.dataset.view ?? 'none') !== before",
            arg=view,
        )
        found[kind].append((actions, time.perf_counter() - began))
        after = store.open_item(item, claim=False)
        marks = zip(surfaces_of(after.text, after.mentions), after.mentions, strict=True)
        assert {surface: one.label for surface, one in marks} == WANTED, kind
    return {
        kind: {
            "actions": statistics.mean(count for count, _ in values),
            "seconds": round(statistics.median(seconds for _, seconds in values), 2),
        }
        for kind, values in found.items()
    }


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Store]]:
    """Run the app in folders of its own; yield its address and its store."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    variables = {f"BIONER_{name}": str(folder / name.lower()) for name in names}
    (folder / "home").mkdir()
    database = f"sqlite:///{folder / 'home' / 'bioner.sqlite3'}"
    command = [
        *(sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"),
        *("--server.port", str(port), "--server.fileWatcherType", "none"),
    ]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env={**os.environ, **variables, "BIONER_DATABASE_URL": database},
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield url, Store(database, folder / "backups")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def table(result: dict[str, Any]) -> str:
    """Write the counts as a Markdown table, with its sources below."""
    head = ["edit", "keys", "s", "mouse", "s", *(f"{tool.name} ¹" for tool in TOOLS)]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for kind in GIVEN:
        cells = [kind]
        for by in ("keys", "mouse"):
            one = result[by][kind]
            cells += [f"{one['actions']:g}", f"{one['seconds']:.1f}"]
        cells += [tool.actions[kind] for tool in TOOLS]
        lines.append("| " + " | ".join(cells) + " |")
    notes = [f"- {tool.name}: {tool.source}." for tool in TOOLS]
    return "\n".join([*lines, "", "¹ Counted from documentation, not measured.", "", *notes])


def main() -> None:
    """Replay by keys and by mouse, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=4, help="sentences of each kind")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result: dict[str, Any] = {"rounds": options.rounds}
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving(Path(scratch)) as (url, store),
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for by in ("keys", "mouse"):
            fill(store, by, options.rounds)
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.set_default_timeout(1000 * PATIENCE_S)
            result[by] = replay(page, url, store, by, by, options.rounds)
            page.close()
        browser.close()
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
