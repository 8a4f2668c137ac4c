"""What was said that a run takes, beside what it took: time and memory on three configurations.

    python -m benchmarks.estimates --data DIR [--base models/bioner-compact] [--json FILE]

The pace is measured as *Measure the pace here* does it, then each run is estimated and made, one
thread each. Both are told in processor seconds: what other work on the machine takes away slows the
clock, and not always alike. Memory is the most that the process held.
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

from bioner.jobs import estimate as cost
from bioner.jobs import sizes
from bioner.jobs.estimate import Speed
from bioner.models.bases import find_base
from bioner.settings import PROJECT_ROOT, read_settings

PACE = """
import sys, time
import bioner.training.pace as pace
time.monotonic = time.process_time
print(pace.calibrate(sys.argv[1], "cpu", int(sys.argv[2])))
"""

CONFIGURATIONS: dict[str, tuple[tuple[str, ...], int, int, bool]] = {
    "all corpora, 60 steps": ((), 60, 0, False),
    "two corpora, 40 steps, scored twice": (("NCBI-disease", "BioNLP13CG"), 40, 20, False),
    "one corpus, filled in, 30 steps": (("NCBI-disease",), 30, 0, True),
}
"""Corpora (none: all), steps, steps between scores, whether a teacher reads first."""


@dataclass(frozen=True)
class Row:
    """Said and real of one configuration."""

    name: str
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
        [sys.executable, "-c", PACE, str(base), str(batch)],
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


def compared(name: str, data: Path, base: Path, pace: float, home: Path) -> Row:
    """Estimate a configuration, then run it."""
    corpora, steps, every, is_filled_in = CONFIGURATIONS[name]
    groups = sizes.train_groups(data)
    chosen = sizes.known_corpora(groups, corpora)
    found = find_base(str(base), read_settings())
    said = cost.estimate(
        sizes.chosen_size(groups, chosen, is_told=found.knows_conventions),
        cost.Steps(epochs=1.0, max_steps=steps, batch_size=24),
        parameters=found.parameters,
        speed=Speed(pace, "measured"),
        beside=cost.beside_of(
            groups,
            chosen,
            evaluations=steps // every if every else 0,
            is_filled_in=is_filled_in,
        ),
    )
    words = ["train", "--base", str(base), "--data", str(data), "--out", str(home / "model")]
    words += ["--max-steps", str(steps), "--device", "cpu", "--precision", "float32"]
    words += ["--corpora", ",".join(corpora)] if corpora else []
    words += ["--eval-steps", str(every)] if every else []
    words += ["--fill-in", str(base)] if is_filled_in else []
    real_s, real_bytes = run(words, home)
    return Row(name, said.seconds or 0.0, real_s, said.memory_bytes, real_bytes)


def main(argv: Sequence[str] | None = None) -> int:
    """Compare; exit 1 where time or memory is off by more than a quarter."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=PROJECT_ROOT / "models" / "bioner-compact")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    os.environ["OMP_NUM_THREADS"] = "1"
    pace = measured_pace(args.base, 24)
    print(f"{pace:,.0f} word-pieces a second of processor time", flush=True)
    rows = []
    for name in CONFIGURATIONS:
        with tempfile.TemporaryDirectory() as home:
            rows.append(compared(name, args.data, args.base, pace, Path(home)))
        one = rows[-1]
        time_off, memory_off = one.off()
        print(
            f"{name:40}said {one.said_s:6.0f} s, real {one.real_s:6.0f} s ({time_off:+.0%}); "
            f"said {one.said_bytes / 1e9:.2f} GB, real {one.real_bytes / 1e9:.2f} GB "
            f"({memory_off:+.0%})",
            flush=True,
        )
    if args.json:
        args.json.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")
    return int(any(abs(off) > 0.25 for one in rows for off in one.off()))


if __name__ == "__main__":
    sys.exit(main())
