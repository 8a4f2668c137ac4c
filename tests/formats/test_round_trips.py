"""Round trips: what a format can hold comes back; what it cannot is counted by the writer."""

from __future__ import annotations

from collections import Counter

import pytest
from generated_documents import document

from bioner.formats import READABLE, SUFFIXES, WRITABLE, ReadResult, read_bytes, to_bytes
from bioner.spans import Document, Mention

FORMATS = sorted(set(WRITABLE) & set(READABLE) - {"csv"})
FLAT = ("conll", "conllu", "hf")
TOKENS_ALONE = ("conll", "hf")
"""Formats that hold tokens, and not what stood between them."""
WHOLE = ("jsonl", "brat", "bioc-xml", "bioc-json", "pubannotation")
"""Formats that hold fragments, scores and attributes."""


def read_back(format: str, one: Document) -> tuple[ReadResult, Counter[str]]:
    data, report = to_bytes([one], format)
    assert report.written + sum(
        count
        for rule, count in report.lost.items()
        if rule in ("nested_dropped", "outside_tokens_dropped", "same_extent_dropped",
                    "whitespace_mention_dropped")
    ) == len(one.mentions)  # fmt: skip
    result = read_bytes(data, f"{one.id}{SUFFIXES[format]}", format)
    receipt = result.report.receipt()
    assert receipt.mentions_in == receipt.mentions_placed == report.written
    return result, report.lost


def check(format: str, seed: int) -> None:
    one = document(seed)
    result, lost = read_back(format, one)
    if format in TOKENS_ALONE:
        return
    assert len(result.documents) == 1 or (not result.documents and not one.text.strip())
    found = result.documents[0]
    if format == "pubtator":
        assert len(found.text) == len(one.text)
    elif format != "webanno":
        assert found.text == one.text
    if format == "webanno":
        assert found.text.split() == one.text.split()
    if format in FLAT:
        return
    expected = [(m.start, m.end, m.label) for m in one.mentions]
    placed = [(m.start, m.end, m.label) for m in found.mentions]
    if format == "spacy":
        assert set(placed) == set(expected)
    else:
        assert sorted(placed) == sorted(expected)
    if format in WHOLE:
        assert not lost.keys() - {"attributes_dropped", "sentences_dropped", "roles_dropped"}
        assert bare(found) == bare(one)
        assert [r.type for r in found.relations] == [r.type for r in one.relations]


def bare(one: Document) -> list[tuple[object, ...]]:
    return [
        (m.fragments, m.label, m.status, m.score, m.alternatives, m.attributes)
        for m in sorted(one.mentions, key=lambda m: (m.fragments, m.label, m.id))
        if isinstance(m, Mention)
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_a_hundred_documents_come_back(format: str) -> None:
    for seed in range(100):
        check(format, seed)


@pytest.mark.long
@pytest.mark.parametrize("format", FORMATS)
def test_a_thousand_documents_come_back(format: str) -> None:
    for seed in range(100, 1100):
        check(format, seed)
