"""Progress of a command that may run as a job: to its folder, or to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bioner.commands.terminal import counter


@contextmanager
def job_progress(job: Path | None, what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a progress callback; with ``job``, a job folder's metrics and outcome are kept."""
    if job is None:
        yield counter(what)
        return
    from bioner.jobs.reporter import JobReporter
    from bioner.training.progress import RunProgress

    with JobReporter(job) as report:
        yield lambda done, total: report(
            RunProgress(done, total, done / total if total else 0.0, message=what)
        )
