"""The detached process of one job: waits for its device, runs the worker, records how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bioner.errors import JobError
from bioner.jobs.explain import explain
from bioner.jobs.folder import (
    JobState,
    edit_state,
    is_stop_asked,
    read_outcome,
    read_spec,
    read_state,
)
from bioner.jobs.log import tail_text
from bioner.jobs.slots import CARD, Slot, take_slots
from bioner.jobs.usage import Usage, oom_kills
from bioner.processes import (
    IS_POSIX,
    KILLED,
    ProcessId,
    ask_to_end,
    detach,
    is_alive,
    kill_left_behind,
    kill_tree,
    process_id,
)
from bioner.settings import PROJECT_ROOT, child_environment

QUEUE_POLL_S = 1.0
HEARTBEAT_S = 5.0
POLL_S = 0.1
"""How often it looks whether the worker has ended or somebody asks to stop."""
ENDED_AS_ASKED = (0, -signal.SIGTERM, -KILLED, 128 + signal.SIGTERM)
"""Exit codes of a worker that was asked to stop and did."""


class Supervisor:
    """Runs one attempt of the job in ``folder``; every change of ``state.json`` is its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = read_spec(folder)
        self._is_signalled = False
        self._has_killed = False
        self._slots: tuple[str, ...] = ()
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)

    def _hear(self, *_: object) -> None:
        self._is_signalled = True

    @property
    def is_stop_asked(self) -> bool:
        """Whether the job is to stop: a file asks on every system, a signal where there are any."""
        return self._is_signalled or is_stop_asked(self.folder)

    def _sleep(self, seconds: float, has_ended: Callable[[], bool] = lambda: False) -> None:
        """Wait until somebody asks to stop or the worker has ended, at most so long."""
        until, was_asked = time.monotonic() + seconds, self.is_stop_asked
        while time.monotonic() < until and self.is_stop_asked == was_asked and not has_ended():
            time.sleep(POLL_S)

    def announce(self) -> None:
        """Write this process into the job's state."""
        me = process_id(os.getpid())
        edit_state(self.folder, lambda s: replace(s, supervisor=me, heartbeat=time.time()))

    def run(self) -> None:
        """Wait for the device, run the worker to its end, write the state it ended in."""
        state = read_state(self.folder)
        slots = self._wait_for_device(state)
        if slots is None:
            self._finish(status="stopped", problem="stopped while it waited for the device")
            return
        kills = oom_kills()
        try:
            worker = self._start(state, slots)
        except OSError as error:
            self._finish(status="failed", problem=f"{self.spec.command[0]}: {error.strerror}")
            return
        identity = process_id(worker.pid)
        for slot in slots:
            slot.note(identity)
        self._edit(worker=identity, status="running", started_at=time.time())
        self._watch(worker, identity)
        self._end(worker, killed_for_memory=oom_kills() > kills)

    def _wait_for_device(self, state: JobState) -> tuple[Slot, ...] | None:
        if not self.spec.is_here:
            return ()  # the cluster has a queue and devices of its own
        while not self.is_stop_asked:
            if self._is_next(state):
                slots = take_slots(self.folder.parent, self.spec.device, self.spec.gpus)
                if slots is not None:
                    return slots
            self._sleep(QUEUE_POLL_S)
            if time.time() - read_state(self.folder).heartbeat > HEARTBEAT_S:
                self._edit()
        return None

    def _is_next(self, state: JobState) -> bool:
        """Return whether no living job of the same device has waited longer."""
        for folder in self.folder.parent.iterdir():
            if folder == self.folder or folder.name.startswith(".") or not folder.is_dir():
                continue
            try:
                other = read_state(folder)
                if other.status != "queued" or other.ticket >= state.ticket:
                    continue
                is_rival = self.spec.shares_device(read_spec(folder))
                if is_rival and is_alive(other.supervisor):
                    return False
            except JobError:
                continue
        return True

    def _start(self, state: JobState, slots: tuple[Slot, ...]) -> subprocess.Popen[bytes]:
        self._slots = names = tuple(slot.name for slot in slots)
        self._edit(slots=names)
        command = [*self.spec.command, "--job", str(self.folder)]
        if state.attempt > 1:
            command.append("--resume")
        if self.spec.engine == "ray":
            bridge = (sys.executable, "-m", "bioner.jobs.engines.ray_job", str(self.folder))
            command = [*bridge, *command]
        environment = child_environment(PYTHONUNBUFFERED="1")
        if names and self.spec.device == "cuda":
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(n.removeprefix(CARD) for n in names)
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        with (self.folder / "log.txt").open("ab") as log:
            return detach(command, cwd=PROJECT_ROOT, log=log, environment=environment)

    def _watch(self, worker: subprocess.Popen[bytes], identity: ProcessId | None) -> None:
        usage = Usage(worker.pid)
        signalled_at: float | None = None
        beaten_at = 0.0
        while worker.poll() is None:
            now = time.monotonic()
            if self.is_stop_asked and signalled_at is None:
                signalled_at = now
                self._edit(status="stopping", stop_asked_at=time.time())
                if self.spec.is_here:  # a bridge to a cluster reads the file itself
                    ask_to_end(identity)
            if signalled_at is not None and now - signalled_at > self.spec.grace_s:
                self._has_killed = True
                kill_tree(identity)
            if now - beaten_at >= HEARTBEAT_S:
                beaten_at = now
                edit_state(self.folder, usage.sample(self._slots).apply)
            left = HEARTBEAT_S if signalled_at is None else self.spec.grace_s + signalled_at - now
            self._sleep(min(HEARTBEAT_S, max(0.05, left)), lambda: worker.poll() is not None)
        kill_left_behind(worker.pid, usage.descendants)

    def _end(self, worker: subprocess.Popen[bytes], *, killed_for_memory: bool) -> None:
        code = worker.returncode
        state = read_state(self.folder)
        outcome = read_outcome(self.folder, state.attempt)
        was_asked = self.is_stop_asked or state.stop_asked_at is not None
        if code == 0 and (outcome is None or outcome.status == "finished"):
            self._finish(status="finished", exit_code=code)
        elif (outcome is not None and outcome.status == "stopped") or (
            was_asked and (code in ENDED_AS_ASKED or self._has_killed or not IS_POSIX)
        ):
            forced = code == -KILLED or self._has_killed or (code != 0 and not IS_POSIX)
            problem = "stopped by force: the steps since its last checkpoint are lost"
            self._finish(status="stopped", exit_code=code, problem=problem if forced else "")
        else:
            said = outcome.problem if outcome is not None else ""
            tail = tail_text(self.folder / "log.txt", 60)
            problem, mend = explain(
                code, tail, self.spec, said=said, killed_for_memory=killed_for_memory
            )
            self._finish(status="failed", exit_code=code, problem=problem, mend=mend)

    def _edit(self, **changes: object) -> None:
        edit_state(self.folder, lambda s: replace(s, heartbeat=time.time(), **changes))  # type: ignore[arg-type]

    def _finish(self, **changes: object) -> None:
        self._edit(ended_at=time.time(), **changes)


def main(folder: Path) -> None:
    """Announce this process in the job's state, for which its launcher waits, and supervise."""
    supervisor = Supervisor(folder)
    supervisor.announce()
    supervisor.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
