"""Splits that somebody made are kept: files and folders named for them, said, and overruled."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from bioner.__main__ import app as commands
from bioner.corpora.adding import preview_corpus, read_uploads
from bioner.corpora.own import read_own_corpus
from bioner.corpora.splits import split_named
from bioner.settings import PROJECT_ROOT, read_settings

SIZES = {"train": 7, "devel": 3, "test": 5}


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("train.tsv", "train"),
        ("devel.tsv", "devel"),
        ("dev.conll", "devel"),
        ("valid.jsonl", "devel"),
        ("validation.jsonl", "devel"),
        ("test.tsv", "test"),
        ("TEST.TXT", "test"),
        ("BioRED.Dev.BioC.XML", "devel"),
        ("crlf.BioRED.Train.PubTator", "train"),
        ("NCBItrainset_corpus.txt", "train"),
        ("NCBIdevelopset_corpus.txt", "devel"),
        ("NCBItestset_corpus.txt", "test"),
        ("GNormPlus_Train.PubTator.gz", "train"),
        ("corpus/train/123.ann", "train"),
        ("corpus/test/train.ann", "train"),
        ("BioNLP-ST_2013_CG_development_data_rev1/PMID-1.a1", "devel"),
        ("train_01.tsv", "train"),
        ("a\\dev\\b.ann", "devel"),
        ("eval.tsv", "test"),
        ("heldout/a.ann", "test"),
        ("train+dev.tsv", "train"),
        ("train_devel/x.tsv", "train"),
        ("test-train.tsv", ""),
        ("train_test_split/a.tsv", ""),
        ("train_test_split/dev/a.tsv", "devel"),
        ("BC5CDR-dev-disease.tsv", "devel"),
        ("test.en.conll", "test"),
        ("train_full.jsonl", "train"),
        ("blood-test-reports.jsonl", ""),
        ("test-results.jsonl", ""),
        ("notes.jsonl", ""),
        ("latest.tsv", ""),
        ("contest.tsv", ""),
        ("constrain.tsv", ""),
        ("", ""),
    ],
)
def test_a_name_says_its_split_or_none(path: str, split: str) -> None:
    assert split_named(path) == split


def sentences(split: str, number: int) -> bytes:
    return "".join(f"{split}{i}\tO\naspirin\tB-Drug\n\n" for i in range(number)).encode()


def annotated(split: str, number: int) -> dict[str, bytes]:
    """Return BRAT files of so many documents under a folder of the split."""
    found = {}
    for i in range(number):
        found[f"{split}/{i}.txt"] = f"{split}{i} aspirin".encode()
        start = len(f"{split}{i} ")
        mark = f"T1\tDrug {start} {start + 7}\taspirin\n"
        found[f"{split}/{i}.ann"] = mark.encode()
    return found


def kept(name: str = "ward") -> dict[str, Counter[str]]:
    """Return how many sentences of each original split lie in each split of the kept corpus."""
    corpus = read_own_corpus(read_settings().own_corpora / name)
    return {
        split: Counter(one.tokens[0].rstrip("0123456789") for one in found)
        for split, found in corpus.splits.items()
    }


def add(*words: object) -> str:
    done = CliRunner().invoke(
        commands,
        ["corpora", "add", *map(str, words), "--name", "ward", "--covers", "Chemical"],
    )
    assert done.exit_code == 0, done.stderr
    return done.stdout


RIGHT = {split: {split: number} for split, number in SIZES.items()}


def test_files_named_for_splits_are_kept_in_them_and_it_is_said(home: Path, tmp_path: Path) -> None:
    names = {"train": "train.tsv", "devel": "valid.tsv", "test": "test.tsv"}
    for split, name in names.items():
        (tmp_path / name).write_bytes(sentences(split, SIZES[split]))
    files = [tmp_path / name for name in names.values()]
    told = add(*files)
    assert kept() == RIGHT
    assert "as files and folders are named: train 7, devel 3, test 5" in told
    assert "--split-by hash" in told
    told = add(*files, "--split-by", "hash", "--replace")
    assert "shared out by document" in told
    assert kept() != RIGHT
    assert sum(found.total() for found in kept().values()) == sum(SIZES.values())


def test_folders_of_files_are_read_with_their_splits(home: Path, tmp_path: Path) -> None:
    for split, number in SIZES.items():
        for name, data in annotated(split, number).items():
            path = tmp_path / "test" / "corpus" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (tmp_path / "test" / "corpus" / "README").write_text("Read me.")
    add(tmp_path / "test" / "corpus")
    assert kept() == RIGHT
    add(*(tmp_path / "test" / "corpus" / split for split in SIZES), "--replace")
    assert kept() == RIGHT


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_archives_with_folders_of_splits_are_divided(
    home: Path, tmp_path: Path, suffix: str
) -> None:
    files = {"README.md": b"Read me.", "annotation.conf": b"[entities]\nDrug\n"}
    for split, number in SIZES.items():
        files |= annotated(split, number)
    packed = io.BytesIO()
    if suffix == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    found = preview_corpus([(f"ward{suffix}", packed.getvalue())])
    assert found.named == SIZES
    assert len(found.sentences) == sum(SIZES.values())


def rows(split: str, named: str, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for i in range(number):
        start = len(f"{split}{i} ")
        row = {"text": f"{split}{i} aspirin", "entities": [[start, start + 7, "Drug"]]}
        found.append({**row, "split": named} if named else row)
    return found


def as_task(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as Label Studio has it."""
    ((start, end, label),) = row["entities"]
    region = {"value": {"start": start, "end": end, "labels": [label]}}
    data = {"text": row["text"], "split": row["split"]}
    return {"data": data, "annotations": [{"result": [region]}]}


@pytest.mark.parametrize("form", ["rows", "one value", "tokens", "tasks", "own export"])
def test_splits_that_texts_say_themselves_are_kept(home: Path, tmp_path: Path, form: str) -> None:
    names = {"train": "train", "devel": "validation", "test": "test"}
    found = [one for split, number in SIZES.items() for one in rows(split, names[split], number)]
    told: object = found
    if form == "one value":
        told = {names[split]: rows(split, "", number) for split, number in SIZES.items()}
    elif form == "tokens":
        tags = {"ner_tags": ["O", "B-Drug"]}
        told = [{"tokens": one["text"].split(), **tags, "split": one["split"]} for one in found]
    elif form == "tasks":
        told = [as_task(one) for one in found]
    path = tmp_path / "ward.json"
    path.write_text(json.dumps(told))
    add(path)
    assert kept() == RIGHT
    if form == "own export":
        out = tmp_path / "again.jsonl"
        words = ["corpora", "export", "ward", "--out", str(out)]
        assert CliRunner().invoke(commands, words).exit_code == 0
        add(out, "--replace")
        assert kept() == RIGHT


@pytest.mark.parametrize("above", ["", "in/"])
def test_archives_in_a_folder_are_read_with_their_splits(
    home: Path, tmp_path: Path, above: str
) -> None:
    for split, number in SIZES.items():
        path = tmp_path / "ward" / above / f"{split}.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in annotated(split, number).items():
                archive.writestr(name.removeprefix(f"{split}/"), data)
    add(tmp_path / "ward")
    assert kept() == RIGHT
    (tmp_path / "ward" / "train-more.zip").write_bytes(b"PK damaged")
    add(tmp_path / "ward", "--replace")
    assert kept() == RIGHT


def test_an_empty_file_of_a_split_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "train.tsv").write_bytes(sentences("train", 3))
    (tmp_path / "c" / "test.tsv").write_bytes(b"")
    found = preview_corpus(read_uploads([tmp_path / "c"]))
    assert (found.named, found.receipt.unread["empty file"]) == ({"train": 3}, 1)


def test_what_is_named_for_no_split_is_shared_out_and_said(home: Path, tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_bytes(sentences("test", 5))
    (tmp_path / "more.tsv").write_bytes(sentences("more", 60))
    told = add(tmp_path / "test.tsv", tmp_path / "more.tsv")
    assert kept()["test"]["test"] == 5
    assert all(found["more"] for found in kept().values())
    assert "60 of no such name shared out" in told


def test_the_folders_above_all_files_say_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "test"
    folder.mkdir()
    (folder / "a.tsv").write_bytes(sentences("a", 3))
    (folder / "b.tsv").write_bytes(sentences("b", 3))
    assert not preview_corpus(read_uploads([folder / "a.tsv", folder / "b.tsv"])).named


def test_the_page_keeps_splits_and_can_be_overruled(home: Path) -> None:
    page = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    page.switch_page("pages/1_Corpora.py")
    page.query_params["part"] = "own"
    page.run()
    page.file_uploader[0].set_value(
        [(f"{split}.tsv", sentences(split, number), "") for split, number in SIZES.items()]
    ).run()
    told = [one.value for one in page.caption]
    assert "As the files say: 7 train, 3 devel, 5 test." in told
    page.text_input(key="own_title").set_value("ward")
    page.button(key="own_add").click().run()
    assert not page.exception
    assert kept() == RIGHT


def test_the_shared_case_of_own_splits(home: Path) -> None:
    case = PROJECT_ROOT.parent / "shared" / "cases" / "F05-splits"
    if not case.is_dir():
        pytest.skip("the cases are not here")
    lines = {s: (case / f"{s}.tsv").read_text().strip().split("\n\n") for s in SIZES}
    found = preview_corpus(read_uploads([case / f"{split}.tsv" for split in SIZES]))
    assert found.named == {split: len(blocks) for split, blocks in lines.items()}


def test_an_unknown_way_to_split_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(sentences("a", 3))
    words = ["corpora", "add", str(tmp_path / "a.tsv"), "--name", "w", "--covers", "Gene"]
    done = CliRunner().invoke(commands, [*words, "--split-by", "date"])
    assert (done.exit_code, "expected names or hash, got 'date'" in done.stderr) == (1, True)
    assert not home.exists()
