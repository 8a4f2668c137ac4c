"""Jobs whose process is there and does nothing: for trying what is done with jobs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bioner.jobs import launch
from bioner.jobs.folder import edit_state
from bioner.processes import process_id


@contextmanager
def idle_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let whatever is launched be accepted, and be a process that sleeps."""
    sleeping: list[subprocess.Popen[bytes]] = []

    def detach(command: Sequence[str], **_: object) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(["sleep", "120"], start_new_session=True)
        sleeping.append(child)
        supervisor = process_id(child.pid)
        edit_state(Path(command[-1]), lambda state: replace(state, supervisor=supervisor))
        return child

    monkeypatch.setattr(launch, "detach", detach)
    monkeypatch.setattr(launch, "check_launch", lambda *_, **__: [])
    yield
    for child in sleeping:
        child.kill()
        child.wait()
