"""`bioner app`: its process ends when it is asked to, and a taken port is said before the start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support import ROOT
from typer.testing import CliRunner

from bioner.__main__ import app

POLITE = """
import os, sys, time
from pathlib import Path
from bioner import processes
processes.GRACE_S = 0.2
processes.end_with_starter()
Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""
DEAF = (
    POLITE.replace("time.sleep(60)", "import signal; signal.signal(2, lambda *_: None)")
    + """
while True: time.sleep(60)
"""
)
STARTER = """
import signal, sys
from pathlib import Path
from bioner.processes import run_in_place
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs behind ignores it
command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
sys.exit(run_in_place(command, Path.cwd(), is_posix=sys.argv[3] == "posix"))
"""
BUSY = """
import threading, time
from bioner import processes
processes.GRACE_S = 0.2
threading.Thread(target=time.sleep, args=(60,)).start()
processes.end_soon()
"""


def until(holds: Callable[[], bool], *, within: float = 20.0) -> bool:
    end = time.monotonic() + within
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def start(code: str, folder: Path, system: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a program that runs ``code`` in its place; return it and the number of who runs it."""
    told = folder / "pid"
    command = [sys.executable, "-c", STARTER, code, str(told), system]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    assert until(lambda: told.is_file() and told.read_text() != "")
    return process, int(told.read_text())


def test_on_posix_the_app_is_the_very_process_that_was_started(tmp_path: Path) -> None:
    process, number = start(POLITE, tmp_path, "posix")
    assert number == process.pid
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM


@pytest.mark.parametrize("code", [POLITE, DEAF], ids=["polite", "deaf"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_where_it_cannot_be_it_ends_with_whoever_started_it(
    tmp_path: Path, code: str, number: signal.Signals
) -> None:
    process, app = start(code, tmp_path, "windows")
    assert app != process.pid
    process.send_signal(number)
    assert until(lambda: not psutil.pid_exists(app) or _is_zombie(app))
    process.wait(10)


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_page_that_still_computes_does_not_keep_an_app_that_was_asked_to_end() -> None:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", BUSY], cwd=ROOT, check=True, timeout=30)
    assert time.monotonic() - began < 15


def test_a_taken_port_is_said_with_another_to_choose() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = CliRunner().invoke(app, ["app", "--port", str(port)])
    assert done.exit_code == 1
    assert f"port {port} is taken" in done.output
    assert f"--port {port + 1}" in done.output


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_app_leaves_nothing_behind_when_it_is_told_to_end(
    tmp_path: Path, number: signal.Signals
) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    places = {f"BIONER_{name}": str(tmp_path / name.lower()) for name in ("HOME", "DATA", "JOBS")}
    process = subprocess.Popen(
        [sys.executable, "-m", "bioner", "app", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, **places},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert until(lambda: _answers(port), within=60)
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        process.wait(10)
        assert until(lambda: not any(one.is_running() for one in started), within=2)
        assert not _answers(port)
    finally:
        process.kill()


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
    except OSError:
        return False
    return True
