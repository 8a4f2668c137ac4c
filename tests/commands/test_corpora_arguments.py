"""``corpora``: an argument that makes no sense is one sentence and exit 1; nothing is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioner.__main__ import app as commands
from bioner.corpora.build import build
from bioner.settings import PROJECT_ROOT, Settings, read_settings

SAMPLE = str(PROJECT_ROOT / "data" / "sample")
TAGGED = b"We\tO\ngave\tO\naspirin\tB-Drug\n"
ADD = ["--name", "ward", "--covers", "Chemical"]
LONG = "x" * 5000


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("merged") / "merged"
    build(Path(SAMPLE), folder, read_settings())
    return folder


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Settings:
    (tmp_path / "ward.conll").write_bytes(TAGGED)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "note.txt").write_text("kept")
    return read_settings()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fetch", "--out", ""], "--out: expected the name"),
        (["fetch", "--out", "{tmp}/ward.conll"], "is a file; expected a folder"),
        (["fetch", "--out", "{tmp}/ward.conll/raw"], "cannot be written"),
        (["fetch", "--out", "/proc/none"], "cannot be written"),
        (["fetch", "--corpus", ""], "--corpus '': not known"),
        (["fetch", "--corpus", "CRAFFT"], "expected one of AnatEM"),
        (["build", "--source", ""], "--source: expected the name"),
        (["build", "--source", " "], "--source: expected the name"),
        (["build", "--source", "{tmp}/ward.conll"], "is a file; expected a folder"),
        (["build", "--source", "{tmp}/nowhere"], "nowhere: no such folder"),
        (["build", "--source", "{tmp}/folder"], "none of the ten corpora is here"),
        (["build", "--source", LONG], "File name too long"),
        (["build", "--source", SAMPLE, "--out", ""], "--out: expected the name"),
        (["build", "--source", SAMPLE, "--out", "{tmp}/ward.conll"], "is a file"),
        (["build", "--source", SAMPLE, "--out", "{tmp}/ward.conll/x"], "cannot be written"),
        (["build", "--source", SAMPLE, "--out", "/proc/x/y"], "cannot be written"),
        (["build", "--source", SAMPLE, "--out", "{tmp}/folder"], "holds other files"),
        (["build", "--source", SAMPLE, "--out", SAMPLE], "the corpora themselves lie there"),
        (["build", "--source", SAMPLE, "--mapping", ""], "no mapping named ''"),
        (["build", "--source", SAMPLE, "--mapping", "nope"], "no mapping named 'nope'"),
        (["build", "--source", SAMPLE, "--mapping", "nope.yaml"], "no such label schema file"),
        (["build", "--source", SAMPLE, "--mapping", "{tmp}/dir.yaml"], "cannot be read"),
        (["stats", "--data", ""], "--data: expected the name"),
        (["stats", "--data", "{tmp}/ward.conll"], "is a file; expected a folder"),
        (["stats", "--data", "{tmp}/folder"], "no merged dataset here"),
        (["search", "p53", "--data", ""], "--data: expected the name"),
        (["search", "p53", "--data", "{merged}", "--corpus", "CRAFFT"], "expected one of AnatEM"),
        (["search", "p53", "--data", "{merged}", "--corpus", ""], "--corpus '': not known"),
        (["search", "p53", "--data", "{merged}", "--split", "tset"], "expected one of train"),
        (["search", "p53", "--data", "{merged}", "--split", ""], "--split '': not known"),
        (["search", "p53", "--data", "{merged}", "--type", "Gen"], "expected one of Anatomy"),
        (["search", "p53", "--data", "{merged}", "--type", ""], "--type '': not known"),
        (["search", "p53", "--data", "{merged}", "--limit", "0"], "--limit 0: expected"),
        (["search", "p53", "--data", "{merged}", "--limit", "-5"], "--limit -5: expected"),
        (["search", "p53", "--data", "{merged}", "--limit", str(2**70)], "expected a whole"),
        (["add", "", *ADD], "FILES: expected the name"),
        (["add", "{tmp}/nowhere.conll", *ADD], "no such file or folder"),
        (["add", "/dev/null", *ADD], "not a plain file or folder"),
        (["add", "{tmp}/folder", *ADD], "no annotated mention was found"),
        (["add", LONG, *ADD], "File name too long"),
        (["add", "{tmp}/ward.conll", "--name", "", "--covers", "Gene"], "--name: is needed"),
        (["add", "{tmp}/ward.conll", "--name", "…", "--covers", "Gene"], "needs a name"),
        (["add", "{tmp}/ward.conll", "--name", "CRAFT", "--covers", "Gene"], "name is taken"),
        (["add", "{tmp}/ward.conll", "--name", "w", "--covers", ""], "--covers: is needed"),
        (["add", "{tmp}/ward.conll", "--name", "w", "--covers", "Gen"], "unknown type 'Gen'"),
        (["add", "{tmp}/ward.conll", *ADD, "--map", ""], "expected LABEL=TYPE"),
        (["add", "{tmp}/ward.conll", *ADD, "--map", "Drug"], "expected LABEL=TYPE"),
        (["add", "{tmp}/ward.conll", *ADD, "--map", "Drugs=Gene"], "its labels: Drug"),
        (["add", "{tmp}/ward.conll", *ADD, "--map", "Drug=Planet"], "unknown type 'Planet'"),
        (["add", "{tmp}/ward.conll", *ADD, "--map", "Drug="], "unknown type ''"),
        (["add", "{tmp}/ward.conll", *ADD, "--format", "nope"], "unknown format 'nope'"),
        (["add", "{tmp}/ward.conll", *ADD, "--split-by", ""], "expected names or hash"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_nothing_is_done(
    place: Settings, tmp_path: Path, merged: Path, words: list[str], told: str
) -> None:
    (tmp_path / "dir.yaml").mkdir()
    before = sorted(tmp_path.rglob("*"))
    filled = [one.replace("{tmp}", str(tmp_path)).replace("{merged}", str(merged)) for one in words]
    done = CliRunner().invoke(commands, ["corpora", *filled])
    assert done.exit_code == 1, (done.exit_code, done.output, done.exception)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert told in errors[0]
    assert done.stderr.splitlines()[-1] == errors[0]
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "ward.conll").read_bytes() == TAGGED


def test_a_search_with_names_that_are_there_finds_or_says_zero(merged: Path, home: Path) -> None:
    words = ["corpora", "search", "p53", "--data", str(merged), "--split", "train"]
    assert CliRunner().invoke(commands, words).exit_code == 0
    done = CliRunner().invoke(commands, [*words, "--type", "Taxon", "--corpus", "BC4CHEMD"])
    assert (done.exit_code, done.stderr) == (0, "0 of 0 sentences\n")


def test_corpora_add_says_what_came_of_every_mention(home: Path, tmp_path: Path) -> None:
    entities = [
        {"start": 0, "end": 12, "label": "Gene"},
        {"start": 0, "end": 4, "label": "Gene"},
        {"start": 90, "end": 99, "label": "Gene"},
    ]
    line = {"id": "a", "text": "TP53 protein rose.", "entities": entities, "other": [1]}
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    words = ["corpora", "add", str(tmp_path / "a.jsonl"), "--name", "w", "--covers", "Gene"]
    done = CliRunner().invoke(commands, [*words, "--json"])
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    mentions = told["receipt"]["mentions"]
    assert (mentions["in"], mentions["placed"]) == (3, 1)
    assert sum(mentions["rejected"].values()) == 2
    assert mentions["rejected"]["nested_dropped"] == 1
    assert told["labels"] == {"Gene": {"mentions": 1, "type": "Gene"}}
    assert sum(told["splits"].values()) == 1
    spoken = CliRunner().invoke(commands, [*words, "--replace"])
    assert "3 mentions in, 1 placed" in spoken.stderr
    assert "nested dropped 1" in spoken.stderr


@pytest.mark.parametrize(
    "order", [("a.jsonl", "a.jsonl"), (".", "a.jsonl"), ("a.jsonl", "./a.jsonl")]
)
def test_a_file_that_is_named_twice_is_in_no_corpus_twice(
    order: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text('{"text": "p53 is low.", "label": [[0, 3, "Gene"]]}')
    result = CliRunner().invoke(
        commands, ["corpora", "add", *order, "--name", "x", "--covers", "Gene"]
    )
    assert result.exit_code == 1
    assert "is named twice" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["corpora", "add", "a.jsonl", "--name", "x", "--covers", "Gene", "--map"],
        ["review", "import", "a.jsonl", "--project", "P", "--map"],
        ["corpora", "mapping", "change", "CRAFT"],
    ],
)
def test_two_meanings_of_one_label_are_refused(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "BACKUPS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    Path("a.jsonl").write_text('{"text": "p53 is low.", "label": [[0, 3, "GGP"]]}')
    last, between = words[-1], ["--map"] if words[-1] == "--map" else []
    result = CliRunner().invoke(commands, [*words, "GGP=Gene", *between, "GGP=Chemical"])
    assert (last, result.exit_code) == (last, 1)
    assert "GGP=Gene is said too" in result.stderr
