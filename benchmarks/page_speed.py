"""How long a person waits in the first minutes, in a real browser with the shipped model.

    python -m benchmarks.page_speed [--rounds 5] [--merged DIR] [--json FILE] [--write docs]

Each round starts the app anew with empty folders of the user's: from `bioner app` to the first
marks on the example, the first click on a mention, a second model, the first search of the corpora
(the shipped sample's, or those of --merged with the index that the build made), the first *Send to
Review*. Beside it, in the same round, a Streamlit page with one word on it: what no app of ours
can be quicker than on this machine at this moment. Medians against the goals; exit 1 if one is
missed. --write puts the figures into docs/performance.md. Needs /usr/bin/chromium and playwright.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.browser import CHROMIUM, PATIENCE_MS, appears, free_port
from benchmarks.written import write_part
from bioner.settings import PROJECT_ROOT

EXAMPLE = "clinical-case"
DOCUMENT = PROJECT_ROOT / "docs" / "performance.md"

MARKS = ".bn-reader [data-m]"

GOALS = {
    "first marks": 4.0,
    "first click": 0.5,
    "second model": 2.0,
    "first search": 2.0,
    "send to review": 3.0,
    "find entities again": 0.5,
}
"""What is waited for → the most seconds that the median may take on two quiet cores."""

WAITS = {
    "first marks": "from `bioner app` to the first marks on the example",
    "first click": "the first click on a mention, to what the corpora say of it",
    "second model": "a second model beside the first, to its marks",
    "first search": "the first search of the corpora, to its sentences",
    "send to review": "the first *Send to Review*, to the sentence in Review",
    "find entities again": "*Find entities* for another text of 250 words, to its marks",
    "empty page": "an empty Streamlit page, from its start to its one word",
}


@contextmanager
def running(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a server while the block runs, with all that it starts."""
    import psutil

    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        for one in psutil.Process(process.pid).children(recursive=True):
            one.terminate()
        process.terminate()
        process.wait(30)


def open_when_it_answers(tab: Any, url: str) -> None:
    """Open an address as soon as something listens there."""
    port = int(url.split(":")[2].partition("/")[0])
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        with socket.socket() as knocking:
            if knocking.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.01)
    tab.goto(url)


def took(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def empty_page(browser: Any, folder: Path) -> float:
    """Return the seconds from starting Streamlit with a page of one word to that word."""
    (folder / "empty.py").write_text("import streamlit as st\nst.text('nothing')\n")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "empty.py", "--server.headless", "true"]
    words = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    quiet = ["--browser.gatherUsageStats", "false"]
    tab = browser.new_page()
    tab.set_default_timeout(PATIENCE_MS)

    def first_word() -> None:
        open_when_it_answers(tab, f"http://127.0.0.1:{port}/")
        appears(tab, "[data-testid=stText]", "nothing")

    begun = time.perf_counter()
    with running([*command, *words, *quiet], folder, os.environ):
        first_word()
        seconds = time.perf_counter() - begun
    tab.close()
    return seconds


def other_text() -> str:
    """Return 250 words of the shipped texts that are no example as they stand."""
    folder = PROJECT_ROOT / "data" / "sample" / "texts"
    words = " ".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.txt"))).split()
    return " ".join(words[37:287])


def is_settled(tab: Any) -> None:
    tab.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")


def first_minutes(browser: Any, folder: Path, merged: Path | None) -> dict[str, float]:
    """Start the app with folders of its own and do what a newcomer does; seconds of each wait."""
    models, data = folder / "models", folder / "data"
    for name in ("bioner-compact", "another"):
        shutil.copytree(PROJECT_ROOT / "models" / "bioner-compact", models / name)
    if merged:
        shutil.copytree(merged, data / "merged")
    known = {
        "BIONER_HOME": str(folder / "home"),
        "BIONER_MODELS": str(models),
        "BIONER_DATA": str(data),
        "BIONER_JOBS": str(folder / "jobs"),
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    found: dict[str, float] = {}
    tab = browser.new_page(viewport={"width": 1400, "height": 900})
    tab.set_default_timeout(PATIENCE_MS)
    marks = tab.locator(MARKS)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bioner", "app", "--port", str(port)]
    with running(command, folder, {**os.environ, **known}):
        open_when_it_answers(tab, f"{url}/Predict?example={EXAMPLE}")
        appears(tab, MARKS)
        found["first marks"] = time.perf_counter() - begun
        is_settled(tab)
        tab.wait_for_timeout(3000)  # a person reads the page

        def click() -> None:
            marks.first.click()
            appears(tab, "[data-testid=stMarkdown]", "Labelled in the corpora")

        found["first click"] = took(click)
        is_settled(tab)
        tab.get_by_role("combobox", name="Compare with").click()

        def second() -> None:
            tab.get_by_role("option", name="another").click()
            tab.get_by_role("tab", name="Differences").wait_for()

        found["second model"] = took(second)
        is_settled(tab)
        tab.goto(f"{url}/Predict")
        is_settled(tab)
        box = tab.get_by_placeholder("Paste an abstract")
        box.fill(other_text())

        def again() -> None:
            tab.get_by_role("button", name="Find entities").click()
            appears(tab, MARKS)

        found["find entities again"] = took(again)
        is_settled(tab)
        tab.get_by_role("button", name="Correct these").click()
        send = tab.get_by_role("button", name="Send to Review")
        send.wait_for()

        def review() -> None:
            send.click()
            tab.get_by_role("heading", name="Review").wait_for()
            appears(tab, ".bse-text")

        found["send to review"] = took(review)

        def search() -> None:
            tab.goto(f"{url}/Corpora?part=sentences")
            tab.get_by_text(re.compile(r"^[\d,]+ sentences?$")).first.wait_for()

        found["first search"] = took(search)
    tab.close()
    return found


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def table(found: Mapping[str, float]) -> str:
    """Return the figures as a Markdown table, with what an empty page took."""
    rows = ["| waited for | seconds, median | goal |", "|---|---|---|"]
    for name, told in WAITS.items():
        goal = f"{GOALS[name]:.1f}" if name in GOALS else ""
        rows.append(f"| {told} | {found[name]:.2f} | {goal} |")
    return "\n".join(rows)


def write(place: str, found: Mapping[str, float], rounds: int) -> None:
    """Replace the figures in this part of the document."""
    load = os.getloadavg()[0]
    told = (
        f"{rounds} rounds on {os.cpu_count()} cores; the load of the last minute was {load:.1f}, "
        f"so an empty page took {found['empty page']:.2f} s and the first marks "
        f"{found['first marks'] / found['empty page']:.1f} times as long."
    )
    write_part(DOCUMENT, place, f"{told}\n\n{table(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--merged", type=Path, help="a merged folder to search instead")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", choices=["before", "after"], help="a place in the document")
    args = parser.parse_args()
    if not CHROMIUM.exists():
        sys.exit("no /usr/bin/chromium on this machine: install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    rounds: list[dict[str, float]] = []
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=str(CHROMIUM), args=options)
        for number in range(args.rounds):
            with tempfile.TemporaryDirectory(prefix="page-speed-") as folder:
                seconds = {"empty page": empty_page(browser, Path(folder))}
                rounds.append(seconds | first_minutes(browser, Path(folder), args.merged))
            told = ", ".join(f"{name} {value:.2f}" for name, value in rounds[-1].items())
            print(f"round {number + 1}: {told}", file=sys.stderr, flush=True)
        browser.close()
    found = medians(rounds)
    if args.json:
        args.json.write_text(json.dumps({"rounds": rounds}, indent=1) + "\n", encoding="utf-8")
    if args.write:
        write(args.write, found, args.rounds)
    print(table(found))
    missed = [name for name, goal in GOALS.items() if found[name] > goal]
    told = ", ".join(f"{name} {found[name]:.2f}/{goal:.1f} s" for name, goal in GOALS.items())
    print(f"{told}; {'missed: ' + ', '.join(missed) if missed else 'every goal met'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
