"""Properties: what a format can hold comes back equal, and nothing makes a reader crash."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections import Counter
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioner.errors import FormatError
from bioner.formats import (
    READERS,
    SUFFIXES,
    WRITABLE,
    ReadOptions,
    Tally,
    read_bytes,
    to_bytes,
)
from bioner.spans import Alternative, Document, Mention, Relation
from bioner.text import sentences_and_report

pytestmark = pytest.mark.slow

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = [
    *("p53", "TNF-α", " ", "  ", "\n", "\r\n", "\t", "😀", "👩‍🔬", "e\u0301", "\u200b", "ﬁ", ". "),
    *("(", "|", "β", "A", "1", "\u2028", "\u00a0", "<b>&amp;", "'\"", "漢"),
]
texts = st.lists(
    st.sampled_from(PIECES) | st.characters(exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=12,
).map("".join)
names = st.sampled_from(["Gene", "Protein", "Cellular_component", "Simple-chemical"])
keys = st.sampled_from(
    [
        "identifier",
        "Negation",
        "modification:Speculation",
        "modification:two words",
        "two words",
        "note:AnnotatorNotes",
        "normalization:Reference",
        "column7",
    ]
)
values = st.sampled_from(["", "D003409", "x y", "a\tb", "line\nbreak", "Taxonomy:9606\thuman", "β"])
pairs = st.lists(st.tuples(keys, values), max_size=3).map(tuple)
probabilities = st.floats(0, 1)


@st.composite
def mentions(draw: st.DrawFn, length: int) -> Mention:
    """Make a mention of one to three fragments anywhere in a text."""
    count = draw(st.integers(1, 3)) if length >= 6 else 1
    edges = sorted(
        draw(st.lists(st.integers(0, length), min_size=2 * count, max_size=2 * count, unique=True))
    )
    return Mention(
        tuple(zip(edges[::2], edges[1::2], strict=True)),
        draw(names),
        draw(st.sampled_from(["", "GGP"])),
        draw(st.sampled_from(["gold", "predicted", "reviewed"])),
        draw(st.none() | probabilities),
        tuple(draw(st.lists(st.builds(Alternative, names, probabilities), max_size=2))),
        draw(pairs),
    )


def no_blank_limit(text: str, one: Mention) -> bool:
    """Tell whether a mention begins and ends with a character, as a reader leaves it."""
    return not text[one.start].isspace() and not text[one.end - 1].isspace()


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Make a document with nested, overlapping and discontinuous mentions and relations."""
    text = draw(texts)
    drawn = draw(st.lists(mentions(len(text)), max_size=4)) if text else []
    found = [one for one in drawn if no_blank_limit(text, one)]
    relations: list[Relation] = []
    if len(found) > 1:
        found = [
            Mention(
                m.fragments,
                m.label,
                m.source_label,
                m.status,
                m.score,
                m.alternatives,
                m.attributes,
                f"T{i}",
            )
            for i, m in enumerate(found, 1)
        ]
        relations.append(Relation("R1", "Binds", (("Arg1", "T1"), ("Arg2", "T2")), draw(pairs)))
        relations.append(Relation("x", "odd type", (("a", "T1"),), draw(pairs)))
    return Document(
        draw(st.sampled_from(["a", "b/c d", "é"])),
        text,
        tuple(found),
        relations=tuple(relations),
        attributes=draw(st.sampled_from([(), (("k", "v w"),)])),
    )


def read_back(document: Document, format: str) -> tuple[Document, Counter[str]]:
    data, report = to_bytes([document], format)
    result = read_bytes(data, f"a{SUFFIXES[format]}", format)
    warned = Counter({"limit_inside_word": result.report.repairs["limit_inside_word"]})
    assert result.report.repairs - warned == Counter()
    assert result.report.rejections == Counter()
    return result.documents[0], report.lost


def without_ids(document: Document) -> list[Mention]:
    return [
        Mention(
            m.fragments, m.label, m.source_label, m.status, m.score, m.alternatives, m.attributes
        )
        for m in document.mentions
    ]


@quick
@given(documents())
def test_jsonl_holds_everything(document: Document) -> None:
    found, lost = read_back(document, "jsonl")
    assert found == document
    assert not lost


@quick
@pytest.mark.parametrize("format", ["brat", "bioc-xml", "bioc-json"])
@given(document=documents())
def test_nested_and_discontinuous_mentions_survive_brat_and_bioc(
    format: str, document: Document
) -> None:
    found, lost = read_back(document, format)
    assert found.text == document.text
    assert found.id == document.id
    assert without_ids(found) == without_ids(document)
    assert found.relations == document.relations
    assert found.attributes == document.attributes
    assert not lost


@quick
@given(documents())
def test_pubtator_keeps_every_extent_and_counts_what_it_joined(document: Document) -> None:
    found, lost = read_back(document, "pubtator")
    assert [(m.start, m.end, m.label) for m in found.mentions] == [
        (m.start, m.end, m.label) for m in document.mentions
    ]
    assert len(found.text) == len(document.text)
    changed = sum(a != b for a, b in zip(found.text, document.text, strict=True))
    assert changed == lost["line_breaks_replaced"]
    assert lost["discontinuous_joined"] == sum(m.is_discontinuous for m in document.mentions)
    assert lost["score_dropped"] == sum(m.score is not None for m in document.mentions)


@quick
@given(documents())
def test_spacy_keeps_every_extent_but_for_whitespace_at_its_edges(document: Document) -> None:
    found, lost = read_back(document, "spacy")
    text = document.text
    expected = {(m.start, text[m.start : m.end], m.label) for m in document.mentions}
    assert found.text == text
    assert {(m.start, found.surface(m), m.label) for m in found.mentions} == expected
    assert len(found.mentions) + lost["same_extent_dropped"] == len(document.mentions)


@quick
@given(documents())
def test_spacy_tokens_hold_all_text_and_meet_every_boundary(document: Document) -> None:
    row = json.loads(to_bytes([document], "spacy")[0])
    position = 0
    for token in row["tokens"]:
        assert document.text[position : token["start"]] in ("", " ")
        assert token["start"] < token["end"]
        position = token["end"]
    assert document.text[position:] in ("", " ")
    entities = row["ents"] + row.get("spans", {}).get("sc", [])
    assert {e["start"] for e in entities} <= {t["start"] for t in row["tokens"]}
    assert {e["end"] for e in entities} <= {t["end"] for t in row["tokens"]}


@quick
@given(documents())
def test_conll_keeps_the_flat_mentions_and_counts_the_others(document: Document) -> None:
    expected, report = sentences_and_report(document)
    data, written = to_bytes([document], "conll")
    assert written.written == report.kept
    assert written.lost["nested_dropped"] == report.nested_dropped
    lost = written.lost["nested_dropped"] + written.lost["outside_tokens_dropped"]
    assert written.written + lost == len(document.mentions)
    if not data:
        return
    found = read_bytes(data, "a.conll", "conll").sentences
    assert [len(s.tokens) for s in found] == [len(s.tokens) for s in expected]
    assert [[(p.start, p.end, p.label) for p in s.spans] for s in found] == [
        [(p.start, p.end, p.label) for p in s.spans] for s in expected
    ]
    for mine, theirs in zip(found, expected, strict=True):
        raw = tuple(unescape(document.text[start:end]) for start, end in theirs.offsets)
        assert mine.tokens == raw


@quick
@pytest.mark.parametrize("format", sorted(READERS))
@given(
    data=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))
)
def test_no_bytes_crash_a_reader(format: str, data: bytes) -> None:
    with contextlib.suppress(FormatError):
        list(READERS[format](io.BytesIO(data), "a.x", Tally(), ReadOptions()))


@quick
@pytest.mark.parametrize("format", sorted(WRITABLE))
@given(document=documents(), seed=st.integers(0, 1000))
def test_a_damaged_file_is_read_repaired_or_refused_but_never_crashes(
    format: str, document: Document, seed: int
) -> None:
    data = bytearray(to_bytes([document], format)[0])
    chance = random.Random(seed)
    for _ in range(3):
        if data:
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(4)] = chance.choice(
                [b"", b"\t", b"\n", b"9", b"x", b'"']
            )
    with contextlib.suppress(FormatError):
        for one in read_bytes(bytes(data), f"a{SUFFIXES[format]}", format).documents:
            assert all(one.surface(m) for m in one.mentions)
