"""The kinds of trouble that files of other tools bring, each on generated siblings.

Marks that vanish, offsets of other units, relations of marks that are gone, odd lines, tables.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from generated_documents import document
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.errors import FormatError
from bioner.formats import ReadOptions, iter_documents, read_bytes, read_documents, to_bytes
from bioner.formats.registry import read_group
from bioner.spans import Document, Mention, Relation

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 10**6)

PLACES: tuple[Any, ...] = (
    lambda s, e, t: {"start": s, "end": e, "label": t},
    lambda s, e, t: {"start_offset": s, "end_offset": e, "label": t},
    lambda s, e, t: {"begin": s, "end": e, "type": t},
    lambda s, e, t: {"start": s, "end": e, "labels": [t]},
    lambda s, e, t: {"start": s, "end": e, "entity_group": t, "score": 0.5, "word": "x"},
    lambda s, e, t: {"span": {"begin": s, "end": e}, "obj": t},
    lambda s, e, t: {"offsets": [[s, e]], "type": t},
    lambda s, e, t: [s, e, t],
)
KEYS = ("entities", "ents", "label", "labels", "annotations", "spans", "mentions")


# 1, 7: marks in JSON


@quick
@given(seeds, st.sampled_from(PLACES), st.sampled_from(KEYS), st.integers(0, 3), st.booleans())
def test_marks_are_read_wherever_the_first_line_with_marks_is(seed, place, key, before, is_list):
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = [{"text": "Nothing here.", "meta": {"documents": 1}}] * before
    rows.append({"text": "p53 binds MDM2.", key: [place(0, 3, "Gene"), place(10, 14, "Gene")]})
    rows.insert(chance.randint(0, len(rows)), {"text": "Words. " * 12_000})
    text = json.dumps(rows) if is_list else "\n".join(map(json.dumps, rows))
    result = read_bytes(text.encode(), "a.json" if is_list else "a.jsonl")
    assert len(result.documents) == before + 2
    assert (result.report.read, result.report.placed) == (2, 2)
    assert dict(result.report.labels) == {"Gene": 2}


@quick
@given(
    st.sampled_from(PLACES), st.sampled_from(["findings", "predicted", "my_marks"]), st.booleans()
)
def test_a_key_that_could_hold_marks_and_was_not_read_is_named(place, key, is_nested):
    marks: Any = [place(0, 3, "Gene")]
    unread = {"text": "p53 binds.", key: {"of": {"me": marks}} if is_nested else marks}
    known = {"text": "MDM2 binds.", "entities": [place(0, 4, "Gene")]}
    both = "\n".join(map(json.dumps, (unread, known))).encode()
    report = read_bytes(both, "a.jsonl").report
    assert report.unread == {f'key "{key}"': 1}
    assert any(one.startswith(f'a.jsonl:1: key "{key}"') for one in report.examples)
    with pytest.raises(FormatError, match=f'key "{key}" \\(1\\)'):
        read_bytes(json.dumps(unread).encode(), "a.jsonl")


def test_texts_alone_are_read_whatever_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "p53.", "odd": [{"start": 0, "end": 3}]}\n{"text": "x", "answer": "reject"}'
    )
    texts = iter_documents(path, options=ReadOptions(needs_marks=False))
    assert [one.text for one in texts] == ["p53.", "x"]


# 3: relations


@quick
@given(seeds, st.data())
def test_no_relation_ever_joins_other_mentions_than_it_did(seed, data):
    one = document(seed)
    one = replace(one, mentions=tuple(
        replace(m, id=f"T{i}") for i, m in enumerate(one.mentions, 1)
    ))  # fmt: skip
    ids = [m.id for m in one.mentions]
    pairs = [(a, b) for a in ids for b in ids if a != b]
    relations = tuple(
        Relation(f"R{i}", "Binds", (("Arg1", a), ("Arg2", b))) for i, (a, b) in enumerate(pairs, 1)
    )
    one = replace(one, relations=relations)
    kept = data.draw(st.lists(st.sampled_from(ids), unique=True) if ids else st.just([]))
    new = tuple(Mention(m.fragments, "New") for m in one.mentions if m.id not in kept)
    edited = replace(one, mentions=(*new, *(m for m in one.mentions if m.id in kept)))
    places = {m.id: m.fragments for m in one.mentions}
    for format in ("brat", "bioc-xml", "jsonl", "pubannotation"):
        made, report = to_bytes([edited], format)
        ending = {"brat": "a.zip", "bioc-xml": "a.xml"}.get(format, "a.jsonl")
        (found,) = read_bytes(made, ending, format).documents
        now = {m.id: m.fragments for m in found.mentions}
        expected = [r for r in relations if {t for _, t in r.arguments} <= set(kept)]
        assert [(r.id, [t for _, t in r.arguments]) for r in found.relations] == [
            (r.id, [t for _, t in r.arguments]) for r in expected
        ]
        for relation in found.relations:
            assert all(now[t] == places[t] for _, t in relation.arguments)
        lost = report.lost["relations_of_absent_mentions_dropped"]
        assert lost == len(relations) - len(expected)


def test_brat_gives_no_id_that_was_in_use(tmp_path: Path) -> None:
    one = Document(
        "a",
        "p53 binds MDM2.",
        (Mention(((0, 3),), "Gene", id="T2"), Mention(((10, 14),), "Gene")),
        relations=(Relation("R1", "Binds", (("Arg1", "T2"), ("Arg2", "T9"))),),
    )
    (found,) = read_bytes(to_bytes([one], "brat")[0], "a.zip").documents
    assert [m.id for m in found.mentions] == ["T2", "T10"]


@quick
@given(
    st.lists(
        st.tuples(
            st.sampled_from("AM"),
            st.sampled_from(["Negation", "Speculation", "Confidence"]),
            st.sampled_from(["T1", "T2", "E1"]),
            st.sampled_from(["", " high", " L3"]),
        ),
        max_size=6,
    )
)
def test_a_modification_of_brat_goes_out_as_one_and_an_attribute_as_one(rows):
    numbers: Counter[str] = Counter()
    said = []
    for letter, key, target, value in sorted(rows, key=lambda row: (row[2][0] == "E", row[2])):
        numbers[letter] += 1
        said.append(f"{letter}{numbers[letter]}\t{key} {target}{value}")
    mentions = ["T1\tGene 0 3\tp53", "T2\tBinding 4 9\tbinds"]
    lines = [*mentions, "E1\tBinding:T2 Theme:T1", *said]
    read = read_group([("a.txt", b"p53 binds MDM2."), ("a.ann", "\n".join(lines).encode())])
    assert not read.report.unread
    made, report = to_bytes(read.documents, "brat")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        written = archive.read("a.ann").decode().splitlines()
    assert sorted(written) == sorted(lines)
    assert not report.lost


def test_a_brat_zip_carries_the_types_that_its_editor_must_know() -> None:
    lines = "T1\tGene 0 3\tp53\nT2\tCell 10 14\tMDM2\nR1\tBinds Arg1:T1 Arg2:T2\n"
    lines += "A1\tSure T1 high\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "p53 binds MDM2.")
        archive.writestr("a.ann", lines)
    result = read_bytes(stream.getvalue(), "a.zip")
    data, _ = to_bytes(result.documents, "brat")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = archive.read("annotation.conf").decode()
    assert told == (
        "[entities]\nGene\nCell\n\n[relations]\nBinds\tArg1:<ANY>, Arg2:<ANY>\n\n[events]\n\n"
        "[attributes]\nSure\tArg:<ANY>, Value:high\n"
    )
    again = read_bytes(data, "a.zip")
    assert again.documents == result.documents
    assert not again.report.unread


# 6: offsets


def units(text: str, unit: str) -> list[int]:
    width = {"utf16": lambda c: 1 + (ord(c) > 0xFFFF), "bytes": lambda c: len(c.encode())}[unit]
    at = [0]
    for char in text:
        at.append(at[-1] + width(char))
    return at


@quick
@given(seeds, st.sampled_from(["utf16", "bytes"]), st.booleans())
def test_offsets_are_shifted_only_where_every_surface_agrees(seed, unit, is_one_wrong):
    one = document(seed)
    at = units(one.text, unit)
    rows = [
        {"start": at[m.start], "end": at[m.end], "label": m.label,
         "text": one.text[m.start : m.end]}
        for m in one.mentions if not m.is_discontinuous
    ]  # fmt: skip
    if is_one_wrong:
        rows.append({"start": 0, "end": 1, "label": "Gene", "text": "not anywhere here"})
    result = read_bytes(json.dumps({"text": one.text, "entities": rows}).encode(), "a.json")
    shifted = result.report.repairs["offset_in_utf16"] + result.report.repairs["offset_in_bytes"]
    if is_one_wrong:
        assert not shifted
    else:
        expected = [m.fragments for m in one.mentions if not m.is_discontinuous]
        assert [m.fragments for m in result.documents[0].mentions] == expected
    for mention in result.documents[0].mentions:
        assert mention.start < mention.end


@quick
@given(seeds)
def test_without_surfaces_nothing_is_moved_and_cut_words_are_warned_of(seed):
    chance = random.Random(seed)
    text = "TNF-α binds receptors of cells in 😀 patients"
    start = chance.randrange(len(text) - 1)
    end = chance.randint(start + 1, len(text))
    row = {"text": text, "entities": [[start, end, "Gene"]]}
    result = read_bytes(json.dumps(row).encode(), "a.jsonl")
    found = [m.fragments[0] for m in result.documents[0].mentions]
    core = text[start:end].strip()
    if not core:
        assert not found
        return
    low = start + len(text[start:end]) - len(text[start:end].lstrip())
    assert found == [(low, low + len(core))]

    def inside(at: int) -> bool:
        return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()

    cut = inside(start) or inside(end)
    assert result.report.repairs["limit_inside_word"] == cut


@quick
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.booleans())
def test_offsets_by_passage_are_placed_in_their_own_passage(lengths, is_relative):
    passages, offset = [], 0
    for length in lengths:
        text = "word " * length + "p53 binds p53."
        at = text.index("p53") + (0 if is_relative else offset)
        passages.append({"offset": offset, "text": text, "annotations": [
            {"id": str(offset), "infons": {"type": "Gene"}, "text": "p53",
             "locations": [{"offset": at, "length": 3}]}]})  # fmt: skip
        offset += len(text) + 1
    value = {"documents": [{"id": "1", "passages": passages}]}
    (found,) = read_bytes(json.dumps(value).encode(), "a.json").documents
    expected = [p["offset"] + 5 * n for p, n in zip(passages, lengths, strict=True)]
    assert [m.start for m in found.mentions] == expected


# 2, 14: XML and bounds


@pytest.mark.parametrize("tag", ["i", "sup", "sub", "b", "xref"])
@pytest.mark.parametrize(
    "inner", ["<{0}>TP53</{0}>", "<!-- c --><{0}>TP</{0}>53", "<![CDATA[TP53]]>"]
)
def test_the_whole_text_of_bioc_is_read_with_what_stands_inside(tag: str, inner: str) -> None:
    xml = (
        "<collection><document><id>1</id><passage><offset>0</offset><text>The "
        f"{inner.format(tag)} gene &alpha; &#946; &lt;b&gt;</text></passage></document>"
        "</collection>"
    )
    (found,) = read_bytes(xml.encode(), "a.xml").documents
    assert found.text == "The TP53 gene α β <b>"


@pytest.mark.parametrize("offset", [10**9, 10**18, -(10**18)])
def test_an_offset_beyond_sense_makes_no_large_text(offset: int) -> None:
    value = {"documents": [{"id": "1", "passages": [{"offset": 0, "sentences": [
        {"offset": 0, "text": "a"}, {"offset": offset, "text": "b"}]}]}]}  # fmt: skip
    data = json.dumps(value).encode()
    if offset > 0:
        with pytest.raises(FormatError, match="characters after the one before"):
            read_bytes(data, "a.json")
    else:
        assert read_bytes(data, "a.json").documents[0].text == "ab"


def test_a_gz_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("bioner.formats.registry.MAX_UNPACKED_BYTES", 10_000)
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"p53 " * 50_000))
    with pytest.raises(FormatError, match=r"a\.txt\.gz: refused: unpacks to more than"):
        read_documents(path)


# 8, 9: odd lines, tables, folders


@quick
@given(
    seeds, st.sampled_from(["# a comment", "% note", "E9\tBind", "N1\tX T1", "?", "A1", "Q\tx y"])
)
def test_an_odd_line_of_brat_costs_nothing_but_itself(seed, line):
    chance = random.Random(seed)
    lines = ["T1\tGene 0 3\tp53", "T2\tGene 10 14\tMDM2", "R1\tBinds Arg1:T1 Arg2:T2"]
    lines.insert(chance.randint(0, 3), line)
    files = {"a.txt": "p53 binds MDM2.", "a.ann": "\n".join(lines)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    result = read_bytes(stream.getvalue(), "a.zip")
    assert len(result.documents[0].mentions) == 2
    assert [one.id for one in result.documents[0].relations if one.id == "R1"]


def test_a_quotation_mark_that_is_never_closed_is_refused_by_its_line() -> None:
    table = 'id,text\n1,p53 binds.\n2,"MDM2 binds\n3,BRCA1\n' + "4,x\n" * 100
    with pytest.raises(FormatError, match=r"^a\.csv:3: .* a quotation mark opens here"):
        read_bytes(table.encode(), "a.csv")


def test_labels_in_a_table_are_read_or_named_as_not_read() -> None:
    row = json.dumps([{"start": 0, "end": 3, "labels": ["Gene"]}]).replace('"', '""')
    result = read_bytes(f'id,text,label\n1,p53 binds.,"{row}"\n2,x,benign\n'.encode(), "a.csv")
    assert result.report.placed == 1
    assert result.report.unread == {'column "label"': 1}


def test_articles_of_pubmed_and_pmc_are_read_with_ids_and_sections() -> None:
    pubmed = (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>12</PMID><Article><ArticleTitle>"
        "The <i>TP53</i> gene.</ArticleTitle><Abstract><AbstractText Label='AIM'>p53 &amp; "
        "MDM2.</AbstractText><AbstractText Label='METHODS'>We  read\n it.</AbstractText></Abstract>"
        "</Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    (found,) = read_bytes(pubmed.encode(), "a.xml").documents
    assert (found.id, found.text) == ("12", "The TP53 gene.\np53 & MDM2.\nWe read it.")
    assert '"AIM"' in dict(found.attributes)["passages"]
    pmc = (
        "<article><front><article-meta><article-id pub-id-type='pmc'>PMC7</article-id>"
        "<title-group><article-title>Title</article-title></title-group><abstract><p>Abs.</p>"
        "</abstract></article-meta></front><body><sec><title>Results</title><p>H<sub>2</sub>O "
        "<xref>1</xref>.</p><table-wrap><caption><p>Cap</p></caption><table><tr><td>9</td></tr>"
        "</table></table-wrap></sec></body><back><ref-list><ref>no</ref></ref-list></back></article>"
    )
    (found,) = read_bytes(pmc.encode(), "a.nxml").documents
    assert (found.id, found.text) == ("PMC7", "Title\nAbs.\nResults\nH2O 1.\nCap")


def test_a_table_of_mentions_holds_no_formula() -> None:
    one = Document("=cmd", "=1+1 p53", (Mention(((0, 4),), "+Gene"), Mention(((5, 8),), "Gene")))
    data, report = to_bytes([one], "csv")
    assert data.decode().splitlines() == [
        "id,start,end,surface,type,concept,score,sentence",
        "'=cmd,0,4,'=1+1,'+Gene,,,'=1+1 p53",
        "'=cmd,5,8,p53,Gene,,,'=1+1 p53",
    ]
    assert report.lost["formula_made_text"] == 6
