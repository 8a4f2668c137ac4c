"""Two containers that share the folder of jobs see each other's: by host, and by heartbeat."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

from bioner.jobs.folder import SILENT_S, JobSpec, JobState, open_job
from bioner.processes import ProcessId, is_alive, process_id


def test_a_process_of_another_host_is_never_taken_for_one_of_ours() -> None:
    mine = process_id(os.getpid())
    assert mine is not None
    assert is_alive(mine)
    assert is_alive(ProcessId(mine.pid, mine.born)), "as earlier versions wrote it"
    assert not is_alive(replace(mine, host="another-container"))


def test_a_job_of_another_container_runs_as_long_as_its_heart_beats(tmp_path: Path) -> None:
    there = ProcessId(7, "boot:1", "another-container")
    (tmp_path / "spec.json").write_text(json.dumps(asdict(JobSpec(("x",), title="x"))))
    for silent, status in ((5.0, "running"), (SILENT_S + 5, "lost")):
        state = JobState(
            status="running", supervisor=there, worker=there, heartbeat=time.time() - silent
        )
        (tmp_path / "state.json").write_text(json.dumps(asdict(state)))
        assert open_job(tmp_path).status == status
