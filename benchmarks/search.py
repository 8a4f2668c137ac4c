"""Measure searching the merged corpora, as they are and repeated ten times.

    python -m benchmarks.search [--data data/merged] [--times 1 10] [--queries 300] [--json FILE]

The queries are drawn with a fixed seed from the sentences themselves: words and phrases of two and
three words (so common words come as often as they are written), surfaces of mentions, parts of
surfaces, and types, corpora and splits on their own; half of them with a filter or two more, a
tenth far down the pages. Each asks for 20 sentences and their total, and is asked once, on an index
whose file the system may have in memory. Prints how long building takes, the index's size, the
median, 95th percentile and longest query, the 95th percentile of the processor's share of it
(which other work on the machine does not lengthen), and the most memory the process had.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from bioner.corpora.dataset_folder import read_dataset_schema, read_manifest
from bioner.corpora.registry import SPLITS
from bioner.corpora.search import FEATURES, SearchIndex
from bioner.corpora.search_index import Row, build_index
from bioner.corpora.search_query import Query

Result = dict[str, float | int]


def read_rows(folder: Path, times: int) -> Iterator[Row]:
    """Yield the rows of a merged folder, ``times`` over."""
    for _ in range(times):
        for split in SPLITS:
            for batch in pq.ParquetFile(folder / f"{split}.parquet").iter_batches(4096):
                yield from batch.to_pylist()


def draw_query(rng: random.Random, row: Row, index: SearchIndex) -> Query:
    """Draw a query that finds at least the sentence of this row, but for its filters."""
    words = row["text"].split(" ")
    spans = row["spans"]
    kind = rng.choice(("text", "text", "text", "surface", "part", "filter"))
    text = surface = ""
    if kind == "text" or (kind != "filter" and not spans):
        start = rng.randrange(len(words))
        text = " ".join(words[start : start + rng.randint(1, 3)])
    elif kind != "filter":
        span = rng.choice(spans)
        surface = " ".join(words[span["start"] : span["end"]])
        if kind == "part":
            surface = f"*{words[span['end'] - 1]}"
    filtered = kind == "filter" or rng.random() < 0.5

    def some(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(rng.sample(names, 1)) if filtered and rng.random() < 0.4 else ()

    return Query(
        text, surface, some(index.types), some(index.corpora), some(index.splits), some(FEATURES)
    )


def peak_mib() -> float:
    """Return the most memory that this process has had, in MiB."""
    line = next(x for x in Path("/proc/self/status").read_text().split("\n") if "VmHWM" in x)
    return int(line.split()[1]) / 1024


def measure(folder: Path, times: int, queries: int) -> Result:
    """Build the index and ask it."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "search.sqlite3"
        began = time.perf_counter()
        build_index(
            file,
            read_rows(folder, times),
            read_dataset_schema(folder),
            fingerprint=read_manifest(folder).fingerprint,
        )
        built = time.perf_counter() - began
        index = SearchIndex(file)
        rng = random.Random(5)
        rows = list(itertools.islice(read_rows(folder, 1), 0, None, 97))
        waited: list[float] = []
        worked: list[float] = []
        found: list[int] = []
        for _ in range(queries):
            query = draw_query(rng, rng.choice(rows), index)
            offset = 20 * rng.randrange(500) if rng.random() < 0.1 else 0
            began, work_began = time.perf_counter(), time.thread_time()
            page = index.search(query, offset=offset)
            worked.append(1000 * (time.thread_time() - work_began))
            waited.append(1000 * (time.perf_counter() - began))
            found.append(page.total)
        return {
            "sentences": index.sentences,
            "build_s": round(built, 1),
            "index_mb": round(file.stat().st_size / 1e6, 1),
            "median_ms": round(statistics.median(waited), 1),
            "p95_ms": round(statistics.quantiles(waited, n=20)[-1], 1),
            "p95_cpu_ms": round(statistics.quantiles(worked, n=20)[-1], 1),
            "longest_ms": round(max(waited), 1),
            "median_found": int(statistics.median(found)),
            "peak_mib": round(peak_mib()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data/merged"))
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {times: measure(options.data, times, options.queries) for times in options.times}
    names = list(next(iter(results.values())))
    print("\t".join(["times", *names]))
    for times, result in results.items():
        print("\t".join([str(times), *(str(result[name]) for name in names)]))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
