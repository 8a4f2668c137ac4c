"""Progress of a command that may run as a job: to its folder, or to the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bioner.commands.terminal import counter
from bioner.progress import OnProgress


@contextmanager
def job_progress(job: Path | None, what: str) -> Iterator[OnProgress]:
    """Yield a progress callback; with ``job``, a job folder's metrics and outcome are kept."""
    if job is None:
        yield counter(what)
        return
    from bioner.jobs.reporter import JobReporter
    from bioner.training.progress import RunProgress

    with JobReporter(job) as report:
        yield lambda heard: report(
            RunProgress(heard.done, heard.total or 0, heard.share or 0.0, message=what)
        )
