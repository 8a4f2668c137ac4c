"""``tag``: what goes in is told, and what joined marks that are gone goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.conventions import Conventions, Told
from bioner.formats import read_documents
from bioner.spans import Document, mention

RUN = CliRunner()
ANN = (
    "T1\tChemical 0 7\tAspirin\nT2\tGene 17 22\tCOX-2\nT7\tDisease 26 34\tdiabetes\n"
    "R1\tInhibits Arg1:T1 Arg2:T2\n#1\tAnnotatorNotes T7\tcurated\n"
)


class Marker:
    """Marks the first word of every text, in place of whatever was marked."""

    conventions = Conventions()

    def tag_documents(
        self, documents: Sequence[Document], *, convention: Told = "any"
    ) -> list[Document]:
        return [
            replace(one, mentions=(mention(0, one.text.find(" "), "Drug", status="predicted"),))
            for one in documents
        ]


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("bioner.tagging.load.load_tagger", lambda *_, **__: Marker())
    monkeypatch.setattr("bioner.models.catalogue.find_model", lambda *_: tmp_path)
    (tmp_path / "a.txt").write_text("Aspirin inhibits COX-2 in diabetes.")
    (tmp_path / "a.ann").write_text(ANN)
    return tmp_path


def test_relations_go_with_the_marks_that_they_joined_and_no_id_is_used_again(texts: Path) -> None:
    given = [str(texts / "a.ann"), str(texts / "a.txt")]
    out = texts / "out"
    result = RUN.invoke(app, ["tag", *given, "--format", "brat", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "relations left out with the marks that they joined: 1" in result.stderr
    assert "3 marks of the files gave way to the model's" in result.stderr
    (document,) = read_documents(out).documents
    assert [(one.id, document.surface(one)) for one in document.mentions] == [("T8", "Aspirin")]
    assert not document.relations


def test_the_receipt_is_json_on_request_and_results_stay_alone_on_stdout(texts: Path) -> None:
    result = RUN.invoke(app, ["tag", str(texts / "a.ann"), "--json"])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    assert '"relations_dropped": 1' in result.stderr
    assert '"mentions": {"in": 3, "placed": 3, "rejected": {}}' in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", ""], "--out is empty"),
        (["--format", "xls"], "unknown format 'xls'; expected one of jsonl,"),
        (["--format", "brat"], "name a folder or a .zip"),
        (["--format", "brat", "--out", "a.txt"], "a file; BRAT is two files"),
        (["--out", "."], "a folder; name the file to write"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_in_one_sentence(
    texts: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(texts)
    result = RUN.invoke(app, ["tag", "a.ann", *arguments])
    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
