"""How soon Review → Decide shows its first group where very many marks wait, in a real browser.

    python -m benchmarks.decide_page [--marks 100000] [--rounds 5] [--keep DIR] [--json FILE]

Builds a project of as many waiting marks outside "my test" in a scratch database (names that come
as often as names do: a few a thousand times, thousands once), starts the app on it, and opens the
page in tabs of the system's Chromium, which has seen the app before: once other marks may wait, so
that all are put together anew; again, where nothing has changed; and of a project without marks,
which is what any page of ours takes.
Prints the seconds by the clock from the address to the first group, those of the server's processor
until then, and those of the same work without a page. Exit 1 where the median of the first by the
clock misses the goal of two seconds. ``--keep`` keeps the database, for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.browser import CHROMIUM, PATIENCE_MS, appears, start_app
from bioner.labels import read_schema
from bioner.review.groups import read_board
from bioner.spans import Document, Mention, mention
from bioner.store import Project, Store

GOAL_S = 2.0
PROJECT, EMPTY, WHO = "waiting", "nothing waits", "script"
NAMES = 12_000
"""Different names; the n-th comes as often as 1/n of the first."""
SENTENCES, MARKS = 3, 2.6
"""Sentences in a document, marks in a sentence, about."""
TESTED = 1.25
"""Marks in all, for one outside "my test"."""
FIRST = "[data-testid=stMain] .st-key-alike .bn-text"
REST = "[data-testid='stApp'][data-test-script-state='notRunning']"


@dataclass(frozen=True)
class Opened:
    """One opening: seconds by the clock and of the server's processor until the first group."""

    clock: float
    processor: float


def documents(marks: int) -> Iterator[Document]:
    """Yield documents with about so many predicted marks; the same each time."""
    chance = random.Random(0)
    names = [f"{''.join(chance.choices('ABCDEFGHKLMNPRST', k=3))}{n}" for n in range(NAMES)]
    weights = [1 / (n + 1) for n in range(NAMES)]
    types = read_schema().names
    left = round(marks * TESTED)
    number = 0
    while left > 0:
        text, found, ranges = "", [], []
        for _ in range(SENTENCES):
            begin = len(text)
            text += f"In text {number} we found that"
            for name in chance.choices(names, weights, k=chance.choice((2, 2, 3, 3, 3))):
                at = len(text) + 1
                label = types[hash_of(name) % len(types)] if chance.random() < 0.9 else types[0]
                found.append(one_mark(at, at + len(name), label, chance.random()))
                text += f" {name} and"
            text += " more."
            ranges.append((begin, len(text)))
            text += " "
        left -= len(found)
        yield Document(f"d{number}", text[:-1], tuple(found), tuple(ranges))
        number += 1


def hash_of(name: str) -> int:
    """Return a number of a name, the same in each process."""
    return sum(map(ord, name))


def one_mark(start: int, end: int, label: str, chance: float) -> Mention:
    """Return a mark of which a model is mostly sure."""
    return mention(start, end, label, status="predicted", score=round(1 - chance**4 / 2, 4))


def build(store: Store, marks: int) -> None:
    """Fill a store with what waits, and say how far it is."""
    types = read_schema().names
    for name in (PROJECT, EMPTY):
        store.create_project(Project(name, types, frozenset(types)))
    began = told = time.monotonic()
    given = 0

    def counted() -> Iterator[Document]:
        nonlocal given, told
        for one in documents(marks):
            yield one
            given += len(one.mentions)
            if time.monotonic() - told > 2:
                told = time.monotonic()
                share = given / (marks * TESTED)
                left_s = (told - began) * (1 / share - 1)
                say(f"\r{given:,} marks, {share:.0%}, {left_s:.0f} s left ")

    store.import_documents(PROJECT, counted(), model="m")
    say("\n")


def say(words: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(words)
    sys.stderr.flush()


def used(pid: int) -> float:
    """Return the seconds of processor that a server and all it started have used."""
    import psutil

    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


def wait_until_idle(pid: int) -> None:
    """Wait until the server has made ready what it makes ready by itself."""
    before = used(pid)
    while True:
        time.sleep(2)
        now = used(pid)
        if now - before < 0.05:
            return
        before = now


def opened(context: Any, url: str, pid: int, project: str, until: str) -> Opened:
    """Open the page in a tab of its own, until this is on it, and let it come to rest."""
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE_MS)
    before, began = used(pid), time.perf_counter()
    tab.goto(f"{url}/Review?project={project}&reviewer={WHO}&part=Decide", wait_until="commit")
    appears(tab, until)
    found = Opened(time.perf_counter() - began, used(pid) - before)
    tab.wait_for_selector(REST)
    tab.close()
    return found


def without_page(store: Store) -> float:
    """Return the seconds of processor that putting the marks together takes by itself."""
    before = time.process_time()
    read_board(store, PROJECT, WHO)
    return time.process_time() - before


def measure(folder: Path, marks: int, rounds: int) -> dict[str, Any]:
    """Build what is not there yet, open the page again and again, and return the figures."""
    from playwright.sync_api import sync_playwright

    names = ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS")
    variables = {f"BIONER_{name}": str(folder / name.lower()) for name in names}
    (folder / "home").mkdir(parents=True, exist_ok=True)
    database = f"sqlite:///{folder / 'home' / 'bioner.sqlite3'}"
    store = Store(database, folder / "backups")
    if PROJECT not in {one.name for one in store.projects()}:
        build(store, marks)
    board = read_board(store, PROJECT, WHO)
    found: dict[str, list[Opened]] = {"anew": [], "again": [], "nothing": []}
    process, url = start_app({**os.environ, **variables, "BIONER_DATABASE_URL": database})
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
            )
            context = browser.new_context(viewport={"width": 1400, "height": 1000})
            opened(context, url, process.pid, EMPTY, ".st-key-decide_again")
            wait_until_idle(process.pid)
            for number in range(rounds):
                say(f"\rround {number + 1} of {rounds} ")
                more = Document(f"more {time.time_ns()}", "Nothing.", (), ((0, 8),))
                store.import_documents(PROJECT, [more], model="m")
                for name, project, until in (
                    ("anew", PROJECT, FIRST),
                    ("again", PROJECT, FIRST),
                    ("nothing", EMPTY, ".st-key-decide_again"),
                ):
                    found[name].append(opened(context, url, process.pid, project, until))
            say("\n")
            browser.close()
    finally:
        process.kill()
        process.wait()
    return {
        "marks": board.marks,
        "test_marks": board.test_marks,
        "groups": len(board.groups),
        "load": os.getloadavg()[0],
        "without_page": statistics.median(without_page(store) for _ in range(rounds)),
        "opened": {name: [vars(one) for one in ones] for name, ones in found.items()},
    }


WHEN = {
    "anew": "other marks may wait: all put together anew",
    "again": "nothing has changed since",
    "nothing": "a project without marks",
}


def table(result: dict[str, Any]) -> str:
    """Write the medians, and the least and most, as a Markdown table."""
    lines = ["| opened | clock, s | server's processor, s |", "|---|---:|---:|"]
    for name, ones in result["opened"].items():
        clock, processor = ([one[of] for one in ones] for of in ("clock", "processor"))
        lines.append(f"| {WHEN[name]} | {told(clock)} | {told(processor)} |")
    lines += [
        "",
        f"{result['marks']:,} marks in {result['groups']:,} groups wait, {result['test_marks']:,} "
        f"more lie in “my test”. Putting them together, without a page: "
        f"{result['without_page']:.2f} s of processor. Load {result['load']:.1f}.",
    ]
    return "\n".join(lines)


def told(seconds: Sequence[float]) -> str:
    """Return a median with the least and the most."""
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"


def main() -> int:
    """Measure, print the table; return 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--marks", type=int, default=100_000, help='outside "my test"')
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder for the database, used again")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.keep or Path(scratch)).absolute()
        result = measure(folder, options.marks, options.rounds)
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    median = statistics.median(one["clock"] for one in result["opened"]["anew"])
    print(f"first group after {median:.2f} s, goal {GOAL_S:.0f} s")
    return int(median > GOAL_S)


if __name__ == "__main__":
    sys.exit(main())
