"""Measure the annotation store under a long life's load, on SQLite and on PostgreSQL.

    python -m benchmarks.review [--queued 100000] [--revisions 1000000] [--rounds 300]
        [--postgres URL] [--json FILE]

Queued sentences come in through the store's own import, their priorities through its own call. The
revisions of a long life are written into the log directly, twenty for each of as many reviewed
sentences as that takes, since a million synchronous saves would take hours. Then a reviewer takes
the next sentence, saves an edit in progress, saves a verdict, and now and then undoes, looks at the
history, pages through the queue with each filter and looks at the progress. Prints the median, 95th
percentile and longest wait of each, in ms, and how much memory the rounds added. ``--postgres``
names an empty database, which is filled and left.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psutil
from sqlalchemy import insert, select, text

from bioner.review import REASONS
from bioner.spans import Document, Range, mention
from bioner.store import (
    Edit,
    Priority,
    Project,
    QueueFilter,
    Reason,
    ReviewItem,
    Store,
    codec,
    surfaces_of,
)
from bioner.store.tables import corrections, items, revisions

Waits = dict[str, list[float]]
Result = dict[str, dict[str, float]]
T = TypeVar("T")

TYPES = ("Gene", "Disease", "Chemical", "Cell", "Complex")
SENTENCES = 10
"""Sentences a document."""

LIFE = 20
"""Revisions a reviewed sentence."""

FILTERS = {
    "queue": QueueFilter(),
    "queue, common type": QueueFilter(label="Gene"),
    "queue, rare type": QueueFilter(label="Complex"),
    "queue, reason": QueueFilter(reason=REASONS[2]),
    "queue, rare word": QueueFilter(text="zebrafish"),
    "queue, one document": QueueFilter(document="d77", status="all"),
    "queue, my test": QueueFilter(test=True),
    "queue, done": QueueFilter(status="done"),
}


def make_document(number: int) -> Document:
    """Make a document of ten sentences with two to three predicted mentions each."""
    chance = random.Random(number)
    pieces, ranges, mentions, position = [], [], [], 0
    for i in range(SENTENCES):
        gene, disease = f"GENE{chance.randrange(5000)}", f"disorder {chance.randrange(900)}"
        words = chance.sample(WORDS, 14)
        piece = f"{gene} {' '.join(words[:7])} {disease} {' '.join(words[7:])} {number}.{i}."
        at = position + piece.index(disease)
        mentions.append(mention(position, position + len(gene), "Gene", score=chance.random()))
        mentions.append(mention(at, at + len(disease), "Disease", score=chance.random()))
        if chance.random() < 0.002:
            mentions.append(mention(at, at + 4, "Complex", score=0.4))
        pieces.append(piece)
        ranges.append((position, position + len(piece)))
        position += len(piece) + 1
    if number % 500 == 7:
        pieces[-1] = pieces[-1][:-9] + "zebrafish"
        position = sum(len(p) + 1 for p in pieces)
        ranges[-1] = (ranges[-1][0], position - 1)
        mentions = [m for m in mentions if m.end <= position - 1]
    return Document(f"d{number}", " ".join(pieces), tuple(mentions), tuple[Range, ...](ranges))


WORDS = [f"word{i}" for i in range(800)]


def fill(store: Store, queued: int, life: int) -> dict[str, float]:
    """Bring the store to its size and return how long each step took, in seconds."""
    took: dict[str, float] = {}
    reviewed = life // LIFE

    def step(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        took[name] = round(time.perf_counter() - began, 1)

    store.create_project(Project("load", TYPES, frozenset(TYPES)))
    documents = (make_document(n) for n in range((queued + reviewed) // SENTENCES))
    step("import_s", lambda: store.import_documents("load", documents, model="m"))
    step("log_s", lambda: write_log(store, reviewed))
    step("priorities_s", lambda: store.set_priorities("load", priorities(store)))
    with store.database.write() as connection:
        connection.execute(text("ANALYZE"))
    return took


def priorities(store: Store) -> Iterator[Priority]:
    """Give every item a priority and two reasons, drawn with a fixed seed."""
    chance = random.Random(3)
    with store.database.read() as connection:
        ids = list(connection.execute(select(items.c.id)).scalars())
    for item in ids:
        pair = chance.sample(REASONS, 2)
        yield Priority(item, chance.random(), tuple(Reason(n, chance.random()) for n in pair))


def write_log(store: Store, reviewed: int) -> None:
    """Write the first items' revisions straight into the log, and the states that they leave."""
    with store.database.read() as connection:
        rows = connection.execute(select(items).order_by(items.c.id).limit(reviewed)).all()
    for begin in range(0, len(rows), 500):
        part = rows[begin : begin + 500]
        states = {
            row.id: codec.write_mentions([mention(row.start, row.start + 5, "Gene")])
            for row in part
        }
        with store.database.write() as connection:
            log = [
                {
                    "op": f"{row.id}:{n}",
                    "kind": "edit",
                    "document": row.document,
                    "start": row.start,
                    "end": row.end,
                    "track": "",
                    "surface": "x" * (row.end - row.start),
                    "before": states[row.id],
                    "after": states[row.id],
                    "previous": PREVIOUS,
                    "is_correction": True,
                    "covers": codec.write_names(TYPES),
                    "verdict": "correct",
                    "reviewer": f"reviewer {row.id % 5}",
                    "note": "",
                    "model": "m",
                    "schema": "0123456789abcdef",
                    "base": 0,
                    "batch": "",
                    "session": "",
                    "target": 0,
                    "recorded": "2020-01-01T00:00:00+00:00",
                }
                for n in range(LIFE)
                for row in part
            ]
            connection.execute(insert(revisions), log)
            last = connection.execute(
                select(revisions.c.seq).order_by(revisions.c.seq.desc()).limit(1)
            )
            first = last.scalar_one() - len(part) + 1  # the last round's, in the order of the items
            connection.execute(
                insert(corrections),
                [
                    {
                        "item": row.id,
                        "track": "",
                        "project": row.project,
                        "mentions": states[row.id],
                        "covers": codec.write_names(TYPES),
                        "verdict": "correct",
                        "reviewer": f"reviewer {row.id % 5}",
                        "note": "",
                        "head": first + number,
                    }
                    for number, row in enumerate(part)
                ],
            )
            done = items.update().where(items.c.id.in_([row.id for row in part]))
            connection.execute(done.values(status="done"))


PREVIOUS = json.dumps(
    {"corrected": True, "covers": [], "verdict": None, "note": "", "reviewer": ""}
)


def review(store: Store, rounds: int) -> tuple[Waits, float]:
    """Review for some rounds; return the waits in ms, and the memory added in MiB."""
    waits: Waits = defaultdict(list)
    process = psutil.Process()

    def timed(name: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = work()
        waits[name].append(1000 * (time.perf_counter() - began))
        return result

    before = 0
    for number in range(rounds):
        if number == rounds // 10:
            before = process.memory_info().rss
        found = timed("next", lambda: store.claim_next("load", "ann"))
        assert found is not None
        seen: ReviewItem = found
        edit = edit_of(seen)
        first = timed("save", lambda edit=edit: store.save(edit))
        verdict = replace(edit_of(seen), base=first.seq, verdict="correct")
        timed("save", lambda edit=verdict: store.save(edit))
        if number % 10 == 0:
            timed("undo", lambda item=seen.item: store.undo(item, "ann"))
            timed("redo", lambda item=seen.item: store.redo(item, "ann"))
            timed("history of 20", lambda n=number: store.history(1 + n))
            timed("progress", lambda: store.progress("load"))
            for name, filters in FILTERS.items():
                timed(name, lambda f=filters: store.queue("load", filters=f, limit=20))
    return waits, (process.memory_info().rss - before) / 2**20


def edit_of(seen: ReviewItem) -> Edit:
    """The edit that deletes the sentence's first mention and adds one."""
    mentions = (*seen.mentions[1:], mention(seen.start, seen.start + 3, "Gene"))
    surfaces = surfaces_of(seen.text, mentions)
    return Edit(
        item=seen.item,
        base=seen.base,
        surface=seen.surface,
        mentions=mentions,
        surfaces=surfaces,
        reviewer="ann",
    )


def measure(url: str, queued: int, life: int, rounds: int) -> Result:
    """Fill a database and review in it."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(url or f"sqlite:///{scratch}/review.sqlite3", Path(scratch) / "backups")
        took = fill(store, queued, life)
        waits, added = review(store, rounds)
        if store.database.file:
            took["database_mb"] = round(store.database.file.stat().st_size / 1e6)
        began = time.perf_counter()
        store.backup(Path(scratch) / "copy.sqlite3")
        took["backup_s"] = round(time.perf_counter() - began, 1)
        store.close()
    result = {name: summary(values) for name, values in waits.items()}
    result["memory"] = {"rounds": rounds, "added_mib": round(added, 1)}
    result["filling"] = took
    return result


def summary(values: list[float]) -> dict[str, float]:
    """Return the median, 95th percentile and longest of some waits."""
    return {
        "median_ms": round(statistics.median(values), 1),
        "p95_ms": round(statistics.quantiles(values, n=20, method="inclusive")[-1], 1),
        "longest_ms": round(max(values), 1),
        "times": len(values),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--revisions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--postgres", default="", help="the URL of an empty database")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    urls = {"sqlite": "", **({"postgresql": options.postgres} if options.postgres else {})}
    results = {
        name: measure(url, options.queued, options.revisions, options.rounds)
        for name, url in urls.items()
    }
    for name, result in results.items():
        print(f"{name}: {options.queued} queued, {options.revisions} revisions")
        print(f"  {'':22}{'median':>9}{'p95':>9}{'longest':>9}  ms")
        for action, row in result.items():
            if "p95_ms" in row:
                cells = (row["median_ms"], row["p95_ms"], row["longest_ms"])
                print(f"  {action:22}" + "".join(f"{cell:9.1f}" for cell in cells))
        print(f"  memory {result['memory']}\n  filling {result['filling']}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
