"""``dictionary``: from texts to an exported list, with a receipt that adds up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dictionaries import documents
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.formats import write_documents

RUN = CliRunner()


def invoke(*words: str):
    result = RUN.invoke(app, ["dictionary", *words])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def texts(home: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    write_documents(documents(), folder / "a.jsonl", "jsonl")
    write_documents(documents()[:1], folder / "b.jsonl", "jsonl")
    (folder / "empty.jsonl").write_text("")
    return folder


def test_a_folder_of_marked_texts_becomes_a_curated_list(texts, tmp_path):
    made = json.loads(invoke("build", str(texts), "--marked", "--json").stdout)
    assert made["texts"] == {"in": 5, "used": 4, "repeated": 1, "empty": 0}
    assert made["texts"]["in"] == made["read"]["documents"]["placed"]
    assert made["read"]["unread"] == {"empty file": 1}
    marks = made["marks"]
    assert marks["in"] == marks["used"] + marks["of repeated texts"] + marks["left out"]
    assert "OB" in invoke("show").stdout
    invoke("curate", "--keep", "TNF", "--drop", "mouse", "--retype", "OB=Gene")
    invoke("curate", "--undo")
    log = invoke("curate").stdout.splitlines()
    assert [one.split()[1] for one in log] == ["undo", "retype", "drop", "keep"]
    shown = json.loads(invoke("show", "--status", "kept", "--json").stdout)
    assert [one["preferred"] for one in shown] == ["Tumour necrosis factor"]
    assert shown[0]["spellings"][0]["surface"] == "TNF"
    assert shown[0]["examples"]
    out = tmp_path / "out.csv"
    told = json.loads(invoke("export", "--out", str(out), "--json").stdout)
    assert (told["written"], told["left_out"]) == (1, made["terms"] - 1)
    assert out.read_text("utf-8").startswith("term,type,concept")
    listed = json.loads(invoke("list", "--json").stdout)
    assert listed[0]["terms by status"] == {"new": made["terms"] - 2, "kept": 1, "dropped": 1}


def test_which_dictionary_is_meant_is_asked_where_there_are_several(texts):
    invoke("build", str(texts), "--marked", "--name", "one")
    invoke("build", str(texts), "--marked", "--name", "two")
    result = RUN.invoke(app, ["dictionary", "show"])
    assert result.exit_code == 1
    assert "which dictionary? one, two" in result.stderr


def test_a_project_s_texts_get_a_vocabulary_s_concepts_and_unlike_ids_are_told(home, tmp_path):
    def run(*words: str) -> str:
        result = RUN.invoke(app, list(words))
        assert result.exit_code == 0, result.output
        return result.stdout

    mice = "1|t|Mice and mice.\n1|a|Rats ran.\n"
    marks = ["1\t0\t4\tMice\tOrganism\tT:1", "1\t9\t13\tmice\tOrganism\tT:2"]
    marks += ["1\t15\t19\tRats\tOrganism\t-"]
    (tmp_path / "a.pubtator").write_text(mice + "\n".join(marks) + "\n")
    (tmp_path / "taxa.csv").write_text("id,name,synonyms\nT:3,Rattus,rat\n")
    run("review", "import", str(tmp_path / "a.pubtator"), "--project", "P")
    run("concepts", "build", str(tmp_path / "taxa.csv"))
    run("dictionary", "build", "--project", "P", "--vocabulary", "taxa")
    found = {one["preferred"]: one for one in json.loads(run("dictionary", "show", "--json"))}
    assert found["Rats"]["identifier"] == "T:3"
    [unlike] = json.loads(run("dictionary", "show", "--conflicting", "--json"))
    assert unlike["concepts of its marks"] == {"T:1": 1, "T:2": 1}
    refused = RUN.invoke(app, ["dictionary", "build", "a", "--project", "P"])
    assert "not both" in refused.stderr
