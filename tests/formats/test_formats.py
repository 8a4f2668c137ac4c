"""Formats: what readers take, repair, reject and refuse; what writers hold, and what they name."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from bioner.errors import FormatError
from bioner.formats import (
    WRITABLE,
    Tally,
    detect_format,
    iter_documents,
    read_bytes,
    read_documents,
    to_bytes,
    write_documents,
)
from bioner.formats.conll import read_conll
from bioner.formats.conll_writer import write_sentences
from bioner.spans import Alternative, Document, Mention, Relation, mention

FIXTURES = Path(__file__).parents[1] / "fixtures" / "formats"


def surfaces(document: Document) -> list[tuple[str, str]]:
    return [(document.surface(one), one.label) for one in document.mentions]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# CoNLL


def test_conll_reads_bom_crlf_docstart_tab_only_lines_brackets_and_no_final_newline() -> None:
    found = read_conll(FIXTURES / "defects.conll", document_prefix="d")
    assert [s.tokens for s in found.sentences] == [("p53", "binds"), ("DNA", "(", ".")]
    assert [s.document for s in found.sentences] == ["d0", "d1"]
    assert [(s.start, s.end, s.label) for one in found.sentences for s in one.spans] == [
        (0, 1, "Gene"),
        (0, 1, "Chemical"),
    ]
    assert (found.columns, found.document_starts, found.scheme) == (4, 1, "IOB2")
    assert found.repairs == Counter(inside_without_begin=1, bracket_token=1)
    assert found.examples == (
        "defects.conll:7: bracket_token",
        "defects.conll:6: inside_without_begin",
    )


def test_conll_separated_by_spaces_in_iob1_splits_adjacent_mentions() -> None:
    found = read_conll(FIXTURES / "spaces.iob")
    assert (found.scheme, found.columns, found.repairs) == ("IOB1", 3, Counter())
    assert [[(s.start, s.end) for s in one.spans] for one in found.sentences] == [
        [(0, 1), (1, 2)],
        [(0, 1)],
    ]


def test_conll_in_iobes_counts_each_broken_span_by_its_rule() -> None:
    found = read_conll(FIXTURES / "iobes.tsv")
    assert found.scheme == "IOBES"
    assert found.repairs == Counter(span_not_closed=2, end_without_begin=1, inside_without_begin=1)


def test_conll_that_is_mostly_iob1_is_iob1_and_its_needless_begins_are_counted(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "a.tsv", "a\tI-X\nb\tO\n\nc\tI-X\nd\tO\n\ne\tB-X\nf\tI-X\n")
    found = read_conll(path)
    assert (found.scheme, found.repairs) == ("IOB1", Counter(begin_not_needed=1))


def test_conll_marker_tokens_around_a_sentence_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "a.conll", "<ALL>\tO\np53\tB-Gene\n</ALL>\tO\n\n<\tO\nx\tO\n>\tO\n")
    found = read_conll(path)
    assert [s.tokens for s in found.sentences] == [("p53",), ("<", "x", ">")]
    assert [(s.start, s.end) for s in found.sentences[0].spans] == [(0, 1)]
    assert found.repairs == Counter(marker_token=2)


def test_conll_without_types_takes_the_label_that_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", "a\tB\nb\tI\nc\tO\n")
    assert read_conll(path, untyped_label="Chemical").sentences[0].spans[0].label == "Chemical"
    result = read_documents(path)
    assert (result.report.scheme, result.report.labels) == ("untyped", Counter(Entity=1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tO\nb\tX\tO\n", r"^a\.tsv:2: expected 2 columns, found 3$"),
        ("a\tO\n\nb\n", r"^a\.tsv:3: expected 2 columns, found 1$"),
        ("alone\n", r"^a\.tsv:1: expected 2 or more columns"),
        ("a\tO\n\tO\n", r"^a\.tsv:2: the first column \(the token\) is empty"),
        ("a\tO\nb\tB_Gene\n", r"^a\.tsv:2: expected a tag in the last column .* got 'B_Gene'"),
        ("", r"^a\.tsv: the file is empty"),
        ("\n\t\n", r"^a\.tsv: the file is empty"),
        (b"a\x00b", r"^a\.tsv: a binary file"),
        (b"PK\x03\x04....", r"^a\.tsv: a binary file \(a zip archive or an office document\)"),
        ("é\tO\n".encode("latin-1"), r"^a\.tsv: not UTF-8 at byte 0 \(0xe9\); save the file"),
        ("a\tO\nb\tO\n".encode("utf-16"), r"^a\.tsv: UTF-16 text; expected UTF-8"),
        ("-DOCSTART-\tO\n\n", r"^a\.tsv: no token lines found"),
    ],
)
def test_conll_that_cannot_be_repaired_is_refused_with_file_and_line(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = write(tmp_path, "a.tsv", content)
    with pytest.raises(FormatError, match=message):
        read_conll(path)
    with pytest.raises(FormatError, match=message):
        list(iter_documents(path, "conll"))


def test_conll_streams_the_same_sentences_as_it_reads_whole() -> None:
    for name in ("defects.conll", "spaces.iob", "iobes.tsv"):
        whole = read_conll(FIXTURES / name)
        streamed = read_documents(FIXTURES / name)
        assert [s.tokens for s in streamed.sentences] == [s.tokens for s in whole.sentences]
        assert [s.spans for s in streamed.sentences] == [s.spans for s in whole.sentences]
        assert streamed.report.repairs == whole.repairs
        assert [d.text for d in streamed.documents] == [s.text for s in whole.sentences]


@pytest.mark.parametrize("scheme", ["IOB2", "IOB1", "IOBES"])
def test_sentences_written_in_a_scheme_are_read_back_in_it(tmp_path: Path, scheme: str) -> None:
    sentences = read_conll(FIXTURES / "spaces.iob").sentences
    stream = io.StringIO()
    write_sentences(sentences, stream, scheme=scheme)
    found = read_conll(write(tmp_path, "a.tsv", stream.getvalue()))
    assert [(s.tokens, s.spans) for s in found.sentences] == [
        (s.tokens, s.spans) for s in sentences
    ]
    assert (found.scheme, found.repairs) == (scheme, Counter())


def test_writing_conll_names_and_counts_what_it_cannot_hold(tmp_path: Path) -> None:
    document = read_documents(FIXTURES / "nested.ann").documents[0]
    report = write_documents([document], tmp_path / "out.conll", "conll")
    lost = report.lost
    assert (report.mentions, report.written) == (7, 5)
    assert (lost["nested_dropped"], lost["discontinuous_joined"]) == (2, 1)
    assert lost["relations_dropped"] == 3
    lines = (tmp_path / "out.conll").read_text("utf-8").split("\n")
    assert lines[:3] == ["🧬\tO", "p53\tB-Gene", "(\tO"]
    assert "β\tB-Protein" in lines


# BRAT


def test_brat_reads_nested_discontinuous_relations_and_attributes_behind_an_emoji() -> None:
    result = read_documents(FIXTURES / "nested.ann")
    (document,) = result.documents
    assert surfaces(document) == [
        ("p53", "Gene"),
        ("TP53", "Gene"),
        ("left ventricles", "Organ"),
        ("right ventricles", "Organ"),
        ("β-catenin", "Protein"),
        ("catenin", "Protein"),
        ("c-Myc", "Gene"),
    ]
    assert document.mentions[2].is_discontinuous
    assert document.mentions[0].attributes == (("normalization:Reference", "Entrez:7157\tTP53"),)
    assert document.mentions[2].attributes == (
        ("note:AnnotatorNotes", "shared head, see guideline 4"),
    )
    assert document.mentions[4].attributes == (("Confidence", "high"),)
    assert document.relations == (
        Relation("R1", "Activates", (("Arg1", "T5"), ("Arg2", "T7"))),
        Relation(
            "E1",
            "Negative_regulation",
            (("Negative_regulation", "T4"), ("Theme", "T1"), ("Cause", "T2")),
            (("Negation", ""),),
        ),
        Relation("*", "Equiv", (("", "T1"), ("", "T2"))),
    )
    assert (result.report.read, result.report.placed, result.report.repairs) == (7, 7, Counter())


def test_brat_written_to_a_folder_reads_back_equal_and_as_its_own_lines(tmp_path: Path) -> None:
    document = read_documents(FIXTURES / "nested.ann").documents[0]
    report = write_documents([document], tmp_path / "out", "brat")
    assert not report.lost
    assert read_documents(tmp_path / "out").documents == (document,)
    written = (tmp_path / "out" / "nested.ann").read_text("utf-8")
    numbers = re.compile(r"^([A#N])\d+", re.MULTILINE)
    original = (FIXTURES / "nested.ann").read_text("utf-8")
    assert sorted(numbers.sub(r"\1", written).split("\n")) == sorted(
        numbers.sub(r"\1", original).split("\n")
    )


def test_brat_offsets_that_count_crlf_as_one_character_are_understood(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "one\r\ntwo\r\nthree\r\n")
    write(tmp_path, "a.ann", "T1\tGene 8 13\tthree\n")
    result = read_documents(tmp_path)
    assert surfaces(result.documents[0]) == [("three", "Gene")]
    assert result.report.repairs == Counter(line_ends_joined=1)
    write(tmp_path, "a.ann", "T1\tGene 10 15\tthree\n")
    result = read_documents(tmp_path)
    assert result.documents[0].text == "one\r\ntwo\r\nthree\r\n"
    assert result.report.repairs == Counter()


def test_brat_reads_the_two_annotation_files_of_bionlp(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "p53 is lost")
    write(tmp_path, "a.a1", "T1\tProtein 0 3\tp53\n")
    write(
        tmp_path,
        "a.a2",
        "T2\tNegative_regulation 7 11\tlost\nE1\tNegative_regulation:T2 Theme:T1\n",
    )
    (document,) = read_documents(tmp_path).documents
    assert surfaces(document) == [("p53", "Protein"), ("lost", "Negative_regulation")]
    assert [one.id for one in document.relations] == ["E1"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("T2\tGene 0 x\tp53", "a.ann:2: unreadable_line"),
        ("what is this", "a.ann:2: line of another kind"),
        ("R1\tBind T1 T2", "a.ann:2: line of another kind"),
        ("A1\tNegation", "a.ann:2: line of another kind"),
        ('#1\tBionerAttribute T1\t{"', "a.ann:2: line of another kind"),
    ],
)
def test_a_brat_line_that_is_none_is_counted_and_the_others_are_read(
    tmp_path: Path, line: str, told: str
) -> None:
    write(tmp_path, "a.txt", "p53")
    write(tmp_path, "a.ann", f"T1\tGene 0 3\tp53\n{line}\n")
    result = read_documents(tmp_path)
    assert surfaces(result.documents[0]) == [("p53", "Gene")]
    assert result.report.examples[0].startswith(told)
    assert result.report.receipt().rejected.total() + result.report.unread.total() == 1


def test_brat_annotations_without_their_text_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.ann", "T1\tGene 0 3\tp53\n")
    with pytest.raises(FormatError, match=r"a\.ann: a\.txt, the text it annotates, is missing"):
        read_documents(tmp_path)


def zip_of(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "C:\\evil.txt"]
)
def test_an_archive_member_that_leads_out_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = zip_of(tmp_path / "a.zip", {"ok.txt": "fine", name: "evil"})
    with pytest.raises(FormatError, match=r"^a\.zip: refused: the member .*evil\.txt"):
        read_documents(path)
    tarred = tmp_path / "a.tar.gz"
    with tarfile.open(tarred, "w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(FormatError, match=r"^a\.tar\.gz: refused: the member .*evil\.txt"):
        read_documents(tarred)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "a.zip"]


def test_links_in_archives_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("link.txt")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(FormatError, match=r"'link\.txt' is a link"):
        read_documents(path)


def test_an_archive_that_is_damaged_or_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FormatError, match="damaged archive"):
        read_documents(write(tmp_path, "a.zip", b"PK\x03\x04 no"))
    with pytest.raises(FormatError, match="damaged archive"):
        read_documents(write(tmp_path, "a.tar.gz", gzip.compress(b"x" * 100)))
    monkeypatch.setattr("bioner.formats.members.MAX_ARCHIVE_BYTES", 1000)
    path = zip_of(tmp_path / "b.zip", {"big.txt": "x" * 2000})
    with pytest.raises(FormatError, match=r"^b\.zip: refused: unpacks to more than"):
        read_documents(path)


def test_an_archive_of_other_formats_reads_each_member_by_its_own(tmp_path: Path) -> None:
    path = zip_of(
        tmp_path / "a.zip",
        {"one.txt": "plain", "b/two.conll": "p53\tB-Gene\n", "__MACOSX/._one.txt": "\0"},
    )
    result = read_documents(path)
    assert [d.text for d in result.documents] == ["p53", "plain"]
    assert result.report.placed == 1


# PubTator


def test_pubtator_gives_each_block_its_own_offsets_though_the_id_repeats() -> None:
    result = read_documents(FIXTURES / "repeated-ids.pubtator")
    first, second, third = result.documents
    assert [d.id for d in result.documents] == ["101", "101-2", "102"]
    assert surfaces(first) == [("TNF", "Gene"), ("IL-2", "Gene")]
    assert surfaces(second) == [("IL-2", "Gene"), ("TNF", "Gene")]
    assert second.mentions[1].attributes == (("identifier", "7124"), ("column7", "first"))
    assert second.relations == (
        Relation("R1", "Bind", (("entity1", "3558"), ("entity2", "7124")), (("novel", "Novel"),)),
    )
    assert third.text == "No annotations"
    assert result.report.repairs == Counter(repeated_id=1)
    data, report = to_bytes(result.documents, "pubtator")
    assert data == (FIXTURES / "repeated-ids.pubtator").read_bytes() + b"\n"
    assert not report.lost


@pytest.mark.parametrize(
    ("row", "surface", "rule"),
    [
        ("9\t4\t7\tTNF\tGene", "TNF", "length_corrected"),
        ("9\t1\t4\tTNF\tGene", "TNF", "offset_moved"),
        ("9\t0\t3\ttnf\tGene", "TNF", "surface_differs"),
        ("9\t22\t26\tIL-2\tGene", "IL-2", "offset_in_utf16"),
        ("9\t25\t29\tIL-2\tGene", "IL-2", "offset_in_bytes"),
    ],
)
def test_offset_errors_are_repaired_by_named_rules(
    tmp_path: Path, row: str, surface: str, rule: str
) -> None:
    text = "TNF TNFα gives 😀 for IL-2"
    row = row.replace("4\t7\tTNF", "4\t8\tTNF") if rule == "length_corrected" else row
    path = write(tmp_path, "a.pubtator", f"9|t|{text}\n9|a|\n{row}\n")
    result = read_documents(path)
    assert [text for text, _ in surfaces(result.documents[0])] == [surface]
    assert result.report.repairs == Counter({rule: 1})
    assert result.report.examples[0].startswith(f"a.pubtator:3: {rule}: ")


def test_what_cannot_be_placed_is_rejected_counted_and_shown_with_its_line(tmp_path: Path) -> None:
    rows = "9\t0\t3\tabsent\tGene\n9\t90\t93\tnone\tGene\n9\t2\t2\t\tGene\n8\t0\t3\tTNF\tGene\n"
    path = write(tmp_path, "a.pubtator", f"9|t|TNF\n9|a|\n{rows}9\t0\t3\tTNF\tGene\n")
    report = read_documents(path).report
    assert (report.read, report.placed, report.rejected) == (5, 1, 4)
    assert report.rejections == Counter(
        surface_not_found=1, outside_text=1, empty_range=1, other_document=1
    )
    assert report.examples[0] == "a.pubtator:3: surface_not_found: 'absent' at 0-3"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("9|t|x\n9\t0\n", r"^a\.pubtator: nothing of what is marked in it was understood"),
        ("9|t|x\n9\t0\t1\tx\n", r"^a\.pubtator: nothing of what is marked in it was"),
        ("title\n", r"^a\.pubtator:1: expected id\|t\|title"),
    ],
)
def test_a_pubtator_line_that_is_none_is_refused_with_file_and_line(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        read_documents(write(tmp_path, "a.pubtator", content))


# BioC


def test_bioc_json_mends_offsets_in_utf16_and_rejects_by_reason() -> None:
    result = read_documents(FIXTURES / "utf16-offsets.bioc.json")
    (document,) = result.documents
    assert document.text == "A title\n😀 TNF and 😀 IL-2"
    assert surfaces(document) == [("TNF", "Gene"), ("IL-2", "Gene")]
    assert document.mentions[0].attributes == (("identifier", "7124"),)
    assert document.attributes[0] == ("journal", "J")
    assert document.relations == (
        Relation("R1", "Bind", (("agent", "a"), ("target", "b")), (("score", "0.9"),)),
    )
    report = result.report
    assert report.repairs == Counter(offset_moved=2)
    assert report.rejections == Counter(surface_not_found=1, no_location=1)


@pytest.mark.parametrize("format", ["bioc-xml", "bioc-json"])
def test_bioc_keeps_passages_their_offsets_and_infons(format: str) -> None:
    documents = read_documents(FIXTURES / "utf16-offsets.bioc.json").documents
    data, report = to_bytes(documents, format)
    assert not report.lost
    assert read_bytes(data, "a.json" if format == "bioc-json" else "a.xml").documents == documents


def test_bioc_xml_with_offsets_from_a_full_text_places_mentions(tmp_path: Path) -> None:
    xml = (
        "<collection><source/><date/><key/><document><id>1</id>"
        "<passage><offset>5000</offset><sentence><offset>5000</offset><text>p53 binds.</text>"
        '<annotation id="1"><infon key="type">Gene</infon><location offset="5000" length="3"/>'
        "<text>p53</text></annotation></sentence>"
        "<sentence><offset>5011</offset><text>TNF too.</text></sentence></passage>"
        "<passage><offset>6000</offset><text>IL-2 binds p53.</text>"
        '<annotation id="2"><infon key="type">Gene</infon><location offset="11" length="3"/>'
        "<text>p53</text></annotation></passage></document></collection>"
    )
    result = read_documents(write(tmp_path, "a.xml", xml))
    (document,) = result.documents
    assert document.text == "p53 binds. TNF too.\nIL-2 binds p53."
    assert [one.fragments for one in document.mentions] == [((0, 3),), ((31, 34),)]
    assert document.sentence_ranges == ((0, 10), (11, 19))
    assert result.report.repairs == Counter(offset_in_passage=1)
    data, _ = to_bytes(result.documents, "bioc-xml")
    assert b'<location offset="5000" length="3"/>' in data
    assert b'<location offset="6011" length="3"/>' in data


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xml", "<collection><document>", r"^a\.xml:1: not readable as XML"),
        ("a.xml", "<html/>", r"^a\.xml:1: expected <collection> or <document>, found <html>"),
        (
            "a.xml",
            "<collection><document><id>1</id><passage><offset>x</offset></passage></document>"
            "</collection>",
            r"^a\.xml:1: not a BioC document",
        ),
        ("a.json", '{"documents": [{"passages": [\n}]}', r"^a\.json:2: expected JSON"),
        ("a.json", '{"documents": [3]}', r'^a\.json:1: expected an object with "text"'),
        ("a.json", '{"documents": [{"passages": 3}]}', r"^a\.json:1: not a BioC document"),
    ],
)
def test_bioc_that_is_none_is_refused_with_its_place(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        read_documents(write(tmp_path, name, content))


def test_xml_entities_are_neither_fetched_nor_multiplied(tmp_path: Path) -> None:
    secret = write(tmp_path, "secret.txt", "TOP SECRET")
    bomb = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    for declared, used in (
        (f'<!ENTITY x SYSTEM "{secret.as_uri()}">', "&x;"),
        (f'<!ENTITY a0 "ha">{bomb}', "&a9;"),
    ):
        xml = (
            f"<!DOCTYPE collection [{declared}]><collection><document><id>1</id><passage>"
            f"<offset>0</offset><text>see {used}</text></passage></document></collection>"
        )
        try:
            text = read_documents(write(tmp_path, "a.xml", xml)).documents[0].text
        except FormatError:
            continue
        assert "SECRET" not in text
        assert len(text) < 1000


# JSONL, spaCy, plain text, tables


def test_jsonl_has_exactly_the_shape_that_tag_prints() -> None:
    document = Document("7", "p53 binds 😀 TNF", (mention(0, 3, "Gene", score=0.5),))
    data, _ = to_bytes([document], "jsonl")
    assert json.loads(data) == {
        "id": "7",
        "text": "p53 binds 😀 TNF",
        "entities": [{"start": 0, "end": 3, "text": "p53", "label": "Gene", "score": 0.5}],
    }


def test_jsonl_carries_everything_else_only_where_there_is_something_to_say() -> None:
    rich = Mention(
        ((0, 1), (2, 3)),
        "Gene",
        "GGP",
        "predicted",
        0.25,
        (Alternative("Protein", 0.2),),
        (("identifier", "7157"), ("identifier", "7158")),
        "T1",
    )
    document = Document(
        "1", "p53", (rich,), ((0, 3),), attributes=(("covers", "Gene,Protein"), ("k", "v"))
    )
    data, report = to_bytes([document], "jsonl")
    row = json.loads(data)
    assert row["covers"] == ["Gene", "Protein"]
    assert row["entities"][0]["fragments"] == [[0, 1], [2, 3]]
    assert row["entities"][0]["status"] == "predicted"
    assert not report.lost
    assert read_bytes(data, "a.jsonl").documents == (document,)


def test_jsonl_reads_the_shapes_of_doccano() -> None:
    first, second = read_documents(FIXTURES / "doccano.jsonl").documents
    assert surfaces(first) == [("p53", "Gene")]
    assert surfaces(second) == [("TNF", "Gene")]
    assert (first.id, second.id) == ("1", "doccano-2")
    assert second.relations == (Relation("9", "self", (("from", "5"), ("to", "5"))),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "x"}\n{"text": \n', r"^a\.jsonl:2: expected JSON"),
        ('{"title": "x"}\n', r"^a\.jsonl:1: expected an object with \"text\", found the keys"),
        ('{"text": "x", "entities": [{"start": "0", "end": 1}]}', r"^a\.jsonl:1: entity: expected"),
        ('{"text": "x", "entities": 3}', r"^a\.jsonl:1: \"entities\": expected a list"),
        ('{"text": "x", "entities": [[0, 1]]}', r"^a\.jsonl:1: expected an entity object"),
        ('{"a": ' + "[" * 100_000, r"^a\.jsonl:1: (JSON nested too deeply|expected JSON)"),
    ],
)
def test_jsonl_that_cannot_be_read_is_refused_with_file_and_line(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        read_documents(write(tmp_path, "a.jsonl", content))


def test_lone_surrogates_become_replacement_characters_and_are_counted(tmp_path: Path) -> None:
    row = r'{"text": "a\ud800b", "entities": [{"start": 2, "end": 3, "label": "Gene"}]}'
    result = read_documents(write(tmp_path, "a.jsonl", row))
    assert surfaces(result.documents[0]) == [("b", "Gene")]
    assert result.documents[0].text == "a\ufffdb"
    assert result.report.repairs == Counter(lone_surrogate=1)


def test_spacy_training_pairs_are_read_and_flat_and_overlapping_layers_written() -> None:
    result = read_documents(FIXTURES / "training.spacy.json")
    assert result.report.format == "spacy"
    assert surfaces(result.documents[0]) == [("p53", "Gene"), ("DNA", "Chemical")]
    nested = read_documents(FIXTURES / "nested.ann").documents
    data, report = to_bytes(nested, "spacy")
    row = json.loads(data)
    assert [e["label"] for e in row["ents"]] == ["Gene", "Gene", "Organ", "Protein", "Gene"]
    assert [e["label"] for e in row["spans"]["sc"]] == ["Organ", "Protein"]
    assert report.lost["discontinuous_joined"] == 1
    assert report.lost["relations_dropped"] == 3
    edges = {t["start"] for t in row["tokens"]} | {t["end"] for t in row["tokens"]}
    assert all({e["start"], e["end"]} <= edges for e in row["ents"])


def test_csv_takes_the_text_column_its_ids_and_quoted_line_breaks() -> None:
    result = read_documents(FIXTURES / "notes.csv")
    assert [(d.id, d.text) for d in result.documents] == [
        ("7", 'TNF, and "IL-2"'),
        ("8", "two\nlines"),
    ]
    assert result.report.repairs == Counter(empty_row=1)
    by_name = read_documents(FIXTURES / "notes.csv", column="note")
    assert [d.text for d in by_name.documents] == ["x", "y", "z"]
    with pytest.raises(
        FormatError, match=r"no column 'body'; expected one of 'id', 'note', 'text'"
    ):
        read_documents(FIXTURES / "notes.csv", column="body")


def test_tsv_tables_and_semicolons_are_understood(tmp_path: Path) -> None:
    table = write(tmp_path, "a.tsv", "pmid\ttext\n1\tp53 binds\n")
    assert [(d.id, d.text) for d in read_documents(table).documents] == [("1", "p53 binds")]
    named = write(tmp_path, "b.tsv", "pmid\tnotes\n1\tp53\n")
    assert [d.text for d in read_documents(named, column="notes").documents] == ["p53"]
    semicolons = write(tmp_path, "c.csv", "id;text\n1;a, b\n")
    assert [d.text for d in read_documents(semicolons).documents] == ["a, b"]
    with pytest.raises(FormatError, match=r"^d\.csv:3: expected 2 columns, found 3"):
        read_documents(write(tmp_path, "d.csv", "id,text\n1,a\n2,b,c\n"))
    with pytest.raises(FormatError, match=r"^e\.csv:1: not readable as CSV"):
        read_documents(write(tmp_path, "e.csv", "\rtext"))


def test_plain_text_is_one_document_untouched_and_standard_input_too(tmp_path: Path) -> None:
    text = "Line one.\r\n\r\nβ-catenin 😀\n"
    result = read_documents(write(tmp_path, "note.txt", text))
    assert [(d.id, d.text) for d in result.documents] == [("note", text)]
    (piped,) = iter_documents(io.BytesIO(text.encode()))
    assert (piped.id, piped.text) == ("stdin", text)


def test_a_large_text_file_is_streamed_by_paragraph_with_its_offsets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bioner.formats.plain.MAX_DOCUMENT_BYTES", 20)
    text = "😀 first one\nof two lines\n\n\nsecond\r\n\r\nthird, without end"
    result = read_documents(write(tmp_path, "big.txt", text))
    assert [d.text for d in result.documents] == [
        "😀 first one\nof two lines",
        "second",
        "third, without end",
    ]
    for one in result.documents:
        at = int(dict(one.attributes)["offset"])
        assert text[at : at + len(one.text)] == one.text
    assert result.report.repairs == Counter(split_at_blank_lines=1)


# Files, names, sizes


@pytest.mark.parametrize(
    ("name", "head", "format"),
    [
        ("a.tsv", "p53\tB-Gene\n", "conll"),
        ("a.txt", "-DOCSTART- NN O O\n\nThis NN O O\n", "conll"),
        ("a.txt", "One sentence of prose.\nAnd another O\n", "txt"),
        ("a.txt", "12|t|Title\n12|a|Abstract\n", "pubtator"),
        ("a.PubTator", "", "pubtator"),
        ("a.xml", "<?xml version='1.0'?><collection>", "bioc-xml"),
        ("a", "<collection><source/></collection>", "bioc-xml"),
        ("a.json", '{"source": "", "documents": []}', "bioc-json"),
        ("a.json", '{"PubTator3": [{"id": 1}]}', "bioc-json"),
        ("a.json", '[["p53", {"entities": [[0, 3, "Gene"]]}]]', "spacy"),
        ("a.jsonl", '["p53", {"entities": [[0, 3, "Gene"]]}]\n', "spacy"),
        ("a.jsonl", '{"text": "p53", "ents": []}\n', "spacy"),
        ("a.jsonl", '{"id": 1, "text": "p53"}\n', "jsonl"),
        ("a.csv", "text\n", "csv"),
        ("a.tsv", "id\ttext\n1\tp53 binds\n", "csv"),
        ("a.tar.gz", "", "brat"),
        ("a.ann", "", "brat"),
    ],
)
def test_formats_are_told_apart_by_name_and_content(name: str, head: str, format: str) -> None:
    assert detect_format(name, head.encode()) == format


def test_a_name_that_says_nothing_asks_for_the_format(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="the format is not clear from the name"):
        detect_format("a.xyz", b"some words")
    with pytest.raises(FormatError, match=r"^a\.pdf: the format of PDF; .* \(pdftotext"):
        read_documents(write(tmp_path, "a.pdf", b"%PDF"))
    with pytest.raises(FormatError, match=r"^a\.xlsx: the format of Excel; .* CSV"):
        read_documents(write(tmp_path, "a.xlsx", b"PK"))
    with pytest.raises(FormatError, match="unknown format 'xls'"):
        read_documents(write(tmp_path, "a.txt", "x"), "xls")


@pytest.mark.parametrize("format", WRITABLE)
def test_a_file_that_cannot_be_written_to_its_end_is_not_there(tmp_path: Path, format: str) -> None:
    def failing() -> object:
        yield Document("1", "p53 binds.", (mention(0, 3, "Gene"),))
        raise FormatError("in.jsonl:2: expected JSON")

    kept = write(tmp_path, "out.zip", "before")
    with pytest.raises(FormatError, match=r"in\.jsonl:2"):
        write_documents(failing(), kept, format)
    assert kept.read_text() == "before"
    with pytest.raises(FormatError, match=r"in\.jsonl:2"):
        write_documents(failing(), tmp_path / "folder", format)
    assert [p.name for p in tmp_path.iterdir()] == ["out.zip"]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.xml", "a.json", "a.pubtator"])
def test_empty_binary_and_wrongly_encoded_files_get_one_sentence_each(
    tmp_path: Path, name: str
) -> None:
    for content, message in (
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary file|not readable as XML|not UTF-8"),
        (b'{"text": "caf\xe9"}\n', "not UTF-8 at byte 13|not readable as XML"),
    ):
        with pytest.raises(FormatError, match=message) as caught:
            read_documents(write(tmp_path, name, content))
        assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read: No such file or directory"):
        read_documents(tmp_path / "absent.jsonl")


def test_a_file_too_large_to_read_at_once_is_refused_but_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "a.jsonl", '{"text": "p53"}\n' * 10)
    monkeypatch.setattr("bioner.formats.source.MAX_WHOLE_BYTES", 100)
    with pytest.raises(FormatError, match=r"^a\.jsonl: 0 MB is more than .*`bioner tag`"):
        read_documents(path)
    assert len(list(iter_documents(path))) == 10


def test_gzipped_files_are_read_by_the_name_inside(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl.gz", gzip.compress(b'{"text": "p53"}\n'))
    assert read_documents(path).documents[0].text == "p53"
    with pytest.raises(FormatError, match=r"b\.txt\.gz: no gzip data, though it is called so"):
        read_documents(write(tmp_path, "b.txt.gz", b"no gzip"))
    cut = gzip.compress(b'{"text": "p53"}\n' * 1000)[:-9]
    with pytest.raises(FormatError, match="damaged gzip data"):
        read_documents(write(tmp_path, "c.jsonl.gz", cut))


@pytest.mark.parametrize("format", ["jsonl", "pubtator", "conll", "csv", "txt", "bioc-xml"])
def test_streaming_needs_constant_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setattr("bioner.formats.plain.MAX_DOCUMENT_BYTES", 50_000)
    text = "p53 binds DNA in the nucleus of cells. " * 20
    rows = {
        "jsonl": json.dumps({"text": text}) + "\n",
        "pubtator": f"9|t|{text}\n9|a|x\n9\t0\t3\tp53\tGene\n\n",
        "conll": "p53\tB-Gene\nbinds\tO\n\n" * 4,
        "csv": f"{text}\n",
        "txt": f"{text}\n\n",
        "bioc-xml": "<document><id>1</id><passage><offset>0</offset><text>"
        f"{text}</text></passage></document>",
    }
    head, tail = {"csv": ("text\n", ""), "bioc-xml": ("<collection>", "</collection>")}.get(
        format, ("", "")
    )
    monkeypatch.setattr("bioner.formats.conll.SCHEME_SENTENCES", 100)
    write(tmp_path, "a", "x\tO\n")
    list(iter_documents(tmp_path / "a", "conll"))
    peaks: list[int] = []
    for copies in (100, 500):
        path = write(tmp_path, "big", head + rows[format] * copies + tail)
        tracemalloc.start()
        assert sum(1 for _ in iter_documents(path, format, tally=Tally())) >= copies
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 150 * 400
