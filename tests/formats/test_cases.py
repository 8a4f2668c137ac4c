"""Files that other tools wrote, and the right value of each: marks whole, in place, or named."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bioner.errors import FormatError
from bioner.formats import ReadResult, read_documents, read_files, to_bytes

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here"),
]


def read(name: str) -> ReadResult:
    return read_documents(CASES / name)


def places(result: ReadResult) -> list[tuple[tuple[int, int], ...]]:
    return [one.fragments for document in result.documents for one in document.mentions]


def surfaces(result: ReadResult) -> list[str]:
    return [document.surface(one) for document in result.documents for one in document.mentions]


READ = {
    "F01-partial-loss-corpora-add.jsonl": [((0, 3),), ((0, 4),), ((0, 5),)],
    "F01-prodigy-first-line-without-spans.jsonl": [((0, 3),)],
    "F01-pubannotation-denotations.json": [((0, 5),), ((20, 25),)],
    "F01-spacy38-first-doc-without-ents.jsonl": [((0, 3),), ((10, 14),), ((18, 37),), ((18, 31),)],
    "F02-bioc-markup.xml": [((4, 8),)],
    "F02-bioc-named-entity.xml": [((0, 5),), ((13, 16),)],
    "F02-bioc-internal-dtd-entity.xml": [((0, 5),), ((13, 16),)],
    "F03-three-in-file-one-counted.PubTator": [((0, 5),), ((10, 20),), ((26, 31),)],
    "F06-byte-offsets-trailing-space.xml": [((0, 9),), ((16, 19),)],
    "F06-fragments-out-of-order": [((4, 11), (27, 35)), ((16, 35),)],
    "F06-normalised-surface-rejected.xml": [((0, 5),), ((10, 15),), ((22, 31),)],
    "F06-passage-relative-lands-in-title.xml": [((9, 12),), ((14, 18),), ((23, 26),)],
    "F06-space-inside-offsets.PubTator": [((7, 10),), ((7, 10),)],
    "F07-labelstudio-json-min.json": [((0, 3),), ((18, 22),)],
    "F07-trailing-space-in-tag.conll": [((0, 11),), ((18, 22),)],
    "F08-prodigy-reject-ignore.jsonl": [((0, 3),)],
    "F09-tmvar-three-columns.PubTator": [((6, 13),), ((18, 23),), ((0, 3),)],
    "F12-labelstudio-export.tsv": [((2, 5),)],
    "F14-id-with-space.PubTator": [((0, 3),)],
    "F14-meta-key-documents.jsonl": [((0, 3),)],
    "F14-conllu.conllu": [((0, 3),)],
    "F14-webanno-tsv3.tsv": [((0, 3),), ((10, 14),), ((10, 14),)],
    "F14-nan-score.jsonl": [((0, 3),)],
    "F14-nbsp-first-line.conll": [((9, 16),)],
}


@pytest.mark.parametrize("name", READ)
def test_every_mark_is_read_at_its_place(name: str) -> None:
    assert places(read(name)) == READ[name]


def test_a_whole_text_is_read_with_what_its_tags_and_entities_stand_for() -> None:
    assert read("F02-bioc-markup.xml").documents[0].text == "The TP53 gene and H2O."
    for name in ("F02-bioc-named-entity.xml", "F02-bioc-internal-dtd-entity.xml"):
        assert read(name).documents[0].text == "TGF-β lowers p53."


def test_what_is_repaired_rejected_or_not_used_is_on_the_receipt() -> None:
    receipt = read("F03-reader-report").report.receipt()
    assert (receipt.mentions_in, receipt.mentions_placed) == (3, 2)
    assert [one for one in receipt.examples if one.startswith("d.ann:2: empty_range")]
    assert read("F06-space-inside-offsets.PubTator").report.repairs["spaces_trimmed"] == 2
    left = read("F08-prodigy-reject-ignore.jsonl").report.receipt()
    assert left.rejected == Counter(answer_reject=1, answer_ignore=1)
    assert read("F09-tmvar-three-columns.PubTator").report.unread.total() == 1
    assert read("F14-nan-score.jsonl").report.repairs == Counter(number_not_finite=1)


def test_odd_lines_of_brat_are_read_for_what_they_say() -> None:
    (document,) = read("F09-b07-bb-normalisation").documents
    assert document.mentions[0].attributes == (("normalization:NCBI_Taxonomy", "662"),)
    (document,) = read("F09-b10-event-without-trigger").documents
    (relation,) = document.relations
    assert (relation.type, relation.arguments) == (
        "Regulates_Expression",
        (("Agent", "T1"), ("Target", "T2")),
    )
    (document,) = read("F09-b11-note-without-target").documents
    assert document.attributes == (("note:AnnotatorNotes", "the whole text is doubtful"),)
    for name in ("F09-b07-bb-normalisation", "F09-b10-event-without-trigger"):
        found = read(name)
        data, lost = to_bytes(found.documents, "brat")
        assert not lost.lost
        assert data


def test_tokens_and_tables_that_look_like_something_else_are_read() -> None:
    assert read("F07-first-token-hash.conll").sentences[0].tokens == ("#", "1", "p53")
    assert read("F14-nbsp-first-line.conll").sentences[0].tokens == ("10\u00a0mg", "of", "Aspirin")
    assert [one.text for one in read("F12-headerless.csv").documents] == [
        "p53 binds MDM2.",
        "BRCA1 is a gene.",
        "Nothing.",
    ]
    assert surfaces(read("F12-labelstudio-export.tsv")) == ["p53"]


def test_every_file_of_a_mixed_folder_is_read() -> None:
    result = read("F15-mixed-folder")
    assert len(result.documents) == 4
    assert result.report.placed == 5
    assert not result.report.unread


def test_an_ann_and_its_txt_given_as_two_files_make_one_document() -> None:
    folder = CASES / "F15-mixed-folder"
    files = [(name, (folder / name).read_bytes()) for name in ("d.ann", "d.txt")]
    ((name, result),) = read_files(files)
    assert (name, surfaces(result)) == ("d.ann", ["p53", "MDM2"])


def test_a_half_understood_export_is_refused_by_the_name_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "p53 binds.", "findings": [{"start": 0, "end": 3, "x": "Gene"}]}\n')
    with pytest.raises(FormatError, match='key "findings"'):
        read_documents(path)
