"""What was looked for in a single sentence leaves the store with it, in each format or counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from store_support import a_store, edit_of

from bioner.formats import SUFFIXES, WRITABLE, read_bytes, to_bytes
from bioner.formats.attributes import covers_at
from bioner.spans import Document
from bioner.store import Store

HOLDS_NO_COVERS = {"pubtator", "spacy", "webanno", "conllu", "csv"}
"""The formats that have no place for it. They say so: ``covers_dropped``, a sentence each."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One document of two sentences; the second one's reviewer looked for other types."""
    made = a_store(tmp_path, documents=1)
    first, second = (made.open_item(one) for one in made.items_of("p", "d0"))
    made.save(edit_of(first, *first.mentions))
    edit = edit_of(second, *second.mentions)
    made.save(replace(edit, covers=frozenset({"Chemical", "Gene"})))
    return made


def test_a_sentence_whose_reviewer_looked_for_other_types_says_so(store: Store) -> None:
    [document] = store.export_documents("p", with_covers=True)
    assert [covers_at(document, start) for start, _ in document.sentence_ranges] == [
        "Disease,Gene",
        "Chemical,Gene",
    ]
    [plain] = store.export_documents("p")
    assert not plain.attributes


@pytest.mark.parametrize("name", WRITABLE)
def test_every_format_keeps_what_a_sentence_covers_or_counts_the_loss(
    store: Store, name: str
) -> None:
    documents = store.export_documents("p", with_covers=True, only_reviewed=True)
    data, report = to_bytes(documents, name)
    if name in HOLDS_NO_COVERS:
        assert report.lost["covers_dropped"] == 2
        return
    assert "covers_dropped" not in report.lost
    back = read_bytes(data, f"out{SUFFIXES[name]}")
    if back.sentences:
        found = [",".join(sorted(one.covers)) for one in back.sentences]
    elif len(back.documents) == 2:
        found = [covers_at(one, 0) or "" for one in back.documents]
    else:
        [document] = back.documents
        found = [covers_at(document, start) or "" for start, _ in documents[0].sentence_ranges]
    assert found == ["Disease,Gene", "Chemical,Gene"]


def test_jsonl_says_it_for_the_document_and_for_the_sentence(store: Store) -> None:
    data, _ = to_bytes(store.export_documents("p", with_covers=True), "jsonl")
    row = json.loads(data)
    assert row["covers"] == ["Disease", "Gene"]
    [(key, value)] = row["attributes"]
    assert (key, json.loads(value)) == ("sentence_covers", [[33, 65, ["Chemical", "Gene"]]])


def test_conll_with_covers_comes_back_into_the_queue_with_them(store: Store) -> None:
    data, _ = to_bytes(store.export_documents("p", with_covers=True), "conll")
    assert data.decode().startswith("# covers = Disease,Gene\nBRCA1\tB-Gene\n")
    store.import_documents("p", read_bytes(data, "back.conll").sentences, as_layer="gold")
    rows = [row for row in store.queue("p") if row.document.startswith("back-")]
    covers = [store.open_item(row.item).covers for row in rows]
    assert covers == [frozenset({"Disease", "Gene"}), frozenset({"Chemical", "Gene"})]


def test_covers_that_nobody_can_read_are_not_guessed() -> None:
    broken = Document("d", "p53", attributes=(("sentence_covers", "["), ("covers", "Gene")))
    assert covers_at(broken, 0) == "Gene"
    assert covers_at(Document("d", "p53"), 0) is None
