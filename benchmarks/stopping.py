"""How soon a training that is asked to stop has ended, phase by phase, and what it says.

    python -m benchmarks.stopping --data DIR [--base models/bioner-compact] [--teacher FOLDER]
        [--sentences 0] [--json FILE] [--write [docs/performance.md]]

Each phase is a run of the command of its own: it is asked (SIGTERM) once its progress says that the
phase has begun, a second later. Ended means that the process is gone; it is to exit 1 and to say on
its last line that it was stopped. Where other work runs on the machine, the processor time that the
process took from then on says what the clock cannot: beside it stands when the sentence was said.
``--sentences`` trains on so many of the data; 0: on all.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.written import write_part
from bioner.corpora.dataset_folder import read_dataset, write_dataset
from bioner.machine import processor_name
from bioner.settings import PROJECT_ROOT

ALLOWED_S = 10.0
PART = "stopping"

PHASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "reading the data": ("", ()),
    "loading the base": ("loading the base", ()),
    "fill-in": ("the teacher has read", ("--fill-in",)),
    "encoding": ("encoding", ()),
    "training": ("loss", ()),
    "training, many batches a step": ("training", ("--accumulate", "64")),
    "scoring the parent": ("scoring", ("--parent", "--eval-steps", "-1")),
    "evaluation": ("scoring", ("--eval-steps", "2")),
    "the last evaluation": ("scoring", ("--eval-steps", "-1", "--max-steps", "2")),
    "saving": ("saving the model", ("--max-steps", "2")),
    "confidence": ("fitting the confidence", ("--max-steps", "2")),
}
"""What is said when a phase begins, and the options that bring it about."""


@dataclass(frozen=True)
class Row:
    """How a phase was stopped."""

    phase: str
    seconds: float
    said_s: float
    processor_s: float
    code: int
    said: str

    @property
    def is_obeyed(self) -> bool:
        """Whether it was soon: by the clock, or by processor time where the machine is busy."""
        return (
            min(self.seconds, self.processor_s) <= ALLOWED_S
            and self.code == 1
            and "stopped" in self.said
        )


def stopped(phase: str, data: Path, base: Path, teacher: Path, scratch: Path) -> Row:
    """Run the command, ask it to stop in a phase, and wait for its end."""
    begins, options = PHASES[phase]
    words = [sys.executable, "-m", "bioner", "train", "--base", str(base), "--data", str(data)]
    words += ["--out", str(scratch / "model"), "--log-steps", "1", "--device", "cpu"]
    named = {"--fill-in": str(teacher), "--parent": base.name}
    for option in options:
        words += [option, named[option]] if option in named else [option]
    process = subprocess.Popen(
        words,
        cwd=PROJECT_ROOT,
        env={**os.environ, "BIONER_HOME": str(scratch / "home"), "BIONER_JOBS": str(scratch)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    lines: list[str] = []
    heard_at: list[float] = []
    begun = threading.Event()

    def listen() -> None:
        for line in process.stderr or ():
            lines.append(line.strip())
            heard_at.append(time.monotonic())
            if begins and begins in line:
                begun.set()

    reader = threading.Thread(target=listen)
    reader.start()
    if begins:
        while not begun.wait(0.1) and process.poll() is None:
            pass
        time.sleep(1)
    else:
        time.sleep(4)
    before = processor_s(psutil.Process(process.pid).cpu_times())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    earlier = used.ru_utime + used.ru_stime
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=600)
    seconds = time.monotonic() - asked
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    reader.join()
    return Row(
        phase,
        seconds=round(seconds, 2),
        said_s=round(heard_at[-1] - asked, 2) if heard_at else 0.0,
        processor_s=round(used.ru_utime + used.ru_stime - earlier - before, 2),
        code=process.returncode,
        said=next((one for one in reversed(lines) if one), ""),
    )


def processor_s(times: Any) -> float:
    """Return the seconds that a process alone has computed."""
    return float(times.user + times.system)


def main(argv: Sequence[str] | None = None) -> int:
    """Stop in each phase; exit 1 where one was not obeyed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    models = PROJECT_ROOT / "models"
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=models / "bioner-compact")
    parser.add_argument("--teacher", type=Path, default=models / "bioner-compact")
    parser.add_argument("--sentences", type=int, default=0)
    parser.add_argument("--phases", nargs="+", choices=list(PHASES), default=list(PHASES))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, nargs="?", const=Path("docs/performance.md"))
    args = parser.parse_args(argv)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        data = args.data
        if args.sentences:
            found = read_dataset(args.data)
            data = Path(folder) / "data"
            write_dataset(replace(found, train=found.train[: args.sentences]), data)
        for number, phase in enumerate(args.phases):
            scratch = Path(folder) / str(number)
            scratch.mkdir()
            rows.append(stopped(phase, data, args.base, args.teacher, scratch))
            one = rows[-1]
            mark = "obeyed" if one.is_obeyed else "NOT OBEYED"
            print(
                f"{one.phase:32}{one.seconds:7.1f} s (said after {one.said_s:.1f}, processor "
                f"{one.processor_s:.1f})  exit {one.code}  {mark}  {one.said}"
            )
            sys.stdout.flush()
    late = [one for one in rows if not one.is_obeyed]
    print(f"stopping: {len(rows) - len(late)} of {len(rows)} phases obeyed; {load()}")
    if args.json:
        args.json.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")
    if args.write:
        write_part(args.write, PART, table(rows))
    return 1 if late else 0


def table(rows: Sequence[Row]) -> str:
    """Return how soon each phase was stopped as a Markdown section, with what was said last."""
    lines = [
        f"{processor_name()}, {load()}; asked a second after the phase had begun.",
        "",
        "| stopped in | ended after, s | said after, s | its last line |",
        "|---|---:|---:|---|",
    ]
    for one in rows:
        said = one.said.removeprefix("error: ")
        lines.append(f"| {one.phase} | {one.seconds:.1f} | {one.said_s:.1f} | {said} |")
    return "\n".join(lines)


def load() -> str:
    """Say how busy the machine was."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


if __name__ == "__main__":
    sys.exit(main())
