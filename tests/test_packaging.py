"""What is installed: one source of versions, what the base install leaves out, what is shipped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support import ROOT

from bioner import extras, settings
from bioner.errors import ExtraError
from bioner.models import catalogue
from bioner.settings import read_settings

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_IN_BASE = (
    "torch",
    "transformers",
    "accelerate",
    "onnx",
    "onnxscript",
    "psycopg",
    "ray",
    "spacy",
)

WITHOUT_EXTRAS = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {NOT_IN_BASE!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def pins() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and line[0] not in "#-"}


def test_the_base_install_and_two_extras_are_what_make_run_installs() -> None:
    extra = PROJECT["optional-dependencies"]
    listed = [*PROJECT["dependencies"], *extra["train"], *extra["postgres"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == pins()


def test_all_is_every_extra_of_the_app_and_not_what_makes_the_documents() -> None:
    every = PROJECT["optional-dependencies"]
    named = re.search(r"\[(.*)\]", every["all"][0])
    assert named is not None
    assert set(named[1].split(",")) == set(every) - {"all", "docs"}


def test_each_extra_is_known_by_packages_that_it_brings() -> None:
    for extra, packages in extras.EXTRAS.items():
        brought = {re.split(r"[\[=]", line)[0] for line in PROJECT["optional-dependencies"][extra]}
        assert set(packages) <= brought, extra


def test_the_version_is_one() -> None:
    import bioner

    assert PROJECT["version"] == bioner.__version__


def test_what_is_missing_is_said_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(extras.EXTRAS, "train", ("torch", "not_installed_here"))
    assert not extras.has_extra("train")
    with pytest.raises(ExtraError, match=r'^Training needs not_installed_here, .*\[train\]"$'):
        extras.require_extra("train", "Training")


def test_the_base_install_tags_without_torch(tmp_path: Path) -> None:
    code = WITHOUT_EXTRAS + (
        "from bioner import Ner\n"
        "found = Ner().entities('Aspirin lowers COX-2 in HeLa cells.')\n"
        "print([found.text[one.start:one.end] for one in found.mentions])\n"
        "print({'torch', 'transformers', 'pandas', 'pyarrow', 'streamlit'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    marks, heavy = done.stdout.splitlines()
    assert "Aspirin" in marks
    assert heavy == "set()"


def test_tagging_leaves_no_trace_of_this_machine_for_the_makers_of_libraries(
    tmp_path: Path,
) -> None:
    """ONNX Runtime would keep a device number and a database of events to send."""
    code = "from bioner import Ner; print(len(Ner().entities('Aspirin helps.').mentions))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env={**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    assert done.stdout == "1\n", done.stderr
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.slow
def test_without_the_extras_commands_say_what_is_missing_in_one_line(tmp_path: Path) -> None:
    code = WITHOUT_EXTRAS + (
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        f"u.find_spec = lambda name, *a: None if name in {NOT_IN_BASE!r} else real(name, *a)\n"
        "from bioner.__main__ import run\nrun()"
    )
    out = tmp_path / "m"
    words = ["train", "--base", "models/bioner-compact", "--out", str(out), "--data"]
    merged = tmp_path / "merged"
    built = [sys.executable, "-m", "bioner", "corpora", "build", "--source", "data/sample"]
    subprocess.run([*built, "--out", str(merged)], cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "-c", code, *words, str(merged)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert 'pip install "bioner-studio[train]"' in done.stderr


def test_a_shipped_model_is_found_beside_the_users_own_and_hidden_by_one_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, shipped = tmp_path / "models", tmp_path / "shipped"
    for folder in (shipped / "compact", own / "mine"):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    monkeypatch.setattr(catalogue, "SHIPPED_MODELS", shipped)
    assert [entry.name for entry in catalogue.list_models(own)] == ["compact", "mine"]
    assert catalogue.find_model("compact", own) == shipped / "compact"
    (own / "compact").mkdir()
    (own / "compact" / "config.json").write_text("{}")
    assert catalogue.find_model("compact", own) == own / "compact"
    assert [entry.folder.parent for entry in catalogue.list_models(own)] == [own, own]


def test_without_a_checkout_what_machines_make_lies_in_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATA", "MODELS", "JOBS"):
        monkeypatch.delenv(f"BIONER_{name}", raising=False)
    monkeypatch.setenv("BIONER_HOME", str(tmp_path / "home"))
    assert read_settings().data == ROOT / "data"
    monkeypatch.setattr(settings, "IS_CHECKOUT", False)
    found = read_settings()
    work = tmp_path / "home-work"
    assert (found.data, found.models, found.jobs) == (work / "data", work / "models", work / "jobs")


def test_the_container_runs_as_nobody_in_particular_with_one_volume_and_a_health_check() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "was not built where it was written" in text
    lines = [line for line in text.splitlines() if line and line[0] not in "# "]
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert [line for line in lines if line.startswith("VOLUME")] == ["VOLUME /data"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert lines.index("USER 10001:10001") > max(
        place for place, line in enumerate(lines) if line.startswith("RUN")
    )
    assert "slim" in next(line for line in lines if line.startswith("FROM"))
