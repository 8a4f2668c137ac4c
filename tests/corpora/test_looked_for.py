"""What nobody read is no evidence of absence, also when our own export comes in again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import a_store

from bioner.corpora.adding import preview_corpus
from bioner.corpora.mapping import apply_mapping
from bioner.errors import CorpusError
from bioner.formats import SUFFIXES, WRITABLE, read_bytes, to_bytes
from bioner.formats.attributes import with_covers
from bioner.formats.writing import LOOKS_COMPLETE
from bioner.labels import CorpusMapping, SourceRule
from bioner.review.intake import Origin, take_in
from bioner.review.texts import Texts
from bioner.spans import Document, Mention
from bioner.store.my_test import nothing

SAYS_SO = sorted({*WRITABLE} - LOOKS_COMPLETE - {"csv", "webanno", "conllu"})
"""The formats that say of which sentences a document was read; the others leave them out."""
COVERS = ("Disease", "Gene")


@st.composite
def partly_read(draw: st.DrawFn) -> tuple[Document, list[frozenset[str]]]:
    """Make a document of sentences, and what was looked for in each."""
    looked = draw(st.lists(st.sampled_from([(), COVERS, ("Gene",)]), min_size=1, max_size=5))
    text, ranges, mentions = "", [], []
    for number, types in enumerate(looked):
        start = len(text)
        text += f"BRCA{number} causes cancer. "
        ranges.append((start, len(text) - 1))
        if types and draw(st.booleans()):
            mentions.append(Mention(((start, start + 5),), "Gene"))
    mentions.append(Mention(((len(text), len(text) + 3),), "Gene"))
    ranges.append((len(text), len(text) + 10))
    text += "p53 is it."
    looked.append(COVERS)
    document = Document("a", text, tuple(mentions), tuple(ranges))
    told = list(zip(ranges, looked, strict=True))
    return with_covers(document, COVERS, told), [frozenset(one) for one in looked]


def words(number: int, sentences: int) -> str:
    return "p53 is it ." if number == sentences - 1 else f"BRCA{number} causes cancer ."


@settings(max_examples=60, deadline=None)
@given(partly_read(), st.sampled_from(SAYS_SO))
def test_a_corpus_learns_no_absence_from_what_nobody_read(given_document, format):
    document, looked = given_document
    data, _ = to_bytes([document], format)
    found = preview_corpus([(f"a{SUFFIXES[format]}", data)])
    mapping = CorpusMapping("own", {"Gene": SourceRule("Gene", "")}, frozenset(COVERS), {}, {})
    learned = {" ".join(one.tokens): apply_mapping(one, mapping).covers for one in found.sentences}
    assert learned == {
        words(number, len(looked)): types for number, types in enumerate(looked) if types
    }
    assert found.receipt.unread["sentence that nobody read"] == looked.count(frozenset())


@settings(max_examples=30, deadline=None)
@given(partly_read(), st.sampled_from(SAYS_SO))
def test_a_file_of_which_nobody_read_anything_is_no_corpus(given_document, format):
    document, _ = given_document
    nobody = with_covers(document, COVERS, [(one, ()) for one in document.sentence_ranges])
    with pytest.raises(CorpusError, match="no annotated mention was found"):
        preview_corpus([(f"a{SUFFIXES[format]}", to_bytes([nobody], format)[0])])


@pytest.mark.parametrize("format", ["jsonl", "brat", "conll", "bioc-xml"])
@pytest.mark.parametrize("is_there", [False, True])
def test_gold_says_nothing_of_sentences_that_nobody_read(
    tmp_path: Path, format: str, is_there: bool
) -> None:
    text = "BRCA1 is one. BRCA2 is one. BRCA3 is one."
    ranges = ((0, 13), (14, 27), (28, 41))
    given = Document("a", text, (Mention(((0, 5),), "Gene"),), ranges)
    given = with_covers(given, COVERS, [(ranges[1], ()), (ranges[2], ("Gene",))])
    read = read_bytes(to_bytes([given], format)[0], f"a{SUFFIXES[format]}")
    texts = Texts(
        documents=() if read.sentences else read.documents,
        sentences=read.sentences,
        read=read.report,
        labels={"Gene": "Gene"},
    )
    store = a_store(tmp_path, documents=0)
    origin = Origin(source="a", schema="s", trained=nothing)
    if is_there:
        bare = Texts(
            documents=[replace(one, mentions=()) for one in texts.documents],
            sentences=[replace(one, spans=(), covers=frozenset()) for one in texts.sentences],
        )
        take_in(store, "p", bare, origin)
    take_in(store, "p", texts, replace(origin, layer="gold", covers=frozenset(COVERS)))
    items = [
        store.open_item(item)
        for one in store.export_documents("p")
        for item in store.items_of("p", one.id)
    ]
    assert [one.gold is not None for one in items] == [True, False, True]
    assert [one.covers for one in items] == [{*COVERS}, {*COVERS}, {"Gene"}]
    store.close()
