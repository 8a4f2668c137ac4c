"""What was said that a run takes, beside what it took: time and memory on three configurations.

    python -m benchmarks.estimates --data DIR [--base models/bioner-compact] [--json FILE]
        [--write [docs/performance.md]]

Each run is made, and estimated by the pace before and after it, measured as *Measure the pace here*
does it; one thread each. Both are told in processor seconds: what other work on the machine takes
away slows the clock, and not always alike. Memory is the most that the process held.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.written import write_part
from bioner.jobs import estimate as cost
from bioner.jobs import sizes
from bioner.jobs.estimate import Speed, Steps
from bioner.machine import processor_name
from bioner.models.bases import find_base
from bioner.settings import PROJECT_ROOT, read_settings

PART = "estimates"
PACE = """
import sys, time
import bioner.training.pace as pace
time.monotonic = time.process_time
print(pace.calibrate(sys.argv[1], "cpu", int(sys.argv[2]), length=int(sys.argv[3])))
"""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What is trained: ``corpora`` (none: all), for how long, scored how often, with a teacher.

    Runs are long enough that the longest batch is among what is read, which memory hangs on.
    """

    corpora: tuple[str, ...] = ()
    steps: int
    batch_pieces: int = 0
    every: int = 0
    is_filled_in: bool = False

    @property
    def plan(self) -> Steps:
        """What the estimate is told."""
        return Steps(
            epochs=1.0, max_steps=self.steps, batch_size=24, batch_pieces=self.batch_pieces
        )


CONFIGURATIONS = {
    "all corpora, 60 steps of 2,048 word-pieces": Configuration(steps=60, batch_pieces=2048),
    "two corpora, 200 steps, scored twice": Configuration(
        corpora=("NCBI-disease", "BioNLP13CG"), steps=200, every=100
    ),
    "one corpus, filled in, 150 steps": Configuration(
        corpora=("NCBI-disease",), steps=150, is_filled_in=True
    ),
}


@dataclass(frozen=True)
class Row:
    """Said and real of one configuration."""

    name: str
    pace: int
    said_s: float
    real_s: float
    said_bytes: int
    real_bytes: int

    def off(self) -> tuple[float, float]:
        """Return by which shares of the real figures time and memory were off."""
        return self.said_s / self.real_s - 1, self.said_bytes / self.real_bytes - 1


def measured_pace(base: Path, batch: int) -> float:
    """Return word-pieces a second of processor time."""
    done = subprocess.run(
        [sys.executable, "-c", PACE, str(base), str(batch), str(cost.MEASURED_LENGTH)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def run(words: Sequence[str], home: Path) -> tuple[float, int]:
    """Run the command; return its processor seconds and the most bytes that it held."""
    environment = {**os.environ, "BIONER_HOME": str(home), "BIONER_JOBS": str(home / "jobs")}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bioner", *words],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((home / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def compared(name: str, data: Path, base: Path, home: Path) -> Row:
    """Run a configuration, and estimate it by the pace before and after."""
    one = CONFIGURATIONS[name]
    rows = one.plan.rows
    words = ["train", "--base", str(base), "--data", str(data), "--out", str(home / "model")]
    words += ["--max-steps", str(one.steps), "--device", "cpu", "--precision", "float32"]
    words += ["--corpora", ",".join(one.corpora)] if one.corpora else []
    words += ["--batch-pieces", str(one.batch_pieces)] if one.batch_pieces else []
    words += ["--eval-steps", str(one.every)] if one.every else []
    words += ["--fill-in", str(base)] if one.is_filled_in else []
    before = measured_pace(base, rows)
    real_s, real_bytes = run(words, home)
    pace = 2 / (1 / before + 1 / measured_pace(base, rows))
    groups = sizes.train_groups(data)
    chosen = sizes.known_corpora(groups, one.corpora)
    found = find_base(str(base), read_settings())
    said = cost.estimate(
        sizes.chosen_size(groups, chosen, is_told=found.knows_conventions),
        one.plan,
        parameters=found.parameters,
        speed=Speed(pace, "measured"),
        beside=cost.beside_of(
            groups,
            chosen,
            evaluations=one.steps // one.every if one.every else 0,
            teacher=base if one.is_filled_in else None,
        ),
    )
    return Row(name, round(pace), said.seconds or 0.0, real_s, said.memory_bytes, real_bytes)


def main(argv: Sequence[str] | None = None) -> int:
    """Compare; exit 1 where time or memory is off by more than a quarter."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=PROJECT_ROOT / "models" / "bioner-compact")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/performance.md"))
    args = parser.parse_args(argv)
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    for name in CONFIGURATIONS:
        with tempfile.TemporaryDirectory() as home:
            rows.append(compared(name, args.data, args.base, Path(home)))
        one = rows[-1]
        time_off, memory_off = one.off()
        print(
            f"{name:44}{one.pace:,} pieces/s; "
            f"said {one.said_s:6.0f} s, real {one.real_s:6.0f} s ({time_off:+.0%}); "
            f"said {one.said_bytes / 1e9:.2f} GB, real {one.real_bytes / 1e9:.2f} GB "
            f"({memory_off:+.0%})",
            flush=True,
        )
    if args.json:
        args.json.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")
    if args.write:
        write_part(args.write, PART, table(rows))
    return int(any(abs(off) > 0.25 for one in rows for off in one.off()))


def table(rows: Sequence[Row]) -> str:
    """Return said and real as a Markdown section."""
    lines = [
        f"{processor_name()}, one thread, processor seconds.",
        "",
        "| run | pieces/s | said, s | real, s | | said, GB | real, GB | |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in rows:
        time_off, memory_off = one.off()
        lines.append(
            f"| {one.name} | {one.pace:,} | {one.said_s:,.0f} | {one.real_s:,.0f} "
            f"| {time_off:+.0%} | {one.said_bytes / 1e9:.2f} | {one.real_bytes / 1e9:.2f} "
            f"| {memory_off:+.0%} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
