"""A job's worker on a Ray cluster: submits its command there, follows it, passes the stop on.

A process of its own that the supervisor watches in the worker's place, so that queue, state, log
and stop are those of every job: ``python -m bioner.jobs.engines.ray_job FOLDER COMMAND…``. The
job's folder, its data and its output lie where every node sees them.
"""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bioner.errors import BionerError, JobError
from bioner.extras import require_extra
from bioner.jobs.bulk import BULK
from bioner.jobs.folder import JobSpec, edit_state, is_stop_asked, read_spec, read_state
from bioner.machine import Device
from bioner.settings import PROJECT_ROOT, environment_elsewhere, read_settings

POLL_S = 1.0
START_LIMIT_S = 300.0
"""How long a job may wait for a place: a broken environment leaves it pending without an error."""
UNREACHABLE_S = 60.0
"""How long the head may be silent before the job counts as failed."""
RAYS_OWN = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1", "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1"}
"""What Ray is told: who was given no card sees none, and what a job says of the environment may be
said again by what it starts."""
UNKNOWN = "status code 404"
"""What Ray's client says of a job that the head knows nothing of."""
ANSWER_S = 5.0
"""How long a person waits for a head that may not be there."""
NOT_SHARED = 3
"""Exit code of a worker on a node that does not see the job's folder."""


def entrypoint(folder: Path, command: Sequence[str]) -> str:
    """Return the shell line that the cluster runs: the command, where the folder is seen."""
    place = shlex.quote(str(folder / "spec.json"))
    unseen = shlex.quote(f"error: node does not see {folder}: put jobs/, data and models on a disk")
    return (
        f"test -f {place} || {{ echo {unseen} that all nodes share; exit {NOT_SHARED}; }}; "
        f"cd {shlex.quote(str(PROJECT_ROOT))} && exec {shlex.join(command)}"
    )


def connect(address: str) -> Any:
    """Return a client of the cluster's jobs. Raises JobError where there is none."""
    require_extra("ray", "The engine ray")
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise JobError(
            f"no Ray cluster answers at {address}: {str(error).splitlines()[0]}; give the address "
            "of its dashboard, such as http://head:8265"
        ) from error


def end_there(spec: JobSpec, handle: str) -> None:
    """Ask the cluster to end what it runs of a job, as far as it answers within some seconds.

    What it does not hear now is found again when the job is resumed.
    """

    def ask() -> None:
        with contextlib.suppress(BionerError, ConnectionError, RuntimeError, OSError):
            connect(spec.address).stop_job(handle)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWER_S)


def has_cards(address: str) -> bool:
    """Return whether the cluster whose dashboard is at an address has graphics cards.

    Raises JobError where it does not say.
    """
    from ray.util.state import list_nodes
    from ray.util.state.exception import RayStateApiException

    try:
        nodes = list_nodes(address)
    except (RayStateApiException, RuntimeError, OSError) as error:
        raise JobError(
            f"the cluster at {address} does not say whether it has GPUs: choose the CPU or the GPU"
        ) from error
    return any(one.resources_total.get("GPU") for one in nodes if one.state == "ALIVE")


class RayJob:
    """One attempt of a job on a cluster."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder = folder
        self.spec = read_spec(folder)
        self._command = command
        self._shown = 0
        self._heard_at = time.monotonic()
        self._client = connect(self.spec.address)

    def run(self) -> int:
        """Submit the command and follow it to its end; return its exit code, 0 or 1.

        An attempt that nobody watched any more, and that still runs there, is followed instead: two
        would write into one folder. Raises JobError where it never starts, or the head is silent
        for too long.
        """
        earlier = read_state(self.folder).handle
        if earlier and self._is_there(earlier):
            self._told("found again on the cluster")
            has_ended_well = self._follow(earlier)
            if has_ended_well or is_stop_asked(self.folder):
                return 0 if has_ended_well else 1
        return 0 if self._follow(self._submit()) else 1

    def _submit(self) -> str:
        """Give the command to the cluster; return its name there."""
        handle = f"{self.folder.name}-{read_state(self.folder).attempt}-{int(time.time())}"
        grace = str(max(1, int(self.spec.grace_s) - 5))
        cpus, cards = self._taken()
        self._client.submit_job(
            entrypoint=entrypoint(self.folder, self._command),
            submission_id=handle,
            entrypoint_num_cpus=cpus,
            entrypoint_num_gpus=cards,
            runtime_env={
                "env_vars": {
                    **environment_elsewhere(read_settings()),
                    "BIONER_DEVICE": self.spec.device,
                    "RAY_JOB_STOP_WAIT_TIME_S": grace,
                    **RAYS_OWN,
                    "PYTHONUNBUFFERED": "1",
                    "PYTHONPATH": str(PROJECT_ROOT),
                }
            },
        )
        self._told("queued on the cluster", handle=handle)
        return handle

    def _is_there(self, handle: str) -> bool:
        """Return whether an earlier attempt runs on, or has ended well; its log so far is known."""
        try:
            found = self._client.get_job_info(handle)
            self._shown = len(self._client.get_job_logs(handle))
        except (RuntimeError, OSError) as error:
            if UNKNOWN in str(error):  # the cluster was begun anew
                return False
            raise self._gone() from error
        return str(found.status) not in ("FAILED", "STOPPED")

    def _taken(self) -> tuple[int, int]:
        """Return the CPUs and cards that the command itself takes.

        None where it only shares work out: its workers take their own, and could wait for it.
        """
        if self.spec.kind == BULK or self.spec.workers > 1:
            return 0, 0
        is_wanted = self.spec.device is Device.CUDA
        if self.spec.device is Device.AUTO:
            is_wanted = has_cards(self.spec.address)
        return 1, self.spec.gpus if is_wanted else 0

    def _follow(self, handle: str) -> bool:
        """Follow a job there to its end; return whether that was a good one."""
        began, is_stopped, status = time.monotonic(), False, ""
        while True:
            found = self._asked(handle)
            if found is not None and found.status != status:
                status = str(found.status)
                node = found.driver_node_id or ""
                self._told(f"{status.lower()} on the cluster", node=node[:12])
            if status in ("SUCCEEDED", "FAILED", "STOPPED"):
                self._show_log(handle)
                return status == "SUCCEEDED"
            if not is_stopped and is_stop_asked(self.folder):
                is_stopped = self._stop(handle)
            if status in ("", "PENDING") and time.monotonic() - began > START_LIMIT_S:
                self._stop(handle)
                raise JobError(
                    f"the cluster has not started it within {START_LIMIT_S:.0f} s: no free place, "
                    "or its environment is broken; see the cluster's dashboard"
                )
            self._show_log(handle)
            time.sleep(POLL_S)

    def _asked(self, handle: str) -> Any:
        """Return what the head says of the job; None while it is silent, not for too long."""
        try:
            found = self._client.get_job_info(handle)
        except (ConnectionError, RuntimeError, OSError) as error:
            if time.monotonic() - self._heard_at > UNREACHABLE_S:
                raise self._gone() from error
            return None
        self._heard_at = time.monotonic()
        return found

    def _gone(self) -> JobError:
        return JobError(
            f"the cluster's head at {self.spec.address} is gone; resume the job when it is back: "
            "it goes on from its last checkpoint"
        )

    def _stop(self, handle: str) -> bool:
        try:
            self._client.stop_job(handle)
        except (ConnectionError, RuntimeError, OSError):
            return False
        return True

    def _show_log(self, handle: str) -> None:
        """Print what of the job's output is new: the supervisor's log takes it."""
        try:
            text = self._client.get_job_logs(handle)
        except (ConnectionError, RuntimeError, OSError):
            return
        sys.stdout.write(text[self._shown :])
        sys.stdout.flush()
        self._shown = len(text)

    def _told(self, words: str, *, handle: str = "", node: str = "") -> None:
        print(f"[ray: {words}]", flush=True)
        edit_state(
            self.folder,
            lambda s: replace(s, handle=handle or s.handle, node=node or s.node, place=words),
        )


def main(folder: Path, command: Sequence[str]) -> int:
    """Run the job of a folder on its cluster; a refusal is one line in the log.

    It is asked to stop by the job's file alone: it has to live to pass that on.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        return RayJob(folder, command).run()
    except BionerError as error:
        print(f"error: {error}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
