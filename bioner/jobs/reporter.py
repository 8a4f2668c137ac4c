"""The worker's end of a job: its progress, and how it says that it ended."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import TracebackType

from bioner.errors import BionerError, Stopped
from bioner.files import write_whole
from bioner.jobs.folder import Outcome, read_state
from bioner.jobs.tensorboard import event_writer


class JobReporter:
    """The worker's end of a job: call it with each Progress; its ``with`` block says how it ended.

    ``with JobReporter(folder) as report: train(..., report=report)``. Exceptions pass through.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attempt = read_state(folder).attempt
        self._events = event_writer(folder)

    def __call__(self, progress: object) -> None:
        """Append one Progress (any dataclass with Metric's fields) to the job's metrics."""
        if not is_dataclass(progress) or isinstance(progress, type):
            raise TypeError(f"expected a Progress, got {type(progress).__name__}")
        row = {**asdict(progress), "at": time.time(), "attempt": self.attempt}
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=str) + "\n")
        if self._events is not None:
            self._events.write(row)
        if row.get("message"):
            with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%H:%M:%S')} step {row['step']}: {row['message']}\n")

    def __enter__(self) -> JobReporter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._events is not None:
            self._events.close()
        if error is None or (isinstance(error, SystemExit) and not error.code):
            outcome = Outcome("finished", self.attempt)
        elif isinstance(error, Stopped | KeyboardInterrupt):
            outcome = Outcome("stopped", self.attempt)
        elif isinstance(error, BionerError):
            outcome = Outcome("failed", self.attempt, str(error))
        else:
            return  # the supervisor reads the log, as for a worker that could not say anything
        write_whole(self.folder / "outcome.json", json.dumps(asdict(outcome)) + "\n")
