"""What the package needs of the system is in every system, or asked for where it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bioner
from bioner import processes
from bioner.files import locked, try_lock
from bioner.processes import ProcessId, detach, detached_options

POSIX_ONLY = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")

REFUSING = f"""
import builtins, importlib, importlib.util, pkgutil, sys
real = builtins.__import__

def refuse(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {{}}).get("__name__", "")
    if name.partition(".")[0] in {POSIX_ONLY!r} and importer.partition(".")[0] == "bioner":
        raise ImportError(f"{{importer}} imports {{name}}, which Windows has not")
    return real(name, globals, locals, fromlist, level)

builtins.__import__ = refuse
import bioner

for found in pkgutil.walk_packages(bioner.__path__, "bioner."):
    if ".migrations." in found.name or found.name.endswith("__main__"):
        continue
    if not found.name.endswith("spacy_component") or importlib.util.find_spec("spacy"):
        importlib.import_module(found.name)
print("all imported")
"""


@pytest.mark.slow
def test_every_module_is_imported_where_posix_modules_are_refused_to_the_package() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REFUSING], capture_output=True, text=True, timeout=300
    )
    assert done.stdout == "all imported\n", done.stderr[-2000:]


def test_the_refusal_above_refuses() -> None:
    """A module that imports what Windows has not is found."""
    lines = REFUSING.partition("import bioner\n")[0]
    code = f"{lines}\nexec('import fcntl', {{'__name__': 'bioner.jobs.odd'}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "bioner.jobs.odd imports fcntl, which Windows has not" in done.stderr


def test_no_file_of_the_package_names_what_posix_alone_has() -> None:
    """Late imports too, which the walk above does not run."""
    import ast

    from sources import tree_of

    found = [
        f"{path.name}:{node.lineno}"
        for path in Path(bioner.__path__[0]).rglob("*.py")
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Import) and {a.name for a in node.names} & set(POSIX_ONLY))
        or (isinstance(node, ast.ImportFrom) and node.module in POSIX_ONLY)
    ]
    assert found == []


def test_what_is_detached_leads_a_session_on_posix_and_a_group_on_windows() -> None:
    assert detached_options(is_posix=True) == {"start_new_session": True}
    assert detached_options(is_posix=False) == {"creationflags": 0x200 | 0x08000000}


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
    with (tmp_path / "log").open("wb") as log:
        process = detach(command, cwd=tmp_path, log=log, environment=os.environ)
    yield process
    process.kill()
    process.wait(10)


def test_a_detached_process_leads_its_own_session_and_its_end_is_taken_note_of(
    sleeper: subprocess.Popen[bytes],
) -> None:
    assert os.getsid(sleeper.pid) == sleeper.pid != os.getsid(0)
    me = processes.process_id(sleeper.pid)
    assert processes.kill(me)
    sleeper.wait(10)
    assert sleeper.returncode == -processes.KILLED
    assert not processes.is_alive(me)


def test_without_proc_and_signals_processes_are_known_and_killed_by_psutil(
    sleeper: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other system's branch: nothing is sent, so asking leaves it alone."""
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    monkeypatch.setattr(processes, "IS_POSIX", False)
    me = processes.process_id(sleeper.pid)
    assert me is not None
    assert ":" not in me.born
    assert processes.process_id(sleeper.pid) == me
    assert processes.ask_to_end(me)
    assert processes.is_alive(me)
    assert not processes.ask_to_end(ProcessId(me.pid, "1.00"))
    assert processes.kill(me)
    sleeper.wait(10)
    assert not processes.is_alive(me)
    assert not processes.kill(me)


def test_a_lock_keeps_others_out_until_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    asks = "import sys; from pathlib import Path; from bioner.files import try_lock; " \
        "print(try_lock(Path(sys.argv[1])) is not None)"  # fmt: skip

    def is_free() -> str:
        command = [sys.executable, "-c", asks, str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()

    with locked(path):
        assert is_free() == "False"
    assert is_free() == "True"
    held = try_lock(path)
    assert held is not None
    assert is_free() == "False"
    held.release()
    assert is_free() == "True"
