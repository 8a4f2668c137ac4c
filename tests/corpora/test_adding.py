"""A corpus of one's own: looked at, its types suggested, kept whole or not at all, merged."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bioner.corpora.adding import (
    add_corpus,
    corpus_id,
    preview_corpus,
    remove_corpus,
)
from bioner.corpora.merge import merge
from bioner.corpora.own import OwnCorpus, read_all, read_own_corpus, read_user_schema
from bioner.corpora.registry import SPLITS
from bioner.corpora.splits import split_of, split_sentences
from bioner.errors import CorpusError, FormatError
from bioner.labels import read_schema
from bioner.settings import read_settings
from bioner.spans import Span, corpus_sentence

SCHEMA = read_schema()


def lines(number: int = 40) -> bytes:
    """Return so many one-sentence documents as JSON lines."""
    return "".join(
        json.dumps(
            {
                "id": f"note-{i}",
                "text": f"Patient {i} took aspirin for TGF-β disease.",
                "entities": [
                    {"start": 14 + len(str(i)), "end": 21 + len(str(i)), "label": "Drug"},
                    {"start": 26 + len(str(i)), "end": 31 + len(str(i)), "label": "genes"},
                ],
            }
        )
        + "\n"
        for i in range(number)
    ).encode()


OWN = OwnCorpus("ward", "Ward notes", ("Chemical", "Gene"), {"Drug": "Chemical", "genes": "Gene"})


def test_a_preview_counts_what_an_upload_holds() -> None:
    found = preview_corpus([("notes.jsonl", lines())])
    assert found.documents == len(found.sentences) == 40
    assert found.labels == {"Drug": 40, "genes": 40}
    first = found.sentences[0]
    assert [first.surface(one) for one in first.spans] == ["aspirin", "TGF - beta"]


def test_an_upload_without_labels_or_that_is_no_text_is_one_sentence() -> None:
    with pytest.raises(CorpusError, match="no annotated mention"):
        preview_corpus([("plain.txt", b"We gave aspirin to mice.")])
    with pytest.raises(FormatError):
        preview_corpus([("zeros.conll", b"\0" * 100)])


def test_every_sentence_goes_to_one_split_and_always_the_same() -> None:
    sentences = preview_corpus([("notes.jsonl", lines(200))]).sentences
    once, again = split_sentences(sentences), split_sentences(sentences[::-1])
    assert sum(len(found) for found in once.values()) == 200
    for split in SPLITS:
        assert {one.id for one in once[split]} == {one.id for one in again[split]}
        assert once[split]
    assert split_of("note-1") == split_of("note-1")


def test_an_own_corpus_is_merged_with_the_ten(home: Path) -> None:
    settings = read_settings()
    sentences = preview_corpus([("notes.jsonl", lines())]).sentences
    add_corpus(settings, OWN, sentences, SCHEMA)
    corpora, schema = read_all(settings.sample, settings)
    dataset = merge(corpora, schema)
    assert dataset.report is not None
    assert sum(dataset.report.sentences["ward"].values()) > 0
    assert dataset.report.mapped["ward"]["Drug"]["Chemical"] > 0
    assert read_user_schema(settings).mapping_for("ward").covers == {"Chemical", "Gene"}


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (OwnCorpus("CRAFT", "CRAFT", ("Gene",), OWN.types), "taken"),
        (OwnCorpus("ward", "x", ("Gene",), {"Drug": "Chemical"}), "'genes' has no type"),
        (OwnCorpus("ward", "x", ("Planet",), OWN.types), "unknown type 'Planet'"),
        (OwnCorpus("ward", "x", (), OWN.types), "at least one type"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    home: Path, own: OwnCorpus, said: str
) -> None:
    settings = read_settings()
    with pytest.raises(CorpusError, match=said):
        add_corpus(settings, own, preview_corpus([("n.jsonl", lines())]).sentences, SCHEMA)
    assert not settings.own_corpora.exists()


def test_a_name_is_not_taken_twice_and_a_corpus_can_be_removed(home: Path) -> None:
    settings = read_settings()
    sentences = preview_corpus([("notes.jsonl", lines())]).sentences
    add_corpus(settings, OWN, sentences, SCHEMA)
    with pytest.raises(CorpusError, match="of this name"):
        add_corpus(settings, OWN, sentences, SCHEMA)
    add_corpus(settings, OWN, sentences, SCHEMA, replacing=True)
    remove_corpus(settings, "ward")
    assert list(settings.own_corpora.iterdir()) == []
    with pytest.raises(CorpusError, match="no such corpus"):
        remove_corpus(settings, "../ward")


def test_a_corpus_id_is_made_of_its_title() -> None:
    assert corpus_id("Ward notes, 2024") == "Ward-notes-2024"
    with pytest.raises(CorpusError):
        corpus_id("…")


def labelled(label: str) -> bytes:
    """Return one line of JSON with a mention of this label."""
    mark = {"start": 0, "end": 7, "label": label}
    return json.dumps({"id": "a", "text": "Aspirin helps.", "entities": [mark]}).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Drug\tname", "Drug name"),
        ("Drug\nname", "Drug name"),
        ("Drug\r\nname ", "Drug name"),
        (" Drug\u2028name\x85", "Drug name"),
        ("Drug\x00name\x07", "Drugname"),
        ("\t", "Entity"),
    ],
)
def test_a_label_on_several_lines_becomes_one_line_and_is_counted(
    home: Path, label: str, shown: str
) -> None:
    preview = preview_corpus([("notes.jsonl", labelled(label))])
    assert preview.labels == {shown: 1}
    assert preview.receipt.repaired["label_cleaned"] == 1
    settings = read_settings()
    own = OwnCorpus("ward", "Ward", ("Chemical",), {shown: "Chemical"})
    add_corpus(settings, own, preview.sentences, SCHEMA)
    corpora, schema = read_all(settings.sample, settings)
    report = merge(corpora, schema).report
    assert report is not None
    assert report.mapped["ward"] == {shown: {"Chemical": 1}}


@pytest.mark.slow
@given(st.text(min_size=1, max_size=12).filter(lambda text: text.strip()))
@example("B-x")
@example("O")
@example("a  b")
@example("#")
@example("-")
@example("x\ud800")
@settings(max_examples=150, deadline=None)
def test_any_label_is_kept_so_that_later_builds_read_it(label: str) -> None:
    try:
        preview = preview_corpus([("notes.jsonl", labelled(label))])
    except (CorpusError, FormatError):
        return
    with tempfile.TemporaryDirectory() as home:
        own = OwnCorpus("w", "w", ("Gene",), dict.fromkeys(preview.labels, "Gene"))
        place = replace(read_settings(), home=Path(home))
        folder = add_corpus(place, own, preview.sentences, SCHEMA)
        kept = read_own_corpus(folder)
        assert Counter(x.label for s in kept.splits.values() for one in s for x in one.spans) == (
            preview.labels
        )


def test_a_label_that_cannot_be_kept_is_refused_and_nothing_is_written(home: Path) -> None:
    sentence = corpus_sentence("a", ["Aspirin"], spans=[Span(0, 1, "Drug\tname")])
    own = OwnCorpus("ward", "Ward", ("Chemical",), {"Drug\tname": "Chemical"})
    with pytest.raises(CorpusError, match="a tab or another sign that cannot be kept"):
        add_corpus(read_settings(), own, [sentence], SCHEMA)
    assert not home.exists()


def test_what_would_be_read_back_otherwise_is_refused(home: Path) -> None:
    sentence = corpus_sentence("a", ["Aspirin", "a\nb"], spans=[Span(0, 1, "Drug")])
    own = OwnCorpus("ward", "Ward", ("Chemical",), {"Drug": "Chemical"})
    with pytest.raises(CorpusError, match="cannot be kept as CoNLL"):
        add_corpus(read_settings(), own, [sentence], SCHEMA)
    assert not list(home.rglob("*.tsv"))
