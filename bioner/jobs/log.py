"""The end of a job's log."""

from __future__ import annotations

import os
from pathlib import Path

from bioner.jobs.folder import read_job
from bioner.settings import Settings

RESUMED = "[resumed"
"""What the line in the log between two attempts begins with."""


def tail_log(id: str, settings: Settings, lines: int = 40) -> str:
    """Return the last lines of a job's log, progress bars reduced to their last state.

    Raises JobError where there is no job of this id.
    """
    return tail_text(read_job(id, settings).folder / "log.txt", lines)


def tail_text(path: Path, lines: int) -> str:
    """Return the last lines of a text file without reading all of it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - 400 * lines - 20_000)
            file.seek(start)
            raw = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    found = raw.replace("\r\n", "\n").split("\n")
    if start:
        found = found[1:]
    shown = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in found]
    while shown and not shown[-1]:
        shown.pop()
    return "\n".join(shown[-lines:])
