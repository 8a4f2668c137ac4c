"""The detached process of one job: waits for its device, runs the worker, records how it ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bioner.errors import JobError
from bioner.jobs.explain import explain
from bioner.jobs.folder import JobState, edit_state, read_outcome, read_spec, read_state
from bioner.jobs.log import tail_text
from bioner.jobs.slots import take_slots
from bioner.jobs.usage import Usage, oom_kills
from bioner.machine import (
    ProcessId,
    is_alive,
    kill_all,
    kill_tree,
    process_id,
    signal_group,
)
from bioner.settings import PROJECT_ROOT, child_environment

if TYPE_CHECKING:
    pass

QUEUE_POLL_S = 1.0
HEARTBEAT_S = 5.0


class Supervisor:
    """Runs one attempt of the job in ``folder``; every change of ``state.json`` is its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = read_spec(folder)
        self.is_stop_asked = False
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self.is_stop_asked = True

    def _sleep(self, seconds: float) -> None:
        """Wait until a signal arrives, at most so long."""
        if select.select([self._wake], [], [], seconds)[0]:
            os.read(self._wake, 512)

    def announce(self) -> None:
        """Write this process into the job's state."""
        me = process_id(os.getpid())
        edit_state(self.folder, lambda s: replace(s, supervisor=me, heartbeat=time.time()))

    def run(self) -> None:
        """Wait for the device, run the worker to its end, write the state it ended in."""
        state = read_state(self.folder)
        locks = self._wait_for_device(state)
        if locks is None:
            self._finish(status="stopped", problem="stopped while it waited for the device")
            return
        kills = oom_kills()
        try:
            worker = self._start(state, locks)
        except OSError as error:
            self._finish(status="failed", problem=f"{self.spec.command[0]}: {error.strerror}")
            return
        identity = process_id(worker.pid)
        self._edit(worker=identity, status="running", started_at=time.time())
        self._watch(worker, identity)
        self._end(worker, killed_for_memory=oom_kills() > kills)

    def _wait_for_device(self, state: JobState) -> dict[str, int] | None:
        while not self.is_stop_asked:
            if self._is_next(state):
                locks = take_slots(self.folder.parent, self.spec.device, self.spec.gpus)
                if locks is not None:
                    return locks
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
                if read_spec(folder).device == self.spec.device and is_alive(other.supervisor):
                    return False
            except JobError:
                continue
        return True

    def _start(self, state: JobState, locks: dict[str, int]) -> subprocess.Popen[bytes]:
        self._edit(slots=tuple(locks))
        command = [*self.spec.command, "--job", str(self.folder)]
        if state.attempt > 1:
            command.append("--resume")
        environment = child_environment(PYTHONUNBUFFERED="1")
        if self.spec.device == "cuda":
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(s.removeprefix("cuda-") for s in locks)
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=tuple(locks.values()),
            )

    def _watch(self, worker: subprocess.Popen[bytes], identity: ProcessId | None) -> None:
        usage = Usage(worker.pid)
        signalled_at: float | None = None
        beaten_at = 0.0
        while worker.poll() is None:
            now = time.monotonic()
            if self.is_stop_asked and signalled_at is None:
                signalled_at = now
                self._edit(status="stopping", stop_asked_at=time.time())
                signal_group(identity, signal.SIGTERM)
            if signalled_at is not None and now - signalled_at > self.spec.grace_s:
                kill_tree(identity)
            if now - beaten_at >= HEARTBEAT_S:
                beaten_at = now
                edit_state(self.folder, usage.sample(self.spec.device).apply)
            left = HEARTBEAT_S if signalled_at is None else self.spec.grace_s + signalled_at - now
            self._sleep(min(HEARTBEAT_S, max(0.05, left)))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)  # what the worker left behind
        kill_all(usage.descendants)

    def _end(self, worker: subprocess.Popen[bytes], *, killed_for_memory: bool) -> None:
        code = worker.returncode
        state = read_state(self.folder)
        outcome = read_outcome(self.folder, state.attempt)
        was_asked = self.is_stop_asked or state.stop_asked_at is not None
        if code == 0 and (outcome is None or outcome.status == "finished"):
            self._finish(status="finished", exit_code=code)
        elif (outcome is not None and outcome.status == "stopped") or (
            was_asked and (code in (0, -signal.SIGTERM, -signal.SIGKILL, 128 + signal.SIGTERM))
        ):
            forced = code == -signal.SIGKILL
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
    """Detach: fork, tell the parent when the child has announced itself, supervise in the child."""
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        os._exit(0 if os.read(read_end, 1) else 1)
    os.close(read_end)
    os.setsid()
    supervisor = Supervisor(folder)
    supervisor.announce()
    os.write(write_end, b".")
    os.close(write_end)
    supervisor.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
