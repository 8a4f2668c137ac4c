"""``review``: the receipt of an import, mistakes sent on, and arguments that make no sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from metrics_support import make_data, store_report
from store_support import edit_of
from support import ROOT
from typer.testing import CliRunner, Result

from bioner.__main__ import app
from bioner.corpora.own import read_user_schema
from bioner.settings import read_settings
from bioner.store import open_store


def review(*words: object) -> Result:
    return CliRunner().invoke(app, ["review", *map(str, words)])


def refusal(result: Result) -> str:
    """The one line that a refused command prints."""
    assert result.exit_code == 1, result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    [line] = result.stderr.strip().splitlines()
    assert line.startswith("error: ")
    return line


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "ward.jsonl"
    entities = [
        {"start": 0, "end": 7, "label": "chemicals"},
        {"start": 14, "end": 18, "label": "Mood"},
        {"start": 80, "end": 90, "label": "Gene"},
    ]
    lines = [
        {"id": "a", "text": "Aspirin helps mice.", "entities": entities},
        {"id": "a", "text": "Another text.", "entities": []},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path


def test_an_import_prints_one_receipt_from_the_file_to_the_queue(home: Path, source: Path) -> None:
    result = review("import", source, "--project", "lab", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["documents"] == {"in": 2, "placed": 2, "rejected": {}}
    assert told["mentions"]["in"] == 3
    assert told["mentions"]["placed"] == 1
    assert sum(told["mentions"]["rejected"].values()) == 2
    assert told["labels"] == {"chemicals": "Chemical", "Mood": "ignore"}
    assert any(one.startswith("ward.jsonl:1: ") for one in told["examples"])
    store = open_store(read_settings())
    assert {one.text for one in store.export_documents("lab")} == {
        "Aspirin helps mice.",
        "Another text.",
    }
    [prediction] = store.open_item(store.items_of("lab", "a")[0]).predictions
    assert prediction.schema


def test_relations_whose_marks_are_not_placed_are_counted_at_every_door(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.ann"
    path.with_suffix(".txt").write_text("p53 binds MDM2.")
    path.write_text(
        "T1\tGene 0 3\tp53\nT2\tGene 10 14\tMDM2\nT3\tGene 90 93\tabc\n"
        "R1\tBinds Arg1:T1 Arg2:T2\nR2\tBinds Arg1:T1 Arg2:T3\n"
    )
    told = json.loads(review("import", path, "--project", "lab", "--gold", "--json").stdout)
    assert told["unread"] == {"relation of marks left out": 1}
    store = open_store(read_settings())
    item = store.open_item(store.items_of("lab", "a")[0])
    store.save(edit_of(item, *item.mentions[1:]))
    out = review("export", "--project", "lab", "--format", "brat", "--out", tmp_path / "a.zip")
    assert "left out: relations of absent mentions dropped, 1 times" in out.stderr
    added = CliRunner().invoke(
        app,
        [
            "corpora",
            "add",
            str(path),
            str(path.with_suffix(".txt")),
            "--name",
            "own",
            "--covers",
            "Gene",
            "--json",
        ],
    )
    assert json.loads(added.stdout)["receipt"]["unread"] == {"relation of marks": 2}


def test_a_person_says_what_a_label_means(home: Path, source: Path) -> None:
    result = review("import", source, "--project", "lab", "--map", "Mood=Organism", "--json")
    assert json.loads(result.stdout)["mentions"]["placed"] == 2
    assert "--map Mood=Feeling: expected LABEL=TYPE" in refusal(
        review("import", source, "--project", "lab", "--map", "Mood=Feeling")
    )


def test_a_type_that_a_project_lacks_is_added_as_its_texts_come_in(
    home: Path, source: Path
) -> None:
    words = ("import", source, "--project", "lab", "--add-type", "Mood", "--map", "Mood=Mood")
    result = review(*words, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["mentions"]["placed"] == 2
    store = open_store(read_settings())
    project = store.project("lab")
    assert "Mood" in project.types
    assert "Mood" not in project.covers, "nobody has looked for it so far"
    assert "Mood" in read_user_schema(read_settings()).names
    [document] = [one for one in store.export_documents("lab") if one.id == "a"]
    assert {one.label for one in document.mentions} == {"Chemical", "Mood"}
    assert "--add-type: expected the name of a type" in refusal(
        review("import", source, "--project", "lab", "--add-type", " ")
    )


def test_the_mistakes_of_a_kept_evaluation_are_sent_to_a_project(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIONER_MODELS", str(ROOT / "models"))
    settings = read_settings()
    store_report(settings, make_data(), "bioner-compact", {"aspirin": None})
    result = review("send", "bioner-compact", "--project", "Mistakes", "--limit", "7", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["documents"] == {"in": 7, "placed": 7, "rejected": {}}
    queue = open_store(settings).queue("Mistakes", limit=100)
    assert len(queue) == 7
    assert review("send", "bioner-compact", "--project", "Mistakes", "--limit", "7").exit_code == 0
    assert len(open_store(settings).queue("Mistakes", limit=100)) == 7


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["queue", "--limit", "-5"], "--limit -5"),
        (["queue", "--limit", "0"], "--limit 0"),
        (["queue", "--limit", 2**70], f"--limit {2**70}"),
        (["history", 2**70], f"item {2**70}"),
        (["history", 2**62], "there is no item"),
        (["export", "--out", "."], "--out: expected the name of a file"),
        (["export", "--out", "/tmp"], "is a folder"),
        (["send", "m", "--project", "p", "--limit", "0"], "--limit 0"),
        (["send", "m", "--project", "p", "--kind", "odd"], "--kind odd"),
        (["send", "nobody", "--project", "p"], "no kept evaluation of 'nobody'"),
    ],
)
def test_an_argument_that_makes_no_sense_is_one_sentence(
    home: Path, source: Path, words: list[object], said: str
) -> None:
    assert review("import", source, "--project", "lab").exit_code == 0
    assert said in refusal(review(*words))


def test_half_a_character_in_a_name_or_an_id_is_said(home: Path, source: Path) -> None:
    assert "half a character" in refusal(review("import", source, "--project", "lab\udcff"))
    source.write_text('{"id": "a\\ud800", "text": "Fine."}\n{"id": "b", "text": "Fine."}\n')
    result = review("import", source, "--project", "lab", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)["documents"]
    assert told["in"] == 2 == told["placed"] + sum(told["rejected"].values())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://somewhere/db", "'mysql' is no database that this works with"),
        ("nonsense", "not a database URL"),
        ("sqlite:////dev/null/x/store.sqlite3", "cannot make the database's folder"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("BIONER_DATABASE_URL", url)
    assert said in refusal(review("status"))
