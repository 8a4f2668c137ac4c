"""Parquet read as JSON lines are: what tagging in bulk wrote, and rows of others."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bioner.errors import FormatError
from bioner.formats import ReadOptions, Tally, iter_documents, parquet, read_bytes, read_documents
from bioner.formats import write_documents as write_lines
from bioner.spans import Alternative, Document, Mention, Relation

TEXT = "p53 and mdm2 proteins bind. β-catenin 😀 does not."
WHOLE = Document(
    "a/1",
    TEXT,
    (
        Mention(
            ((0, 3),),
            "Gene",
            id="T1",
            status="predicted",
            score=0.875,
            alternatives=(Alternative("Protein", 0.125),),
            attributes=(("identifier", "7157"),),
        ),
        Mention(((8, 12), (13, 21)), "Protein", id="T2", source_label="protein_molecule"),
    ),
    ((0, 27), (28, len(TEXT))),
    (Relation("R1", "binds", (("a", "T1"), ("b", "T2"))),),
    (("covers", "Gene,Protein"), ("year", "2021")),
)
BARE = Document("b", "Nothing here.")


def rows_of(*rows: dict[str, object]) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), held)
    return held.getvalue()


def test_what_json_lines_hold_comes_back_from_parquet(tmp_path: Path) -> None:
    parquet.write([WHOLE, BARE], tmp_path / "a.parquet")
    write_lines([WHOLE, BARE], tmp_path / "a.jsonl", "jsonl")
    found, lines = (read_documents(tmp_path / f"a.{ending}") for ending in ("parquet", "jsonl"))
    assert found.documents == lines.documents
    assert found.documents[0].mentions == WHOLE.mentions
    assert found.documents[0].attributes == WHOLE.attributes
    assert found.report.receipt() == lines.report.receipt()
    assert found.report.receipt().mentions_placed == 2


def test_the_content_tells_it_whatever_the_name(tmp_path: Path) -> None:
    parquet.write([BARE], tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    for name in ("x.jsonl", "x.txt", "x"):
        assert [one.id for one in read_bytes(data, name).documents] == ["b"]
    assert [one.id for one in read_bytes(gzip.compress(data), "a.parquet.gz").documents] == ["b"]


def test_rows_of_a_data_set_of_tokens_and_tags_are_texts_with_marks() -> None:
    data = rows_of({"tokens": ["p53", "binds", "MDM2"], "ner_tags": ["B-Gene", "O", "B-Gene"]})
    (found,) = read_bytes(data, "train.parquet").documents
    assert [found.surface(one) for one in found.mentions] == ["p53", "MDM2"]


def test_a_column_that_is_named_holds_the_texts() -> None:
    stream = io.BytesIO(rows_of({"pmid": 7, "abstract": "p53 binds."}))
    options = ReadOptions(column="abstract", needs_marks=False)
    (found,) = iter_documents(stream, "parquet", name="x.parquet", options=options)
    assert found.text == "p53 binds."


def test_what_is_no_text_or_no_place_is_counted_with_its_row() -> None:
    data = rows_of(
        {"id": "1", "text": "p53 binds.", "entities": [{"start": 0, "end": 3, "label": "Gene"}]},
        {"id": "2", "text": "p53 binds.", "entities": [{"start": 0, "end": 99, "label": "Gene"}]},
        {"id": "3", "text": None, "entities": []},
        {"id": "4", "text": "more", "entities": []},
    )
    found = read_bytes(data, "a.parquet")
    receipt = found.report.receipt()
    assert (receipt.documents_placed, receipt.mentions_in, receipt.mentions_placed) == (3, 2, 1)
    assert receipt.unread["part that is no document"] == 1
    assert any(one.startswith("a.parquet:2: ") for one in receipt.examples)
    assert any(one.startswith("a.parquet:3: ") for one in receipt.examples)


def test_a_score_that_is_not_a_number_is_left_out_and_counted() -> None:
    mark = {"start": 0, "end": 3, "label": "Gene", "score": float("nan")}
    found = read_bytes(rows_of({"text": "p53 binds.", "entities": [mark]}), "a.parquet")
    assert found.documents[0].mentions[0].score is None
    assert found.report.repairs["number_not_finite"] == 1


@pytest.mark.parametrize("damage", ["cut", "flipped", "zeros", "empty rows"])
def test_damaged_data_is_refused_in_one_sentence(damage: str) -> None:
    good = rows_of(*[{"id": str(n), "text": f"p53 binds {n}."} for n in range(50)])
    data = {
        "cut": good[: len(good) // 2],
        "flipped": good[:60] + bytes(b ^ 0xFF for b in good[60:-8]) + good[-8:],
        "zeros": b"PAR1" + bytes(100) + b"PAR1",
        "empty rows": _no_rows(),
    }[damage]
    with pytest.raises(FormatError, match=r"a\.parquet: (damaged Parquet data|holds no documents)"):
        read_bytes(data, "a.parquet")


def _no_rows() -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), held)
    return held.getvalue()


def test_a_group_of_rows_too_large_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MAX_GROUP_BYTES", 10)
    with pytest.raises(FormatError, match="in one group of rows"):
        read_bytes(rows_of({"text": "p53 binds MDM2."}), "a.parquet")


def test_many_rows_are_read_some_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    parquet.write((Document(str(n), "p53 binds.") for n in range(1_000)), path)
    tally = Tally()
    assert sum(1 for _ in iter_documents(path, tally=tally)) == tally.documents == 1_000
