"""The wheel, installed on its own: it tags, and its app opens every page without any network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

TRIAL = ROOT / "tests" / "fixtures" / "wheel_trial.py"
ALONE = ("unshare", "-rn")
"""A network namespace of its own: nothing outside this machine is there to be reached."""


def has_namespaces() -> bool:
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the base install alone; gives its Python."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    built = [*pip, "wheel", "--no-deps", "-w", str(place / "made"), str(ROOT)]
    subprocess.run(built, check=True, capture_output=True, timeout=300)
    (wheel,) = (place / "made").glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True, timeout=120)
    python = place / "venv" / "bin" / "python"
    subprocess.run([str(python), *pip[1:], "install", str(wheel)], check=True, timeout=600)
    return python


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_installed_app_opens_every_page_offline_and_listens_to_this_machine_alone(
    installed: Path, tmp_path: Path
) -> None:
    if not has_namespaces():
        pytest.skip("this system gives no network namespace")
    without = subprocess.run([str(installed), "-c", "import torch"], capture_output=True)
    assert b"No module named 'torch'" in without.stderr
    done = subprocess.run(
        [*ALONE, sys.executable, str(TRIAL), str(installed), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert "Aspirin" in found["tagged"], found["said"]
    assert found["listening"] == ["127.0.0.1"]
    assert found["hosts"] == ["127.0.0.1"]
    for page, seen in found["pages"].items():
        assert (seen["status"], seen["errors"]) == (200, []), (page, found["log"])
        assert "BioNER Studio" in seen["title"]
    assert "Traceback" not in found["log"]
    assert set(found["written"]) <= {"home", "home-work", "home-backups", "log"}
