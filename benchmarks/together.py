"""Measure how long reviewers wait while texts are brought in, on SQLite and on PostgreSQL.

    python -m benchmarks.together [--texts 50000] [--sentences 1] [--reviewers 20] [--think 2.0]
        [--only sqlite] [--postgres URL]

A process of its own imports the texts (of so many sentences, two mentions each), as ``review
import`` does; the reviewers are threads of one process, as in the app. Each takes the next
sentence, saves an edit and thinks, half to one and a half times as long as said. The import runs
alone first and then, into another project, beside the reviewers. Prints the median, 95th percentile
and longest wait of "next" and "save" in ms, and how much slower the import was. On SQLite, and on a
PostgreSQL server of its own (if ``initdb`` is found; fsync is on), or on the empty database that
``--postgres`` names, which is filled and left. Targets: saving 150 ms, the next sentence 300 ms
(95 of 100), the import at most 1.5 times slower; exit 1 if one is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path

from benchmarks.faults import database, has_postgres
from bioner.review.intake import Origin, take_in
from bioner.review.texts import Texts
from bioner.spans import Document, mention
from bioner.store import Edit, Project, Store, surfaces_of
from bioner.store.my_test import nothing

TYPES = ("Gene", "Disease")
WORDS = [f"word{i}" for i in range(800)]
TARGETS = {"save_p95_ms": 150.0, "next_p95_ms": 300.0, "slower": 1.5}


def a_text(number: int, sentences: int = 1) -> Document:
    """Make a text of so many sentences, each with a gene and a disease."""
    chance = random.Random(number)
    text, marks, ranges = "", [], []
    for _ in range(sentences):
        words = chance.sample(WORDS, 14)
        gene, disease = f"GENE{chance.randrange(5000)}", f"disorder {chance.randrange(900)}"
        one = f"{gene} {' '.join(words[:7])} {disease} {' '.join(words[7:])} {number}."
        begin = len(text) + bool(text)
        at = begin + one.index(disease)
        marks.append(mention(begin, begin + len(gene), "Gene", score=0.9))
        marks.append(mention(at, at + len(disease), "Disease", score=0.8))
        ranges.append((begin, begin + len(one)))
        text += " " * bool(text) + one
    return Document(f"t{number}", text, tuple(marks), tuple(ranges))


def bring_in(url: str, folder: str, project: str, options: argparse.Namespace) -> None:
    """Import texts in this process and print how long it took, in seconds."""
    store = Store(url, Path(folder))
    texts = [a_text(n, options.sentences) for n in range(options.texts)]
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
    alone = _import_elsewhere(url, folder, "alone", options)
    stop = threading.Event()
    people = [Reviewer(store, f"r{n}", options.think, stop) for n in range(options.reviewers)]
    for one in people:
        one.start()
    beside = _import_elsewhere(url, folder, "beside", options)
    stop.set()
    for one in people:
        one.join()
    problems = [said for one in people for said in one.problems]
    found = {"alone_s": alone, "beside_s": beside, "slower": beside / alone}
    print(
        f"import of {options.texts:,} texts of {options.sentences} sentences: {alone:.1f} s alone, "
        f"{beside:.1f} s beside {options.reviewers} reviewers (threads of one process, "
        f"{options.think:g} s between sentences): {beside / alone:.2f} times; "
        f"{len(problems)} refused; load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
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


def _import_elsewhere(url: str, folder: Path, project: str, options: argparse.Namespace) -> float:
    command = [sys.executable, "-m", "benchmarks.together", "--bring-in", url, str(folder)]
    size = ["--texts", str(options.texts), "--sentences", str(options.sentences)]
    done = subprocess.run([*command, project, *size], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def main() -> int:
    """Parse the options, measure, print; exit 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--texts", type=int, default=50_000)
    parser.add_argument("--sentences", type=int, default=1, help="in each text")
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--think", type=float, default=2.0, help="seconds between two sentences")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--postgres", default="", help="the URL of an empty database")
    parser.add_argument("--bring-in", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bring_in:
        url, folder, project = options.bring_in
        bring_in(url, folder, project, options)
        return 0
    missed: list[str] = []
    for name in (options.only,) if options.only else ("sqlite", "postgresql"):
        if name == "postgresql" and not (options.postgres or has_postgres()):
            print("postgresql: there is no initdb in /usr/lib/postgresql; not measured")
            continue
        with tempfile.TemporaryDirectory(prefix="bioner-together-") as scratch:
            folder = Path(scratch)
            with (
                nullcontext((options.postgres, None))
                if (name == "postgresql" and options.postgres)
                else database(name, folder) as (url, _)
            ):
                print(f"{name}:")
                found = measure(url, folder, options)
        missed += [f"{name} {what}" for what, most in TARGETS.items() if found[what] > most]
    print(f"together: {len(missed)} targets missed" + "".join(f"; {one}" for one in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
