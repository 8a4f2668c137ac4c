"""Measure how long reviewers wait while texts are brought in, on SQLite and on PostgreSQL.

    python -m benchmarks.together [--texts 50000] [--reviewers 20] [--think 2.0] [--postgres URL]

A process of its own imports the texts (one sentence, two mentions each), as ``review import`` does;
the reviewers are threads of one process, as in the app. Each takes the next sentence, saves an edit
and thinks. The import runs alone first and then, into another project, beside the reviewers. Prints
the median, 95th percentile and longest wait of "next" and "save" in ms, and how much slower the
import was. ``--postgres`` names an empty database, which is filled and left.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bioner.review.intake import Origin, take_in
from bioner.review.texts import Texts
from bioner.spans import Document, mention
from bioner.store import Edit, Project, Store, surfaces_of
from bioner.store.my_test import nothing

TYPES = ("Gene", "Disease")
WORDS = [f"word{i}" for i in range(800)]


def a_text(number: int) -> Document:
    """Make a text of one sentence with a gene and a disease."""
    chance = random.Random(number)
    words = chance.sample(WORDS, 14)
    gene, disease = f"GENE{chance.randrange(5000)}", f"disorder {chance.randrange(900)}"
    text = f"{gene} {' '.join(words[:7])} {disease} {' '.join(words[7:])} {number}."
    at = text.index(disease)
    marks = (
        mention(0, len(gene), "Gene", score=0.9),
        mention(at, at + len(disease), "Disease", score=0.8),
    )
    return Document(f"t{number}", text, marks, ((0, len(text)),))


def bring_in(url: str, folder: str, project: str, count: int) -> None:
    """Import texts in this process and print how long it took, in seconds."""
    store = Store(url, Path(folder))
    texts = [a_text(n) for n in range(count)]
    began = time.perf_counter()
    origin = Origin(source="benchmark", schema="0123456789abcdef", model="m", trained=nothing)
    take_in(store, project, Texts(documents=texts), origin)
    print(time.perf_counter() - began, flush=True)
    store.close()


class Reviewer(threading.Thread):
    """Takes the next sentence, saves an edit, thinks; keeps how long each took, in ms."""

    def __init__(self, store: Store, name: str, think: float, stop: threading.Event) -> None:
        super().__init__(name=name)
        self.store, self.think, self.stop = store, think, stop
        self.waits: dict[str, list[float]] = {"next": [], "save": []}
        self.problems: list[Exception] = []

    def run(self) -> None:
        """Review until told to stop."""
        chance = random.Random(self.name)
        while not self.stop.wait(self.think * (0.5 + chance.random())):
            try:
                self._review()
            except Exception as error:  # noqa: BLE001
                self.problems.append(error)

    def _review(self) -> None:
        began = time.perf_counter()
        seen = self.store.claim_next("review", self.name)
        self.waits["next"].append(1000 * (time.perf_counter() - began))
        assert seen is not None
        edit = Edit(
            item=seen.item,
            base=seen.base,
            surface=seen.surface,
            mentions=seen.mentions[:1],
            surfaces=surfaces_of(seen.text, seen.mentions[:1]),
            reviewer=self.name,
            verdict="correct",
        )
        began = time.perf_counter()
        self.store.save(edit)
        self.waits["save"].append(1000 * (time.perf_counter() - began))


def measure(url: str, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Import alone, then beside reviewers; print and return what was measured."""
    store = Store(url, folder / "backups")
    for name in ("review", "alone", "beside"):
        store.create_project(Project(name, TYPES, frozenset(TYPES)))
    store.import_documents("review", [a_text(n) for n in range(5000)], model="m")
    alone = _import_elsewhere(url, folder, "alone", options.texts)
    stop = threading.Event()
    people = [Reviewer(store, f"r{n}", options.think, stop) for n in range(options.reviewers)]
    for one in people:
        one.start()
    beside = _import_elsewhere(url, folder, "beside", options.texts)
    stop.set()
    for one in people:
        one.join()
    problems = [said for one in people for said in one.problems]
    found = {"alone_s": alone, "beside_s": beside, "slower": beside / alone}
    print(
        f"import of {options.texts:,} texts: {alone:.1f} s alone, {beside:.1f} s beside "
        f"{options.reviewers} reviewers ({beside / alone:.2f} times), {len(problems)} refused"
    )
    for said in problems[:3]:
        print(f"  {said}")
    for action in ("next", "save"):
        waits = sorted(w for one in people for w in one.waits[action])
        p95 = waits[int(0.95 * (len(waits) - 1))]
        found[f"{action}_p95_ms"] = p95
        print(
            f"  {action}: {len(waits)} times, median {statistics.median(waits):.1f}, "
            f"p95 {p95:.1f}, longest {waits[-1]:.1f} ms"
        )
    store.close()
    return found


def _import_elsewhere(url: str, folder: Path, project: str, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.together", "--bring-in", url, str(folder)]
    done = subprocess.run(
        [*command, project, "--texts", str(count)], check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout)


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--texts", type=int, default=50_000)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--think", type=float, default=2.0, help="seconds between two sentences")
    parser.add_argument("--postgres", default="", help="the URL of an empty database")
    parser.add_argument("--bring-in", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bring_in:
        url, folder, project = options.bring_in
        bring_in(url, folder, project, options.texts)
        return
    for name in ("sqlite", "postgresql") if options.postgres else ("sqlite",):
        with tempfile.TemporaryDirectory(prefix="bioner-together-") as scratch:
            folder = Path(scratch)
            url = options.postgres if name == "postgresql" else f"sqlite:///{folder}/s.sqlite3"
            print(f"{name}:")
            measure(url, folder, options)


if __name__ == "__main__":
    main()
