"""The lines of ../shared/cases' scripts, each given to the command line as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from marker import Marker
from runs import make_model
from support import SHARED
from typer.testing import CliRunner, Result

from bioner.__main__ import app
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset

CASES = SHARED / "cases"
pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here"),
]
ALLOWED = ("/dev/stdout", "d.ann d.txt", "x.conllu")
"""What of the lines is to be done, and not to be refused."""


def lines() -> list[tuple[str, str]]:
    """Return the command lines of the scripts, with where they stand."""
    found: list[tuple[str, str]] = []
    train = ""
    for path in sorted(CASES.glob("F1[01]-*.sh")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            command, _, comment = line.partition("#")
            if command.startswith("T="):
                train = shlex.split(command)[0].removeprefix("T=")
            command = command.strip().replace("$T", train)
            others = re.findall(r"--[a-z-]+ \S+", comment.partition("Also")[2].replace(",", " "))
            if not command.startswith("python -m bioner "):
                continue
            command = command.removeprefix("python -m bioner ")
            where = f"{path.name}:{number}"
            if "…" not in command:
                found.append((where, command))
                continue
            whole = command.replace("train …", f"{train} --out models/q9")
            whole = whole.removeprefix("python -m bioner ")
            found.append((where, whole))
            base = whole[: whole.index("--out models/q9") + len("--out models/q9")]
            found += [(f"{where}:{one.split()[0]}", f"{base} {one}".rstrip(".")) for one in others]
    return found


def done(*_: object, **__: object) -> NoReturn:
    raise AssertionError("the command did its work")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Iterator[Path]:
    """A folder in which the lines can be run: a model, merged data, a project that waits."""
    folder = tmp_path_factory.mktemp("lines")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "BACKUPS", "MODELS", "JOBS", "DATA"):
            patch.setenv(f"BIONER_{name}", str(folder / name.lower()))
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        patch.setenv("BIONER_DEVICE", "cpu")
        patch.chdir(folder)
        make_model(folder / "models", "bioner-compact")
        write_dataset(sample, folder / "data" / "merged")
        (folder / "t.txt").write_text("p53 binds MDM2.\n")
        (folder / "there.txt").touch()
        shutil.copy(CASES / "F14-conllu.conllu", folder / "x.conllu")
        for one in ("d.ann", "d.txt"):
            shutil.copy(CASES / "F15-mixed-folder" / one, folder / one)
        filled = CliRunner().invoke(app, ["review", "import", "t.txt", "--project", "P"])
        assert filled.exit_code == 0, filled.output
        for name in ("bioner.training.run.train", "uvicorn.Server.run"):
            patch.setattr(name, done)
        patch.setattr("bioner.tagging.load.load_tagger", lambda *_, **__: Marker())
        yield folder


def run(place: Path, command: str) -> Result:
    words = shlex.split(command.replace("/tmp/", f"{place}/"))
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(("where", "command"), lines(), ids=[where for where, _ in lines()])
def test_a_line_is_answered_by_one_sentence_and_nothing_is_done(
    place: Path, where: str, command: str
) -> None:
    before = sorted((place / "models").rglob("*"))
    result = run(place, command)
    assert "Traceback" not in result.output
    if any(one in command for one in ALLOWED):
        assert result.exit_code == 0, result.output
        return
    assert isinstance(result.exception, SystemExit), (result.exception, result.output)
    assert result.exit_code in (1, 2), result.output
    said = result.stderr.strip().splitlines()
    told = said[-1] if result.exit_code == 1 else " ".join(said[1:]).replace("│", "")
    print(f"{where} → {told}")
    assert result.exit_code == 2 or said[-1].startswith("error: "), said
    assert "was split or joined" not in result.stderr
    assert sorted((place / "models").rglob("*")) == before


def test_the_scripts_have_lines() -> None:
    assert len(lines()) >= 23
