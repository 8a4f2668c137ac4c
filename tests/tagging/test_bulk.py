"""Bulk tagging: whole parts or none, the same bytes however cut, gone on with after a crash."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support import ROOT
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.cards import Card
from bioner.conventions import Conventions, Told
from bioner.devices import Found
from bioner.errors import FormatError
from bioner.formats import read_documents
from bioner.machine import Device
from bioner.spans import Document, mention
from bioner.tagging import bulk, bulk_run
from bioner.tagging.bulk import Bulk, Piece, Tagged
from bioner.tagging.bulk_run import tag_folder, workers_here
from bioner.tagging.shards import find_inputs, read_made
from bioner.tagging.standing import Standing
from bioner.tagging.watching import Outcome

PUBMED = """<?xml version="1.0"?><PubmedArticleSet><PubmedArticle><MedlineCitation>
<PMID>7</PMID><Article><ArticleTitle>Aspirin helps.</ArticleTitle></Article>
</MedlineCitation></PubmedArticle></PubmedArticleSet>"""


class Marker:
    """Marks the first word of every text; fails at a text that holds "boom"."""

    conventions = Conventions()
    tagged = 0

    def tag_documents(
        self, documents: Sequence[Document], *, convention: Told = "any"
    ) -> list[Document]:
        if any("boom" in one.text for one in documents):
            raise RuntimeError("boom")
        Marker.tagged += len(documents)
        return [
            replace(one, mentions=(mention(0, one.text.find(" "), "Drug", status="predicted"),))
            for one in documents
        ]


def here(
    work: Callable[[Piece], Tagged],
    items: Sequence[Piece],
    *,
    workers: int,
    tick: Callable[[], None],
) -> Iterator[tuple[Piece, Tagged | None, str]]:
    """Do the work in this process, last item first."""
    for one in reversed(items):
        tick()
        try:
            done = work(one)
        except RuntimeError as error:
            yield one, None, str(error)
        else:
            yield one, done, ""


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bulk, "load_tagger", lambda *_, **__: Marker())
    monkeypatch.setattr(bulk, "PART_DOCUMENTS", 3)
    Marker.tagged = 0
    folder = tmp_path / "texts"
    (folder / "deep").mkdir(parents=True)
    lines = [json.dumps({"id": f"{n}", "text": f"Drug {n} helps."}) + "\n" for n in range(10)]
    (folder / "ten.jsonl").write_text("".join(lines))
    (folder / "deep" / "pubmed25n0001.xml.gz").write_bytes(gzip.compress(PUBMED.encode()))
    (folder / "deep" / "pubmed25n0001.xml.gz.md5").write_text("MD5 = 1")
    (folder / "a.txt").write_text("Aspirin helps.")
    (folder / "a.ann").write_text("T1\tDrug 0 7\tAspirin\n")
    (folder / ".hidden").write_text("x")
    return folder


def order(texts: Path, out: str = "out", **changes: object) -> Bulk:
    given = Bulk(source=texts, out=texts.parent / out, model=texts.parent / "m", model_hash="h1")
    return replace(given, **changes)


def bytes_of(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*.jsonl"))
    }


def test_every_file_of_a_folder_becomes_parts_that_are_plain_tag_output(texts: Path) -> None:
    outcome = tag_folder(order(texts), here)
    assert (outcome.inputs, outcome.inputs_done, outcome.documents) == (3, 3, 12)
    assert outcome.is_complete
    out = texts.parent / "out"
    assert sorted(bytes_of(out)) == [
        "a.txt.00000.jsonl",
        "deep/pubmed25n0001.xml.gz.00000.jsonl",
        *(f"ten.jsonl.0000{n}.jsonl" for n in range(4)),
    ]
    found = [d for p in sorted(out.glob("ten*.jsonl")) for d in read_documents(p).documents]
    assert [one.id for one in found] == [str(n) for n in range(10)]
    assert [found[3].surface(one) for one in found[3].mentions] == ["Drug"]
    assert read_documents(out / "deep" / "pubmed25n0001.xml.gz.00000.jsonl").documents[0].id == "7"


def test_a_part_says_beside_it_what_it_was_made_of(texts: Path) -> None:
    tag_folder(order(texts), here)
    part = texts.parent / "out" / "ten.jsonl.00001.jsonl"
    made = read_made(part)
    assert made is not None
    assert made.input_sha256 == hashlib.sha256((texts / "ten.jsonl").read_bytes()).hexdigest()
    assert made.sha256 == hashlib.sha256(part.read_bytes()).hexdigest()
    assert (made.input, made.model, made.model_hash, made.documents) == ("ten.jsonl", "m", "h1", 3)


def test_a_file_shared_out_among_workers_gives_the_same_bytes(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag_folder(order(texts, "one"), here)
    monkeypatch.setattr("bioner.tagging.bulk_run.CUT_BYTES", 1)
    outcome = tag_folder(order(texts, "three", workers=3), here)
    assert outcome.inputs_done == 3
    assert bytes_of(texts.parent / "one") == bytes_of(texts.parent / "three")


def test_what_is_done_is_skipped_and_the_rest_gone_on_with(texts: Path) -> None:
    tag_folder(order(texts), here)
    out = texts.parent / "out"
    before = bytes_of(out)
    again = tag_folder(order(texts), here)
    assert (again.inputs_skipped, again.parts, Marker.tagged) == (3, 0, 12)
    for name in ("ten.jsonl.done", "ten.jsonl.00002.jsonl.done"):  # as a kill would leave it
        (out / name).unlink()
    (out / "ten.jsonl.00003.jsonl").unlink()
    (out / ".ten.jsonl.00003-0123abcd.jsonl").write_text('{"id": "9", "te')
    gone_on = tag_folder(order(texts), here)
    assert (gone_on.inputs_skipped, gone_on.parts, gone_on.parts_skipped - 2) == (2, 2, 2)
    assert Marker.tagged == 12 + 3 + 1
    assert bytes_of(out) == before


@pytest.mark.parametrize("changed", ["input", "model", "convention"])
def test_what_was_made_of_something_else_is_made_again(texts: Path, changed: str) -> None:
    given = order(texts)
    tag_folder(given, here)
    if changed == "input":
        lines = (texts / "ten.jsonl").read_text().splitlines(keepends=True)
        (texts / "ten.jsonl").write_text("".join(lines[:4]))
    else:
        given = replace(given, **{"model_hash" if changed == "model" else "convention": "other"})
        Marker.conventions = Conventions()
    outcome = tag_folder(replace(given, convention="any"), here)
    if changed == "input":
        assert (outcome.inputs_done, outcome.documents) == (1, 4)
        assert len(list((texts.parent / "out").glob("ten.jsonl.*.jsonl"))) == 2, "no stale part"
    elif changed == "model":
        assert outcome.documents == 12


def test_what_cannot_be_read_is_named_and_tried_again(texts: Path) -> None:
    whole = gzip.compress((texts / "ten.jsonl").read_bytes())
    (texts / "cut.jsonl.gz").write_bytes(whole[:-12])
    (texts / "empty.txt").write_text("")
    outcome = tag_folder(order(texts), here)
    assert sorted(outcome.unreadable) == ["cut.jsonl.gz", "empty.txt"]
    assert "damaged gzip data" in outcome.unreadable["cut.jsonl.gz"]
    assert outcome.inputs_done == 3
    (texts / "cut.jsonl.gz").write_bytes(whole)
    (texts / "empty.txt").write_text("Aspirin helps.")
    mended = tag_folder(order(texts), here)
    assert mended.is_complete
    assert (mended.inputs_done, mended.inputs_skipped) == (2, 3)


def test_an_error_is_that_of_its_file_alone(texts: Path) -> None:
    (texts / "bad.txt").write_text("boom goes the tagger")
    outcome = tag_folder(order(texts), here)
    assert outcome.failed == {"bad.txt": "boom"}
    assert outcome.inputs_done == 3


def test_parquet_holds_what_the_lines_hold(texts: Path) -> None:
    tag_folder(order(texts, format="parquet"), here)
    rows = pq.read_table(texts.parent / "out" / "ten.jsonl.00000.parquet").to_pylist()
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    told = {key: value for key, value in rows[0]["entities"][0].items() if value is not None}
    assert told == {
        "start": 0, "end": 4, "text": "Drug", "label": "Drug", "status": "predicted",
    }  # fmt: skip
    tag_folder(order(texts, "lines"), here)
    assert (
        read_documents(texts.parent / "out").documents
        == read_documents(texts.parent / "lines").documents
    )


def test_progress_tells_share_count_and_what_was_skipped(texts: Path) -> None:
    tag_folder(order(texts), here)
    (texts / "b.txt").write_text("Ibuprofen helps.")
    heard: list[Standing] = []
    tag_folder(order(texts), here, heard.append)
    assert heard[-1].share == 1.0
    assert heard[-1].text == "1 documents, 1 inputs done, 3 skipped"


def test_output_in_the_input_an_empty_folder_and_a_second_run_are_refused(texts: Path) -> None:
    with pytest.raises(FormatError, match="lies in"):
        tag_folder(order(texts, out="texts/out"), here)
    (texts.parent / "none").mkdir()
    with pytest.raises(FormatError, match="no files in it"):
        tag_folder(order(texts, source=texts.parent / "none"), here)

    def second(*args: object, **kwargs: object) -> Iterator[tuple[Piece, None, str]]:
        with pytest.raises(FormatError, match="another tagging is writing there"):
            tag_folder(order(texts), here)
        return iter(())

    assert tag_folder(order(texts), second) == Outcome(inputs=3, seconds=pytest.approx(0, abs=5))


@pytest.mark.parametrize(
    ("device", "memory", "expected"),
    [(Device.CPU, 0, 12), (Device.CUDA, 80, 8), (Device.CUDA, 16, 2), (Device.CUDA, 0, 1)],
)
def test_several_processes_share_a_card_as_far_as_its_memory_goes(
    monkeypatch: pytest.MonkeyPatch, device: Device, memory: int, expected: int
) -> None:
    card = Found(Card(0, "card", memory * 10**9, 0, 0.0))
    monkeypatch.setattr(bulk_run, "usable_cards", lambda: (card,))
    monkeypatch.setattr(bulk_run, "usable_cpus", lambda: 12)
    assert workers_here(device) == expected


def test_a_texts_own_marks_and_checksums_are_no_inputs(texts: Path) -> None:
    assert list(find_inputs(texts)) == ["a.txt", "deep/pubmed25n0001.xml.gz", "ten.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engine", "slurm"], "--engine 'slurm': not known; expected one of local, ray"),
        (["--workers", "0"], "--workers 0: expected a whole number from 1 on"),
        (["--engine", "local", "--format", "brat"], "expected one of jsonl, parquet"),
        (["--engine", "local", "--address", "x"], "--address: is for --engine ray"),
        (
            ["--engine", "ray", "--address", "http://head:8265"],
            "--address: http://head:8265 is a cluster's dashboard; expected the cluster itself",
        ),
        (["--engine", "local"], "--out: in bulk the folder to write to is needed"),
    ],
)
def test_a_bulk_line_without_sense_is_refused(texts: Path, arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["tag", str(texts), *arguments])
    assert result.exit_code == 1
    assert told in result.stderr


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "texts"
    source.mkdir()
    for n in range(12):
        text = f"Aspirin {n} inhibits COX-2 in patients with diabetes. " * 15
        rows = [json.dumps({"id": f"{n}-{i}", "text": text}) + "\n" for i in range(8)]
        (source / f"{n:02d}.jsonl").write_text("".join(rows))
    line = [sys.executable, "-m", "bioner", "tag", str(source), "--workers", "2", "--json"]
    killed = subprocess.Popen([*line, "--out", str(tmp_path / "out")], cwd=ROOT)
    while not list((tmp_path / "out").glob("*.jsonl.done")):
        assert killed.poll() is None
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    time.sleep(3)
    for out in ("out", "whole"):
        done = subprocess.run(
            [*line, "--out", str(tmp_path / out)], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    found = [d.id for p in (tmp_path / "out").glob("*.jsonl") for d in read_documents(p).documents]
    assert len(found) == len(set(found)) == 96
