"""What a person uploads: articles of PubMed and PMC, and an .ann with its .txt, on every page."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from store_support import a_project
from streamlit.testing.v1 import AppTest

from bioner.settings import PROJECT_ROOT, read_settings
from bioner.store import open_store
from bioner.ui.predict.uploads import read_upload

PUBMED = (
    b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>12</PMID><Article><ArticleTitle>The "
    b"<i>TP53</i> gene.</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
    b"</PubmedArticleSet>"
)
PMC = (
    b"<article><front><article-meta><title-group><article-title>The TP53 gene.</article-title>"
    b"</title-group></article-meta></front><body><p>p53.</p></body></article>"
)
PAIR = [("x.ann", b"T1\tGene 0 3\tp53\n"), ("x.txt", b"p53 binds.")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("a.xml", PUBMED), ("b.nxml", PMC)], "2 texts; 0 of 0 annotations"),
        (PAIR, "1 text; 1 of 1 annotation"),
    ],
)
def test_review_takes_articles_and_pairs(
    home: object, files: Sequence[tuple[str, bytes]], words: str
) -> None:
    open_store(read_settings()).create_project(a_project())
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    app.query_params["project"], app.query_params["part"] = "p", "Texts"
    app.run()
    app.file_uploader(key="review_files").set_value([(*one, "") for one in files]).run()
    assert not app.exception
    assert not app.error
    assert any(one.value.startswith(words) for one in app.caption)


def test_predict_reads_texts_whatever_their_marks_and_says_what_was_not_used() -> None:
    assert read_upload("a.xml", [("a.xml", PUBMED)]).documents[0].text == "The TP53 gene."
    assert [one.text for one in read_upload("x.ann", PAIR).documents] == ["p53 binds."]
    odd = json.dumps({"text": "p53 binds.", "found": [{"start": 0, "end": 3}]}).encode()
    upload = read_upload("a.json", [("a.json", odd)])
    assert [one.text for one in upload.documents] == ["p53 binds."]
    assert upload.notes == ('a.json: not used: key "found" 1',)
