"""A document of which only a part is reviewed says so, or does not go out as if it were whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import a_document, a_project, a_store, edit_of
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.formats import SUFFIXES, WRITABLE, read_bytes, to_bytes
from bioner.formats.attributes import covers_at
from bioner.formats.writing import LOOKS_COMPLETE
from bioner.review.outgoing import outgoing
from bioner.settings import read_settings
from bioner.spans import Document
from bioner.store import Store, open_store


@pytest.fixture
def partly(tmp_path: Path) -> list[Document]:
    """Two documents of two sentences: of the first one sentence is reviewed, of the other both."""
    return reviewed(a_store(tmp_path, documents=2))


def reviewed(store: Store) -> list[Document]:
    first, _ = store.items_of("p", "d0")
    for item in (first, *store.items_of("p", "d1")):
        opened = store.open_item(item)
        store.save(edit_of(opened, *opened.mentions))
    return store.export_documents("p", only_reviewed=True, with_covers=True)


@pytest.mark.parametrize("format", WRITABLE)
def test_no_format_makes_a_sentence_that_nobody_read_look_read(
    partly: list[Document], format: str
) -> None:
    unread = partly[0].text[34:]
    going = outgoing(partly, format)
    assert (going.partly, going.left_out) == ((0, 1) if format in LOOKS_COMPLETE else (1, 0))
    assert len(list(going.lines())) == 1
    data, _ = to_bytes(going.documents, format)
    if format == "csv":
        assert unread.encode() not in data
        return
    for one in read_bytes(data, f"out{SUFFIXES[format]}").documents:
        at = one.text.find(unread)
        in_sentences = any(low <= at < high for low, high in one.sentence_ranges)
        if at >= 0 and format not in ("webanno", "conllu"):
            assert covers_at(one, at) == ""
        elif at >= 0:
            assert not in_sentences


def test_a_document_read_whole_goes_out_without_a_word(partly: list[Document]) -> None:
    going = outgoing(partly[1:], "pubtator")
    assert (len(going.documents), list(going.lines())) == (1, [])


def test_a_person_may_want_them_all_the_same_and_is_told(partly: list[Document]) -> None:
    going = outgoing(partly, "spacy", partly="keep")
    assert len(going.documents) == 2
    assert "look complete" in next(going.lines())


def test_gold_that_came_in_counts_as_read_and_what_waits_does_not(tmp_path: Path) -> None:
    store = a_store(tmp_path, documents=1)
    gold = replace(a_document(7), id="gold")
    store.import_documents("p", [gold], as_layer="gold")
    waiting, read = store.export_documents("p", with_covers=True)
    assert [covers_at(waiting, 0), covers_at(read, 0)] == ["", "Disease,Gene"]


def test_the_command_leaves_them_out_says_so_and_writes_them_on_request(
    home: Path, tmp_path: Path
) -> None:
    store = open_store(read_settings())
    store.create_project(a_project())
    store.import_documents("p", [a_document(0), a_document(1)], model="m")
    reviewed(store)
    words = ["review", "export", "--project", "p", "--reviewed", "--format", "pubtator", "--out"]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "a.txt")])
    assert "documents reviewed only in part: 1; sentences in them that nobody" in done.stderr
    assert "1 documents, 2 mentions" in done.stdout
    done = CliRunner().invoke(app, [*words, str(tmp_path / "b.txt"), "--partly", "keep"])
    assert "2 documents, 3 mentions" in done.stdout


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.lists(st.booleans(), min_size=1, max_size=4), min_size=1, max_size=3),
    st.sampled_from(["leave", "keep"]),
)
def test_whatever_part_is_reviewed_each_format_says_which_or_leaves_the_text_out(read, partly):
    with TemporaryDirectory() as folder:
        store = a_store(Path(folder), documents=0)
        store.import_documents("p", [a_document(n, len(row)) for n, row in enumerate(read)])
        for n, row in enumerate(read):
            for item, is_read in zip(store.items_of("p", f"d{n}"), row, strict=True):
                opened = store.open_item(item)
                if is_read:
                    store.save(edit_of(opened, *opened.mentions))
        documents = store.export_documents("p", only_reviewed=True, with_covers=True)
        store.close()
    some = [f"d{n}" for n, row in enumerate(read) if any(row) and not all(row)]
    for format in WRITABLE:
        going = outgoing(documents, format, partly=partly)
        left = some if format in LOOKS_COMPLETE and partly == "leave" else []
        assert going.left_out == len(left)
        assert going.sentences == sum(row.count(False) for row in read if any(row))
        assert bool(list(going.lines())) == bool(some)
        data = to_bytes(going.documents, format)[0] if going.documents else b""
        for n, row in enumerate(read):
            for i, is_read in enumerate(row):
                words = f"BRCA1 variant {n}.{i} causes cancer."
                is_out = is_read and f"d{n}" not in left
                check_sentence(format, data, words, is_out=is_out, is_read=is_read, partly=partly)


def check_sentence(
    format: str, data: bytes, words: str, *, is_out: bool, is_read: bool, partly: str
) -> None:
    """A sentence that was read goes out; one that was not is not there, or said to be unread."""
    if format == "csv":
        assert (words.encode() in data) == is_out
        return
    name = f"out{SUFFIXES[format]}"
    found = read_bytes(data, name).documents if data else ()
    squeezed = words.replace(" ", "")
    holding = [one for one in found if squeezed in one.text.replace(" ", "")]
    if is_out:
        assert holding
    for one in holding:
        at = one.text.find(words)
        if is_read or at < 0 or format in LOOKS_COMPLETE:
            continue
        if format in ("webanno", "conllu"):
            assert not any(low <= at < high for low, high in one.sentence_ranges)
        else:
            assert covers_at(one, at) == ""
