"""What was tagged in bulk is found again: searched, sent to Review, made into a dictionary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.errors import FormatError
from bioner.settings import read_settings
from bioner.spans import Document, Mention
from bioner.store import open_store
from bioner.tagging.found import Wanted, find_marks, made_by, whole_parts
from bioner.tagging.shards import Made, write_made, write_part

RUN = CliRunner()


def made_of(texts: dict[str, str], out: Path, format: str, model: str = "m") -> None:
    """Write a part as tagging in bulk does: p53 and mice are marked wherever they stand."""
    marks = {"p53": "Gene", "mice": "Organism", "TNF-α": "Gene"}
    documents = [
        Document(
            id,
            text,
            tuple(
                Mention(((at, at + len(word)),), label, status="predicted", score=0.9)
                for word, label in marks.items()
                if (at := text.find(word)) >= 0
            ),
        )
        for id, text in texts.items()
    ]
    number = len(list(out.glob(f"*.{format}")))
    part = out / f"in.txt.{number:05d}.{format}"
    write_part(documents, part, format)
    told = Made(
        input="in.txt", input_sha256="0", model=model, model_hash="h", convention="any",
        format=format, documents=len(documents),
    )  # fmt: skip
    write_made(part, told)
    write_made(out / "in.txt", told)


@pytest.fixture(params=["jsonl", "parquet"])
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    made_of({"a": "p53 binds. It does so in mice.", "b": "Nothing."}, folder, request.param)
    made_of({"c": "TNF-α and p53 bind."}, folder, request.param)
    (folder / ".lock").touch()
    (folder / f"half.txt.00000.{request.param}").write_bytes(b"begun, and killed")
    return folder


def test_marks_are_found_by_words_surface_and_type_in_whole_parts_alone(out: Path) -> None:
    assert len(list(whole_parts(out))) == 2
    found = list(find_marks(out, Wanted(surface="P53")))
    assert [(one.document, one.sentence) for one in found] == [
        ("a", "p53 binds."),
        ("c", "TNF-α and p53 bind."),
    ]
    (mice,) = find_marks(out, Wanted(label="Organism"))
    assert (mice.sentence, mice.surface(mice.marks[0])) == ("It does so in mice.", "mice")
    assert [one.document for one in find_marks(out, Wanted(surface="tnf alpha"))] == ["c"]
    assert [one.document for one in find_marks(out, Wanted(words="NOTHING"))] == ["b"]
    assert not list(find_marks(out, Wanted(words="binds", label="Organism")))


def test_the_model_that_made_all_of_it_is_told(out: Path) -> None:
    assert made_by(out) == "m"
    assert made_by(next(whole_parts(out))) == "m"
    made_of({"d": "x"}, out, "jsonl", model="another")
    assert made_by(out) == ""


def test_a_folder_that_was_not_tagged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds nothing that was tagged in bulk"):
        list(find_marks(tmp_path, Wanted(words="x")))


def test_the_command_finds_the_sentences(out: Path) -> None:
    result = RUN.invoke(app, ["corpora", "search", "--tagged", str(out), "--surface", "p53"])
    assert result.exit_code == 0, result.output
    assert "a  p53 binds.\n    p53 [Gene]\n" in result.stdout
    assert "2 sentences" in result.stderr
    refused = RUN.invoke(app, ["corpora", "search", "--tagged", str(out), "--corpus", "CRAFT"])
    assert refused.exit_code == 1
    assert "--tagged: has no corpora" in refused.output


def test_the_output_goes_to_review_with_a_receipt_and_the_models_name(
    out: Path, home: Path
) -> None:
    next(iter(out.glob("half*"))).unlink()
    given = ["review", "import", str(out), "--project", "P", "--json"]
    result = RUN.invoke(app, given)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["documents"] == {"in": 3, "placed": 3, "rejected": {}}
    assert told["mentions"] == {"in": 4, "placed": 4, "rejected": {}}
    assert told["unread"] == {}
    store = open_store(read_settings())
    found = {one.id: one for one in store.export_documents("P", layer="prediction")}
    assert len(found["c"].mentions) == 2
    store.close()
    again = json.loads(RUN.invoke(app, given).stdout)
    assert again["items"] == 0


def test_the_output_becomes_a_dictionary(out: Path, home: Path) -> None:
    next(iter(out.glob("half*"))).unlink()
    result = RUN.invoke(app, ["dictionary", "build", str(out), "--marked", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["read"]["mentions"] == {"in": 4, "placed": 4, "rejected": {}}
    assert told["terms"] == 3
