"""Measure bulk tagging as it grows: killed on the way, nothing doubled, nothing missing.

    python -m benchmarks.scale --texts FOLDER --work FOLDER [--documents 1000 10000] [--kills 3]
        [--workers 2] [--format jsonl] [--json FILE] [--docs docs/scale.md] [--kept JSON]

``--texts`` holds ``*.txt.gz`` files of documents separated by blank lines; distinct ones are drawn
in one fixed order, so that each size holds the smaller ones, in files of 250. Each size is
tagged by ``bioner tag DIR --out DIR --workers N``, whose process is killed with SIGKILL so many
times, evenly over the run, and started again. Then every document must be there exactly once, its
text untouched, every part as its ``.done`` says. Rates are per second of processor time, so that a
busy machine counts alike for all: bulk's covers reading, hashing, cutting, writing and the starts
after the kills; the in-process one is ``Tagger.tag_documents`` on up to 4,000 of the texts, spread
evenly, nothing else, in as many processes at a time as there are workers.
``--docs`` writes the table and the plan for ten million abstracts, with ``--kept`` from the JSON
of an earlier run, whose in-process rates are measured anew where ``--texts`` are given.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from bioner.machine import Device, processor_name, usable_cpus
from bioner.spans import Document
from bioner.tagging.load import load_tagger
from bioner.tagging.shards import file_sha256, read_made

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "bioner-compact"
PER_FILE = 250
SAMPLE = 4_000
"""How many documents are tagged in process, to compare with: fewer differ by a tenth by chance."""
ABSTRACTS = 10_000_000
ABSTRACT_CHARACTERS = 1_500
"""Title and abstract of a PubMed record, about; the plan's core-hours are in proportion to it."""


@dataclass(frozen=True)
class Row:
    """One size: what came out, what it cost, how even its memory was."""

    documents: int
    characters: int
    mentions: int
    kills: int
    doubled: int
    missing: int
    changed: int
    damaged_parts: int
    seconds: float
    cpu_s: float
    in_process_cpu_s_per_character: float
    early_memory: int
    late_memory: int
    output_bytes: int
    gzip_bytes: int

    @property
    def cpu_s_per_document(self) -> float:
        """Processor seconds a document, all processes and their starts included."""
        return self.cpu_s / self.documents

    @property
    def rate_share(self) -> float:
        """The bulk rate as a share of the in-process one, both per processor second."""
        return self.in_process_cpu_s_per_character / (self.cpu_s / self.characters)


def distinct(texts: Path) -> list[str]:
    """Return the distinct documents of all files, in one shuffled order."""
    found: dict[str, None] = {}
    for path in sorted(texts.glob("*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found.update(dict.fromkeys(one.strip() for one in file.read().split("\n\n")))
    found.pop("", None)
    if not found:
        sys.exit(f"{texts}: no *.txt.gz with texts in it; name the folder that holds them")
    drawn = list(found)
    random.Random(7).shuffle(drawn)
    return drawn


def prepare(documents: Sequence[str], folder: Path) -> None:
    """Write the documents, so many a file, with ids of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(documents), PER_FILE):
        path = folder / f"texts-{start // PER_FILE:04d}.jsonl"
        if path.is_file():
            continue
        part = documents[start : start + PER_FILE]
        rows = [{"id": f"d{start + n:06d}", "text": text} for n, text in enumerate(part)]
        work = path.with_suffix(".tmp")
        work.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
        work.replace(path)


class Run:
    """One bulk tagging, its process killed and started again; processor time and memory summed."""

    def __init__(self, source: Path, out: Path, *, workers: int, format: str) -> None:
        self.source, self.out = source, out
        self.command = [
            *(sys.executable, "-m", "bioner", "tag", str(source), "--out", str(out)),
            *("--workers", str(workers), "--format", format, "--json"),
        ]
        self.format = format
        self.cpu_s = 0.0
        self.memory: list[int] = []

    def go(self, kills: int) -> None:
        """Run to the end, killed when so many even shares of the parts are there."""
        files = len(list(self.source.glob("*.jsonl")))
        for kill in range(1, kills + 1):
            self._once(until=max(1, files * kill // (kills + 1)))
        self._once(until=None)

    def _once(self, until: int | None) -> None:
        process = subprocess.Popen(self.command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        tree: dict[int, float] = {}
        try:
            while process.poll() is None:
                tree.update(self._sample(process.pid))
                if until is not None and self._parts() >= until:
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.5)
        finally:
            said = process.communicate()[1]
        self.cpu_s += sum(tree.values())
        if until is None and process.returncode:
            raise SystemExit(said)
        if until is not None:
            time.sleep(3)  # what was left behind sees that it is alone

    def _sample(self, pid: int) -> Iterator[tuple[int, float]]:
        memory = 0
        try:
            here = psutil.Process(pid)
            for one in (here, *here.children(recursive=True)):
                times = one.cpu_times()
                memory += one.memory_info().rss
                yield one.pid, times.user + times.system
        except psutil.Error:
            return
        self.memory.append(memory)

    def _parts(self) -> int:
        return len(list(self.out.glob(f"*.{self.format}.done")))


def check(source: Path, out: Path, format: str) -> dict[str, int]:
    """Compare what came out with what went in, document by document."""
    wanted: dict[str, str] = {}
    for path in source.glob("*.jsonl"):
        for row in _rows(path):
            wanted[row["id"]] = _digest(row["text"])
    found: dict[str, int] = {}
    counts = dict.fromkeys(
        ("characters", "mentions", "changed", "damaged_parts", "output_bytes", "gzip_bytes"), 0
    )
    for path in sorted(out.glob(f"*.{format}")):
        made = read_made(path)
        counts["damaged_parts"] += made is None or made.sha256 != file_sha256(path)
        counts["output_bytes"] += path.stat().st_size
        counts["gzip_bytes"] += len(gzip.compress(path.read_bytes(), 6))
        for row in _rows(path):
            found[row["id"]] = found.get(row["id"], 0) + 1
            counts["characters"] += len(row["text"])
            counts["mentions"] += len(row["entities"])
            counts["changed"] += wanted.get(row["id"]) != _digest(row["text"])
    counts["documents"] = len(found)
    counts["doubled"] = sum(count - 1 for count in found.values())
    counts["missing"] = len(wanted.keys() - found.keys())
    return counts


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield from pq.read_table(path).to_pylist()
        return
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def in_process(texts: Sequence[str]) -> float:
    """Return the processor seconds of tagging alone, in this process."""
    tagger = load_tagger(MODEL, device=Device.CPU, threads=1)
    documents = [Document(str(n), text) for n, text in enumerate(texts)]
    tagger.tag_documents(documents[:50])
    began = time.process_time()
    for start in range(0, len(documents), 150):
        tagger.tag_documents(documents[start : start + 150])
    return time.process_time() - began


def pace_beside(drawn: Sequence[str], size: int, workers: int) -> float:
    """Return the processor seconds a character in process, in so many processes at a time."""
    sample = drawn[: size : max(1, size // SAMPLE)]
    shares = [sample[number::workers] for number in range(workers)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return sum(pool.map(in_process, shares, chunksize=1)) / sum(map(len, sample))


def measure(drawn: Sequence[str], size: int, given: argparse.Namespace) -> Row:
    """Tag one size, killed on the way, and check it."""
    source, out = given.work / f"in-{size}", given.work / f"out-{size}"
    prepare(drawn[:size], source)
    began = time.monotonic()
    run = Run(source, out, workers=given.workers, format=given.format)
    run.go(given.kills)
    seconds = time.monotonic() - began
    half = len(run.memory) // 2
    pace = pace_beside(drawn, size, given.workers)
    return Row(
        **check(source, out, given.format),
        kills=given.kills,
        seconds=seconds,
        cpu_s=run.cpu_s,
        in_process_cpu_s_per_character=pace,
        early_memory=max(run.memory[:half], default=0),
        late_memory=max(run.memory[half:], default=0),
    )


def table(rows: Sequence[Row]) -> str:
    """Return the sizes as a Markdown table."""
    head = (
        "documents | characters | entities | killed | doubled | missing | changed | damaged "
        "parts | processor s | documents a processor s | of in-process | memory, first half | "
        "second half | output | gzipped"
    )
    lines = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    for one in rows:
        cells = (
            f"{one.documents:,}",
            f"{one.characters:,}",
            f"{one.mentions:,}",
            one.kills,
            one.doubled,
            one.missing,
            one.changed,
            one.damaged_parts,
            f"{one.cpu_s:,.0f}",
            f"{1 / one.cpu_s_per_document:.1f}",
            f"{one.rate_share:.1%}",
            f"{one.early_memory / 1e6:,.0f} MB",
            f"{one.late_memory / 1e6:,.0f} MB",
            f"{one.output_bytes / 1e6:,.1f} MB",
            f"{one.gzip_bytes / 1e6:,.1f} MB",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def plan(row: Row) -> str:
    """Return what ten million abstracts would take, in proportion to the largest size."""
    share = ABSTRACTS * ABSTRACT_CHARACTERS / row.characters
    hours = row.cpu_s * share / 3600
    disk, packed = row.output_bytes * share / 1e9, row.gzip_bytes * share / 1e9
    lines = [
        f"Reckoned from the {row.documents:,} documents above, in proportion to characters "
        f"({ABSTRACT_CHARACTERS:,} a title and abstract):",
        "",
        f"- **Processors**: {hours:,.0f} core-hours of this kind ({processor()}): "
        + ", ".join(f"{hours / cores:,.0f} h on {cores}" for cores in (16, 64, 256))
        + " cores, each worker at a file of its own.",
        f"- **Memory**: {row.late_memory / 1e9:.1f} GB for the process and its workers, whatever "
        "the number of texts.",
        f"- **Disk**: {disk:,.0f} GB of JSON lines ({packed:,.0f} GB if gzipped afterwards), "
        f"in {ABSTRACTS // 1_000:,} parts.",
        "- **Cards**: not measured: no card has run this. A process on the CPU spends its time in "
        "the network; on a card it would be cut by reading, splitting and decoding, which are "
        "Python, so one card wants several workers beside it.",
    ]
    return "\n".join(lines)


def processor() -> str:
    """Return what the rates were measured on."""
    return f"{processor_name()}, {usable_cpus()} cores"


def missing(rows: Sequence[Row]) -> str:
    """Say which of the sizes that this page is for have not been measured."""
    left = [size for size in (1_000, 10_000, 100_000) if size not in {r.documents for r in rows}]
    told = " and ".join(f"{size:,}" for size in left)
    return f"Not measured yet: {told} documents." if left else ""


def document(rows: Sequence[Row], given: argparse.Namespace) -> str:
    """Return docs/scale.md."""
    line = f"python -m benchmarks.scale --texts ../shared/text --work DIR --kills {given.kills}"
    sizes = " ".join(str(one.documents) for one in rows)
    return "\n".join(
        [
            "# Bulk tagging: how it grows",
            "",
            f"Written by `{line} --documents {sizes} --docs docs/scale.md`; the model is the "
            f"shipped one on ONNX Runtime, {given.workers} workers, on {processor()}. Other work "
            "ran on the machine, so rates are per second of processor time.",
            "",
            table(rows),
            "",
            "The processor time is that of all processes, with the starts after each kill: each "
            "start loads the model anew, which weighs most on the smallest size. On a busy machine "
            "a second of processor time does less than on an idle one. In process the tagger alone "
            f"reads up to {SAMPLE:,} of the same texts, spread evenly, in {given.workers} "
            f"processes at once. {missing(rows)}".strip(),
            "",
            "## Ten million abstracts",
            "",
            plan(max(rows, key=lambda one: one.documents)),
            "",
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the sizes asked for; exit 1 where a document is doubled, missing or changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--work", type=Path, default=Path("scale"))
    parser.add_argument("--documents", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--format", default="jsonl", choices=("jsonl", "parquet"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--kept", type=Path)
    given = parser.parse_args(argv)
    drawn = distinct(given.texts) if given.texts else []
    if given.kept:
        kept = [Row(**one) for one in json.loads(given.kept.read_text(encoding="utf-8"))]
        if drawn:
            kept = [
                replace(
                    one,
                    in_process_cpu_s_per_character=pace_beside(drawn, one.documents, given.workers),
                )
                for one in kept
            ]
        print(table(kept), flush=True)
        if given.docs:
            given.docs.write_text(document(kept, given), encoding="utf-8")
        return 0
    given.work = given.work.resolve()
    print(f"{len(drawn):,} distinct documents; niceness {os.nice(0)}", flush=True)
    rows: list[Row] = []
    for size in sorted(given.documents):
        rows.append(measure(drawn, size, given))
        print(table(rows[-1:]), flush=True)
        if given.json:
            given.json.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")
        if given.docs:
            given.docs.write_text(document(rows, given), encoding="utf-8")
    if any(one.doubled or one.missing or one.changed or one.damaged_parts for one in rows):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
