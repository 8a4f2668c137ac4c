"""Every door reads the same: articles, pairs, empty files; nothing that is read is written over."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marker import Marker
from typer.testing import CliRunner, Result

from bioner.__main__ import app
from bioner.settings import read_settings
from bioner.store import open_store

PUBMED = (
    "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>12</PMID><Article><ArticleTitle>The "
    "<i>TP53</i> gene.</ArticleTitle><Abstract><AbstractText Label='AIM'>p53 &amp; MDM2."
    "</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
)
PMC = (
    "<article><front><article-meta><article-id pub-id-type='pmc'>PMC7</article-id><title-group>"
    "<article-title>The TP53 gene.</article-title></title-group></article-meta></front><body><p>"
    "p53 &amp; MDM2.</p></body></article>"
)
TEXT = "The TP53 gene.\np53 & MDM2."
ARTICLES = {"a.xml": PUBMED, "b.xml": PMC, "c.nxml": PMC, "d.xml.gz": PUBMED, "e.xml.gz": PMC}


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in words])


@pytest.fixture
def tagger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bioner.tagging.load.load_tagger", lambda *_, **__: Marker())
    monkeypatch.setattr("bioner.models.catalogue.find_model", lambda *_: tmp_path)


def written(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = ARTICLES[name].encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ARTICLES)
def test_an_article_is_read_by_tag_and_by_import(
    home: Path, tagger: None, tmp_path: Path, name: str
) -> None:
    path = written(tmp_path, name)
    tagged = json.loads(run("tag", path).stdout)
    assert (tagged["text"], tagged["id"]) == (TEXT, "12" if ARTICLES[name] == PUBMED else "PMC7")
    assert run("review", "import", path, "--project", "p").exit_code == 0
    (kept,) = open_store(read_settings()).export_documents("p")
    assert kept.text == TEXT
    refused = run("corpora", "add", path, "--name", "own", "--covers", "Gene")
    assert refused.exit_code == 1
    assert "no annotated mention was found" in refused.stderr


def test_a_folder_of_articles_is_read_beside_marks(
    home: Path, tagger: None, tmp_path: Path
) -> None:
    for name in ARTICLES:
        written(tmp_path / "in", name)
    marked = {"text": "p53 binds.", "entities": [[0, 3, "Gene"]]}
    (tmp_path / "in" / "z.jsonl").write_text(json.dumps(marked))
    texts = [json.loads(line)["text"] for line in run("tag", tmp_path / "in").stdout.splitlines()]
    assert texts.count(TEXT) == len(ARTICLES)
    done = run("corpora", "add", tmp_path / "in", "--name", "own", "--covers", "Gene")
    assert done.exit_code == 0, done.stderr
    assert "6 documents in, 6 placed; 1 mentions in, 1 placed" in done.stderr


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["b.jsonl", "b.txt", "pair/b.ann", "pair"]),
    st.sampled_from(["jsonl", "brat", "conll"]),
)
def test_tag_never_writes_over_what_it_reads(home, tagger, tmp_path_factory, source, format):
    folder = tmp_path_factory.mktemp("tag")
    (folder / "pair").mkdir()
    (folder / "b.txt").write_text("p53 binds.")
    (folder / "b.jsonl").write_text(json.dumps({"text": "p53 binds.", "entities": [[0, 3, "G"]]}))
    (folder / "pair" / "b.txt").write_text("p53 binds.")
    (folder / "pair" / "b.ann").write_text("T1\tGene 0 3\tp53\n")
    before = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    path = folder / source
    for out in {path, path.parent, folder / "pair" / ".." / path.relative_to(folder)}:
        done = run("tag", path, "--format", format, "--out", out)
        assert done.exit_code in (0, 1), done.exception
        assert {one: one.read_bytes() for one in before} == before, (source, format, out)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", "[]"), ("a.json", '{"documents": []}'), ("a.csv", "id,text\n"),
     ("a.xml", "<collection></collection>"), ("a.xml", "<PubmedArticleSet/>"),
     ("a.txt", " \n"), ("a.conll", "\n\n")],
)  # fmt: skip
def test_a_file_without_a_text_is_refused_at_every_door(
    home: Path, tagger: None, tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    for words in (
        ("tag", path),
        ("review", "import", path, "--project", "p"),
        ("corpora", "add", path, "--name", "own", "--covers", "Gene"),
    ):
        done = run(*words)
        assert done.exit_code == 1, words
        assert done.stderr.startswith(("error: a.", f"error: {path}")), done.stderr


def test_a_full_device_is_one_sentence(home: Path, tagger: None, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "a.txt").write_text("p53 binds.")
    done = run("tag", tmp_path / "a.txt", "--out", "/dev/full")
    assert done.exit_code == 1
    assert done.stderr == "error: /dev/full: cannot be written: No space left on device\n"
