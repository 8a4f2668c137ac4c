"""The command line as a person meets it: real processes, exit status, one line for a mistake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT


@pytest.fixture
def bioner(home: Path):
    """Run ``python -m bioner`` in a data folder of its own."""

    def run(*words: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bioner", *map(str, words)],
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    return run


@pytest.mark.slow
def test_the_sample_goes_from_files_to_a_model_to_scores(bioner, tiny_encoder, tmp_path) -> None:
    merged = tmp_path / "merged"
    built = bioner("corpora", "build", "--source", "data/sample", "--out", merged, "--json")
    assert built.returncode == 0, built.stderr
    report = json.loads(built.stdout)
    assert {"read", "sentences", "types", "tags", "fused", "leaks_dropped", "ignored", "repairs",
            "fingerprint"} <= report.keys()  # fmt: skip
    assert len(report["tags"]) == 27
    assert (merged / "manifest.json").is_file()
    model = tmp_path / "models" / "mine"
    trained = bioner(
        "train", "--base", tiny_encoder, "--data", merged, "--out", model, "--max-steps", "3"
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    scored = bioner("evaluate", "--model", model, "--data", merged, "--json")
    assert scored.returncode == 0, scored.stderr
    scores = json.loads(scored.stdout)
    assert {"model", "split", "overall", "by_corpus", "by_type", "over_firing", "leaked"} <= set(
        scores
    )
    assert set(scores["overall"]["micro"]) >= {"precision", "recall", "f1", "support"}
    assert len(scores["by_corpus"]) == 10
    tagged = bioner("tag", "-", "--model", model, stdin="Aspirin 😀 helps.\n")
    assert tagged.returncode == 0, tagged.stderr
    line = json.loads(tagged.stdout)
    assert line["text"] == "Aspirin 😀 helps.\n"
    for entity in line["entities"]:
        assert line["text"][entity["start"] : entity["end"]] == entity["text"]
        assert {"start", "end", "text", "label", "score"} <= entity.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["corpora", "build", "--source", "/nowhere"], "no such folder"),
        (["corpora", "build", "--source", "data/sample", "--mapping", "other"], "other"),
        (["corpora", "stats"], "corpora build"),
        (["evaluate", "--model", "none"], "no such model"),
        (["tag", "/nowhere.txt"], "no such file"),
        (["tag", "-", "--format", "odt"], "unknown format"),
        (
            ["train", "--base", "x", "--out", "y", "--loss", "other"],
            "one of partial, naive",
        ),
        (["models", "promote", "none"], "none"),
        (["jobs", "show", "none"], "none"),
        (["convert", "/nowhere", "--out", "x"], "nowhere"),
        (["review", "export", "--out", "x.jsonl"], "project"),
        (["review", "restore", "/nowhere.sqlite3", "--yes"], "nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_exit_1(bioner, words, message) -> None:
    done = bioner(*words)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert lines[-1].startswith("error: ")
    assert message in lines[-1]
    assert "Traceback" not in done.stderr


def test_wrong_usage_is_exit_2(bioner) -> None:
    assert bioner("train").returncode == 2
    assert bioner("nonsense").returncode == 2


@pytest.mark.slow
def test_review_brings_texts_in_and_out_again(bioner, tmp_path: Path) -> None:
    text = "Aspirin 😀 helps mice."
    source = tmp_path / "in.jsonl"
    entity = {"start": 0, "end": 7, "text": "Aspirin", "label": "Chemical"}
    source.write_text(json.dumps({"id": "a", "text": text, "entities": [entity]}), "utf-8")
    done = bioner("review", "import", source, "--project", "lab", "--covers", "Chemical")
    assert done.returncode == 0, done.stderr
    assert "1 documents in, 1 placed; 1 mentions in, 1 placed" in done.stdout
    assert "lab" in bioner("review", "status").stdout
    assert "words new to the model 100%" in bioner("review", "queue").stdout
    assert "lab: 1 sentences ranked" in bioner("review", "rank").stdout
    out = tmp_path / "out.jsonl"
    done = bioner("review", "export", "--out", out)
    assert done.returncode == 0, done.stderr
    line = json.loads(out.read_text("utf-8"))
    assert line["text"] == text
    assert line["entities"][0]["text"] == "Aspirin"
    backup = tmp_path / "backup.sqlite3"
    assert bioner("review", "backup", backup).returncode == 0
    assert backup.stat().st_size > 0


@pytest.mark.slow
def test_merged_data_never_replaces_a_folder_of_other_files(bioner, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("months of work", encoding="utf-8")
    done = bioner("corpora", "build", "--source", "data/sample", "--out", precious)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "holds other files" in done.stderr
    assert [one.name for one in precious.iterdir()] == ["thesis.txt"]
    source = tmp_path / "corpora"
    shutil.copytree(ROOT / "data" / "sample", source)
    names = {one.name for one in source.iterdir()}
    for out in (source, tmp_path):
        done = bioner("corpora", "build", "--source", source, "--out", out)
        assert done.returncode == 1
        assert "the corpora themselves lie there" in done.stderr
    assert {one.name for one in source.iterdir()} == names


@pytest.mark.slow
def test_gold_stays_gold_and_the_model_s_marks_stand_beside_it(bioner, tmp_path: Path) -> None:
    source = tmp_path / "gold.jsonl"
    entity = {"start": 0, "end": 7, "text": "Aspirin", "label": "Disease"}
    source.write_text(json.dumps({"id": "a", "text": "Aspirin helps.", "entities": [entity]}))
    shutil.copytree(ROOT / "models" / "bioner-compact", tmp_path / "models" / "bioner-compact")
    done = bioner("review", "import", source, "--project", "lab", "--gold", "--tag")
    assert done.returncode == 0, done.stderr
    assert "bioner-compact marked 1 mentions" in done.stderr
    assert "1 mentions in, 1 placed" in done.stdout
    out = tmp_path / "out.jsonl"
    assert bioner("review", "export", "--out", out).returncode == 0
    [found] = json.loads(out.read_text("utf-8"))["entities"]
    assert found["label"] == "Disease"


@pytest.mark.slow
def test_an_own_corpus_is_added_and_merged_like_the_ten(bioner, tmp_path: Path) -> None:
    mine = tmp_path / "mine.tsv"
    mine.write_text("Novel\tO\nzoledrinate\tB-Drug\nhelps\tO\n.\tO\n\n" * 3, "utf-8")
    done = bioner("corpora", "add", mine, "--name", "Lab", "--covers", "Chemical",
                  "--map", "Drug=Chemical")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Drug" in done.stdout
    merged = tmp_path / "merged"
    done = bioner("corpora", "build", "--source", "data/sample", "--out", merged, "--json")
    assert done.returncode == 0, done.stderr
    assert sum(json.loads(done.stdout)["read_by_corpus"]["Lab"].values()) == 3
    again = bioner("corpora", "add", mine, "--name", "Lab", "--covers", "Chemical")
    assert again.returncode == 1
    wrong = bioner("corpora", "add", mine, "--name", "Lab2", "--covers", "Chemistry")
    assert wrong.returncode == 1
    assert "Chemistry" in wrong.stderr


def test_help_is_fast_and_loads_no_heavy_library(home: Path) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from bioner.__main__ import app;"
        "r = CliRunner().invoke(app, ['train', '--help']); assert r.exit_code == 0, r.output;"
        "print(sorted({'torch', 'transformers', 'streamlit', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
