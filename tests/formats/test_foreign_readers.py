"""Other people's readers read what we write, and see the same mentions."""

from __future__ import annotations

import io

import pytest

from bioner.formats import to_bytes
from bioner.spans import Document, Mention, Relation

biocxml = pytest.importorskip("bioc.biocxml", reason="the bioc library is not installed")
biocjson = pytest.importorskip("bioc.biocjson", reason="the bioc library is not installed")

DOCUMENT = Document(
    "7",
    "TNF-α & <IL-1β>\rraise \x01 p53.",
    (
        Mention(((0, 5),), "Gene", attributes=(("identifier", "7124"),), id="T1"),
        Mention(((9, 14), (25, 28)), "Gene", id="T2"),
    ),
    relations=(Relation("R1", "binds", (("a", "T1"), ("b", "T2"))),),
    attributes=(("journal", "J"), ("journal", "K")),
)


@pytest.mark.parametrize("format", ["bioc-xml", "bioc-json"])
def test_the_bioc_library_reads_our_files(format: str) -> None:
    data, report = to_bytes([DOCUMENT], format)
    found = (
        biocxml.load(io.BytesIO(data))
        if format == "bioc-xml"
        else biocjson.load(io.StringIO(data.decode("utf-8")))
    )
    (document,) = found.documents
    text = DOCUMENT.text.replace("\x01", "\ufffd") if format == "bioc-xml" else DOCUMENT.text
    assert document.passages[0].text == text
    seen = [
        (one.id, one.infons["type"], [(at.offset, at.end) for at in one.locations])
        for one in document.passages[0].annotations
    ]
    assert seen == [("T1", "Gene", [(0, 5)]), ("T2", "Gene", [(9, 14), (25, 28)])]
    assert [node.refid for node in document.relations[0].nodes] == ["T1", "T2"]
    assert report.lost["forbidden_characters_replaced"] == (format == "bioc-xml")
