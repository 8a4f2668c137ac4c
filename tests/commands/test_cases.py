"""Files that other tools wrote, through the commands that people give them to, and what comes out.

The right values stand in the README beside the files; ``tests/formats/test_cases.py`` asks the
readers alone.
"""

from __future__ import annotations

import ast
import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from marker import Marker
from support import ROOT, SHARED
from typer.testing import CliRunner, Result

from bioner.__main__ import app
from bioner.formats import read_documents
from bioner.settings import read_settings
from bioner.store import open_store

CASES = SHARED / "cases"
pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here"),
]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in words])


def bring(name: str, *more: str) -> dict[str, Any]:
    """Import a case as gold; return the receipt."""
    done = run("review", "import", CASES / name, "--project", "lab", "--gold", "--json", *more)
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    mentions = told["mentions"]
    assert mentions["in"] == mentions["placed"] + sum(mentions["rejected"].values())
    return told


def kept() -> list[tuple[tuple[tuple[int, int], ...], str, str]]:
    """Return place, label and surface of all that lies in the project now."""
    return sorted(
        (one.fragments, one.label, document.surface(one))
        for document in open_store(read_settings()).export_documents("lab")
        for one in document.mentions
    )


def texts() -> set[str]:
    return {one.text for one in open_store(read_settings()).export_documents("lab")}


@pytest.fixture
def tagger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bioner.tagging.load.load_tagger", lambda *_, **__: Marker())
    monkeypatch.setattr("bioner.models.catalogue.find_model", lambda *_: tmp_path)


IMPORTED: dict[str, list[tuple[int, int]]] = {
    "F01-partial-loss-corpora-add.jsonl": [(0, 3), (0, 4), (0, 5)],
    "F01-prodigy-first-line-without-spans.jsonl": [(0, 3)],
    "F01-pubannotation-denotations.json": [(0, 5), (20, 25)],
    "F01-spacy38-first-doc-without-ents.jsonl": [(0, 3), (10, 14), (18, 31), (18, 37)],
    "F02-bioc-markup.xml": [(4, 8)],
    "F02-bioc-named-entity.xml": [(0, 5), (13, 16)],
    "F02-bioc-internal-dtd-entity.xml": [(0, 5), (13, 16)],
    "F03-three-in-file-one-counted.PubTator": [(0, 5), (10, 20), (26, 31)],
    "F03-reader-report": [(0, 3), (10, 14)],
    "F06-byte-offsets-trailing-space.xml": [(0, 9), (16, 19)],
    "F06-normalised-surface-rejected.xml": [(0, 5), (10, 15), (22, 31)],
    "F06-passage-relative-lands-in-title.xml": [(9, 12), (14, 18), (23, 26)],
    "F06-space-inside-offsets.PubTator": [(7, 10)],
    "F07-labelstudio-json-min.json": [(0, 3), (18, 22)],
    "F07-trailing-space-in-tag.conll": [(0, 11), (18, 22)],
    "F08-prodigy-reject-ignore.jsonl": [(0, 3)],
    "F09-b07-bb-normalisation": [(0, 6), (16, 25)],
    "F09-b10-event-without-trigger": [(0, 4), (15, 19)],
    "F09-b11-note-without-target": [(0, 3)],
    "F09-tmvar-three-columns.PubTator": [(0, 3), (6, 13), (18, 23)],
    "F12-labelstudio-export.tsv": [(2, 5)],
    "F14-conllu.conllu": [(0, 3)],
    "F14-id-with-space.PubTator": [(0, 3)],
    "F14-meta-key-documents.jsonl": [(0, 3)],
    "F14-nan-score.jsonl": [(0, 3)],
    "F14-webanno-tsv3.tsv": [(0, 3), (10, 14), (10, 14)],
    "F15-mixed-folder": [(0, 3), (0, 3), (0, 4), (0, 5), (10, 14)],
}
"""What must lie in the project, every label of the file taken for one of ours."""


def as_ours(path: Path) -> list[str]:
    """Return what says that each of a file's labels is a type of ours."""
    labels = read_documents(path).report.labels
    ours = ("Gene", "Disease", "Chemical", "Protein", "Cell")
    return [
        word
        for label, type in zip(labels, ours, strict=False)
        for word in ("--map", f"{label}={type}")
    ]


@pytest.mark.parametrize("name", IMPORTED)
def test_what_is_imported_lies_in_the_project_at_its_place(home: Path, name: str) -> None:
    told = bring(name, *as_ours(CASES / name))
    found = sorted((places[0][0], places[-1][1]) for places, _, _ in kept())
    assert found == sorted(IMPORTED[name])
    assert told["mentions"]["in"] >= len(IMPORTED[name])


@pytest.mark.slow
def test_the_receipt_of_an_import_names_line_and_reason(home: Path) -> None:
    told = bring("F03-reader-report")
    assert (told["mentions"]["in"], told["mentions"]["placed"]) == (3, 2)
    assert any(one.startswith("d.ann:2: empty_range") for one in told["examples"])
    assert bring("F06-space-inside-offsets.PubTator")["repaired"]["spaces_trimmed"] == 2
    left = bring("F08-prodigy-reject-ignore.jsonl")["mentions"]["rejected"]
    assert (left["answer_reject"], left["answer_ignore"]) == (1, 1)
    assert sum(bring("F09-tmvar-three-columns.PubTator")["unread"].values()) == 1
    assert bring("F14-nan-score.jsonl")["repaired"]["number_not_finite"] == 1
    assert not bring("F15-mixed-folder")["unread"]


def test_fragments_in_any_order_are_joined(home: Path) -> None:
    bring("F06-fragments-out-of-order")
    assert [one[0] for one in kept()] == [((4, 11), (27, 35)), ((16, 35),)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("F02-bioc-markup.xml", "The TP53 gene and H2O."),
        ("F02-bioc-named-entity.xml", "TGF-β lowers p53."),
        ("F02-bioc-internal-dtd-entity.xml", "TGF-β lowers p53."),
        ("F14-conllu.conllu", "p53 binds MDM2."),
    ],
)
def test_the_whole_text_is_tagged_and_imported(
    home: Path, tagger: None, name: str, text: str
) -> None:
    done = run("tag", CASES / name)
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == [text]
    bring(name)
    assert texts() == {text}


def test_a_table_without_a_header_is_three_documents(home: Path, tagger: None) -> None:
    done = run("tag", CASES / "F12-headerless.csv")
    rows = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    assert rows == ["p53 binds MDM2.", "BRCA1 is a gene.", "Nothing."]
    bring("F12-headerless.csv")
    assert texts() == set(rows)
    done = run("tag", CASES / "F12-labelstudio-export.tsv")
    assert [json.loads(one)["text"] for one in done.stdout.splitlines()] == ["🧪 p53 binds."]


def test_odd_first_tokens_are_tokens(home: Path) -> None:
    bring("F07-first-token-hash.conll")
    assert texts() == {"# 1 p53"}
    bring("F14-nbsp-first-line.conll")
    assert "10\u00a0mg of Aspirin" in texts()
    places = {(label, surface) for _, label, surface in kept()}
    assert places == {("Gene", "p53"), ("Chemical", "Aspirin")}


def test_what_odd_lines_of_brat_say_comes_out_again(home: Path, tmp_path: Path) -> None:
    for name in ("F09-b10-event-without-trigger", "F09-b11-note-without-target"):
        bring(name)
    out = tmp_path / "out"
    assert (
        run("review", "export", "--project", "lab", "--format", "brat", "--out", out).exit_code == 0
    )
    documents = read_documents(out).documents
    relations = [one for document in documents for one in document.relations]
    assert [(one.type, [role for role, _ in one.arguments]) for one in relations] == [
        ("Regulates_Expression", ["Agent", "Target"])
    ]
    notes = [dict(one.attributes).get("note:AnnotatorNotes") for one in documents]
    assert "the whole text is doubtful" in notes


@pytest.mark.slow
def test_the_spacy_export_of_a_long_document_comes_back_whole(home: Path, tmp_path: Path) -> None:
    """Do what F01-own-spacy-export-64k.sh does."""
    text = "Words of an article. " * 3300 + "p53 binds MDM2."
    at = text.index("p53")
    rows = [
        {"id": "A", "text": text, "label": [[at, at + 3, "Gene"], [at + 10, at + 14, "Gene"]]},
        {"id": "B", "text": "BRCA1 is a gene.", "label": [[0, 5, "Gene"]]},
    ]
    source, out = tmp_path / "ft.jsonl", tmp_path / "ft.spacy.jsonl"
    source.write_text("".join(json.dumps(one) + "\n" for one in rows))
    assert run("review", "import", source, "--project", "ft", "--gold").exit_code == 0
    assert (
        run("review", "export", "--project", "ft", "--format", "spacy", "--out", out).exit_code == 0
    )
    done = run("review", "import", out, "--project", "ft2", "--gold", "--json")
    told = json.loads(done.stdout)["mentions"]
    assert (told["in"], told["placed"]) == (3, 3)


def test_relations_of_marks_that_gave_way_are_left_out_and_counted(
    tagger: None, tmp_path: Path
) -> None:
    folder = shutil.copytree(CASES / "F04-tag-relations", tmp_path / "in")
    done = run("tag", folder, "--format", "brat", "--out", tmp_path / "out")
    assert "relations left out with the marks that they joined: 2" in done.stderr
    (document,) = read_documents(tmp_path / "out").documents
    assert not document.relations
    assert {one.id for one in document.mentions}.isdisjoint({"T1", "T2", "T3"})


def test_a_corpus_keeps_its_own_splits(home: Path) -> None:
    files = [CASES / "F05-splits" / f"{one}.tsv" for one in ("train", "devel", "test")]
    done = run("corpora", "add", *files, "--name", "own", "--covers", "Gene", "--json")
    assert json.loads(done.stdout)["splits"] == {"train": 15, "devel": 15, "test": 15}


@pytest.mark.parametrize(
    ("name", "placed", "rejected"),
    [
        ("F01-partial-loss-corpora-add.jsonl", 3, 0),
        ("F08-prodigy-reject-ignore.jsonl", 1, 2),
    ],
)
def test_a_corpus_added_counts_every_mark(
    home: Path, name: str, placed: int, rejected: int
) -> None:
    done = run("corpora", "add", CASES / name, "--name", "own", "--covers", "Gene", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["receipt"]["mentions"]
    assert (told["placed"], sum(told["rejected"].values())) == (placed, rejected)


def test_an_ann_and_its_txt_are_one_document_to_corpora_add(home: Path) -> None:
    files = [CASES / "F15-mixed-folder" / one for one in ("d.ann", "d.txt")]
    done = run("corpora", "add", *files, "--name", "n", "--covers", "Gene", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["receipt"]["documents"]["in"] == 1


def test_no_number_that_json_does_not_know_is_exported(home: Path, tmp_path: Path) -> None:
    bring("F14-nan-score.jsonl")
    for format in ("jsonl", "labelstudio", "bioc-json"):
        out = tmp_path / format
        run("review", "export", "--project", "lab", "--format", format, "--out", out)
        assert "NaN" not in out.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["jobs", "logs", "nope"], "nope"),
        (["corpora", "search", "p53", "--type", "Gen"], "merged dataset"),
        (["review", "queue", "--project", "P", "--limit", "0"], "--limit 0"),
        (["review", "history", "999999"], "999999"),
        (["serve", "--port", "99999"], "99999"),
    ],
)
def test_what_answered_wrongly_is_one_sentence(home: Path, words: list[str], told: str) -> None:
    done = run(*words)
    assert done.exit_code in (1, 2), done.output
    assert told in done.stderr
    assert "was split or joined" not in done.stderr


def test_a_device_is_written_to_and_never_replaced(tagger: None, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("p53 binds MDM2.\n")
    device = Path("/dev/null").stat()
    assert run("tag", tmp_path / "t.txt", "--out", "/dev/null").exit_code == 0
    assert Path("/dev/null").stat().st_rdev == device.st_rdev
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("out", ["/proc/x", "{there}"])
def test_brat_where_it_cannot_lie_is_one_sentence(tagger: None, tmp_path: Path, out: str) -> None:
    (tmp_path / "t.txt").write_text("p53 binds MDM2.\n")
    there = tmp_path / "there.txt"
    there.touch()
    place = out.replace("{there}", str(there))
    done = run("tag", tmp_path / "t.txt", "--format", "brat", "--out", place)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_no_name_is_cut_by_tag(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    if not (ROOT / "models" / "bioner-compact" / "card.json").is_file():
        pytest.skip("models/bioner-compact is not here")
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(CASES / "F13-tag.py"))
    long, hyphens, entities, narrow = map(ast.literal_eval, capsys.readouterr().out.splitlines())
    names = {surface for surface, _ in [*long, *hyphens, *entities, *narrow]}
    assert {
        "2,3,7,8-tetrachlorodibenzo-p-dioxin",
        *("Aspi-\nrin", "cyclooxy-\ngenase-2", "plate-\nlets"),
        *("TNF-&alpha;", "IL-1&beta;", "NF-&kappa;B"),
        "tumor\nnecrosis factor alpha",
    } <= names
