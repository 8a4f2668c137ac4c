"""The wheel, installed on its own: it tags, and its app opens every page without any network."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
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


SPACY = """
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("bioner")
doc = nlp("Aspirin lowers COX-2 in HeLa cells.")
print([(one.text, one.label_) for one in doc.ents], len(doc.spans["bioner"]))
"""


@pytest.mark.long
@pytest.mark.timeout(900)
def test_spacy_finds_the_component_by_its_entry_point(installed: Path, tmp_path: Path) -> None:
    extra = [line for line in EXTRAS["spacy"] if line.startswith("spacy")]
    pip = [str(installed), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([*pip, *extra], check=True, timeout=600)
    done = subprocess.run(
        [str(installed), "-c", SPACY], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "('Aspirin', 'Chemical')" in done.stdout


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
    assert len(found["pages"]) == 1 + len(list((ROOT / "pages").glob("*.py")))
    assert "Traceback" not in found["log"]
    assert "ScriptRunContext" not in found["log"]
    assert set(found["written"]) <= {"home", "home-work", "home-backups", "log"}


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_tutorial_passes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Every command of docs/tutorial.md, in order, outside the checkout, ends as it says there."""
    pip = [str(installed), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([*pip, *EXTRAS["train"]], check=True, timeout=1800)
    script = ROOT / "docs" / "make_tutorial.py"
    done = subprocess.run(
        [sys.executable, str(script), str(installed.parent), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=1800,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].startswith("tutorial: every command ended as it says")
