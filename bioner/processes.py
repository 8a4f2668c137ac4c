"""Processes of this machine: known by number and birth, started on their own, ended."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from bioner.settings import take_tie, tied_environment

if TYPE_CHECKING:
    import psutil

IS_POSIX = os.name == "posix"
PROC = Path("/proc")
"""Where Linux tells of processes; elsewhere there is none, and psutil is asked."""

KILLED = 9
"""SIGKILL's number, by which POSIX tells of a killed process; Windows has no such name."""

GRACE_S = 4.0
"""How long an app that was asked to end may still work on a page."""

_OF_ITS_OWN = 0x00000200  # CREATE_NEW_PROCESS_GROUP: Ctrl-C here does not reach it
_WITHOUT_WINDOW = 0x08000000  # CREATE_NO_WINDOW: it outlives the console that started it


@dataclass(frozen=True)
class ProcessId:
    """A process by number *and* birth (boot, start time), because numbers are given out again.

    ``host`` tells machines and containers apart; empty in what earlier versions wrote.
    """

    pid: int
    born: str
    host: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Return whether it runs in another machine or container: nothing here can look at it."""
        return self.host not in ("", this_host())


def this_host() -> str:
    """Return the name of this machine, or of the container that this process is in."""
    return platform.node()


def process_id(pid: int) -> ProcessId | None:
    """Identify a living process; None when there is none of this number, or only its zombie."""
    if (PROC / "self" / "stat").exists():
        try:
            text = (PROC / str(pid) / "stat").read_text(errors="replace")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()
        if len(fields) < 20 or fields[0] in "ZX":
            return None
        return ProcessId(pid, f"{_boot_id()}:{fields[19]}", this_host())
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessId(pid, f"{process.create_time():.2f}", this_host())
    except psutil.Error:
        return None


def _boot_id() -> str:
    try:
        return (PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
    except OSError:
        return ""


def is_alive(process: ProcessId | None) -> bool:
    """Return whether this very process still runs (not another one of the same number)."""
    if process is None or process.is_elsewhere:
        return False
    found = process_id(process.pid)
    return found is not None and found.born == process.born


def detach(
    command: Sequence[str], *, cwd: Path, log: IO[bytes], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one, its terminal and Ctrl-C; all it prints goes to a log.

    It leads a group of its own: ``ask_to_end`` and ``kill_tree`` reach what it starts. Raises
    OSError.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        **detached_options(is_posix=IS_POSIX),
    )
    # Somebody has to take note of its end, else its number stays taken while this process lives.
    threading.Thread(target=process.wait, name=f"end of {process.pid}", daemon=True).start()
    return process


def detached_options(*, is_posix: bool) -> dict[str, Any]:
    """Return what ``Popen`` is told: a session of its own on POSIX, creation flags on Windows."""
    if is_posix:
        return {"start_new_session": True}
    return {"creationflags": _OF_ITS_OWN | _WITHOUT_WINDOW}


def run_in_place(command: Sequence[str], cwd: Path, *, is_posix: bool = IS_POSIX) -> int:
    """Run a program in this one's place: what ends this process, by whatever signal, ends it too.

    On POSIX this process becomes it. Windows cannot do that: there it is started, and told by the
    end of its standard input that this process is gone (``end_with_starter``). Returns its exit
    status. Raises OSError.
    """
    if is_posix:
        sys.stdout.flush()
        sys.stderr.flush()
        os.chdir(cwd)
        os.execv(command[0], list(command))
    process = subprocess.Popen(command, cwd=cwd, env=tied_environment(), stdin=subprocess.PIPE)
    try:
        return process.wait()
    except KeyboardInterrupt:  # the console sends Ctrl-C to both
        return 130
    finally:
        _end_tied(process)


def _end_tied(process: subprocess.Popen[bytes]) -> None:
    """Close the standard input of a program that waits for this, and kill it if it stays."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(2 * GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()


def end_with_starter() -> None:
    """End this process once whoever ran it in its place is gone; nothing where it was not so run.

    It is interrupted as by Ctrl-C first, and ended ``GRACE_S`` later.
    """
    if not take_tie():
        return

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                continue
        end_soon()
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=watch, name="end with starter", daemon=True).start()


def end_soon() -> None:
    """Let this process end by itself, but for no longer than ``GRACE_S``."""
    timer = threading.Timer(GRACE_S, os._exit, [0])
    timer.daemon = True
    timer.start()


def ask_to_end(process: ProcessId | None) -> bool:
    """Send SIGTERM to the group that this process leads; False if it is gone.

    Windows has nothing to send: there a process looks for the file that asks it.
    """
    if process is None or not is_alive(process):
        return False
    return not IS_POSIX or _signal_group(process.pid, signal.SIGTERM)


def kill(process: ProcessId | None) -> bool:
    """Kill a process and its group, where the system has groups; False if it is gone."""
    if process is None or not is_alive(process):
        return False
    if IS_POSIX:
        return _signal_group(process.pid, KILLED)
    import psutil

    kill_all([psutil.Process(process.pid)])
    return True


def kill_tree(process: ProcessId | None) -> None:
    """Kill a process, its group, and its descendants in groups of their own (torchrun's are)."""
    import psutil

    if process is None or not is_alive(process):
        return
    try:
        descendants = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        descendants = []
    kill(process)
    kill_all(descendants)


def kill_left_behind(pid: int, descendants: Iterable[psutil.Process] = ()) -> None:
    """Kill what an ended process left: its group, where there are groups, and these descendants."""
    if IS_POSIX:
        _signal_group(pid, KILLED)
    kill_all(descendants)


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kill these very processes, as far as they still live."""
    import psutil

    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue


def _signal_group(pid: int, number: int) -> bool:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
