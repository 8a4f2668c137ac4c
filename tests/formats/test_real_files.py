"""The real files in ../shared: each reads, and what is wrong with it is counted to the last one."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from bioner.corpora.adding import preview_corpus, read_uploads
from bioner.formats import ReadResult, read_bytes, read_documents, to_bytes
from bioner.formats.conll import read_conll

SHARED = Path(__file__).resolve().parents[3] / "shared"
FORMATS = SHARED / "formats"
pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not FORMATS.is_dir(), reason="../shared/formats is not here"),
]

BIORED = Counter(
    GeneOrGeneProduct=1087,
    DiseaseOrPhenotypicFeature=982,
    ChemicalEntity=822,
    OrganismTaxon=370,
    SequenceVariant=250,
    CellLine=22,
)


@cache
def read(name: str) -> ReadResult:
    return read_documents(FORMATS / name)


def test_every_shared_file_is_known_here() -> None:
    assert {one.name for one in FORMATS.iterdir()} == {*DOCUMENTS, *CONLL}


DOCUMENTS = {
    "BioRED.Dev.BioC.JSON": ("bioc-json", 100, 3533, 1162, Counter()),
    "BioRED.Dev.BioC.XML": ("bioc-xml", 100, 3533, 1162, Counter()),
    "crlf.BioRED.Dev.PubTator": ("pubtator", 100, 3533, 1162, Counter()),
    "brat.NCBI_disease.tar.gz": ("brat", 792, 6881, 0, Counter(surface_differs=1)),
    "offset-errors.GNormPlus_Train.PubTator": (
        "pubtator",
        432,
        5793,
        0,
        Counter(offset_in_bytes=33, length_corrected=1, surface_differs=1),
    ),
    "overlaps.NLMgene_Train.PubTator": (
        "pubtator",
        450,
        13797,
        0,
        Counter(offset_moved=10, surface_differs=1),
    ),
}
CONLL = {
    "broken-iobes.JNLPBA.devel.tsv": (
        ("IOBES", 1932, 47461, 4770, 2, 0),
        Counter(span_not_closed=219, end_without_begin=117, inside_without_begin=102),
    ),
    "four-columns-spaces-lrb.sciie.dev.txt": (
        ("IOB1", 275, 6521, 808, 4, 50),
        Counter(bracket_token=90),
    ),
    "iob1-four-columns-docstart.BC5CDR.dev.txt": (
        ("IOB1", 3949, 94437, 9455, 4, 500),
        Counter(begin_not_needed=2301),
    ),
    "marker-tokens.AnEM_train.conll": (
        ("IOB2", 2815, 71697, 1879, 2, 0),
        Counter(marker_token=5630),
    ),
    "untyped-bio.BC5CDR-chem.devel.tsv": (("untyped", 4581, 117453, 5347, 2, 0), Counter()),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_read_with_every_annotation_placed(name: str) -> None:
    format, documents, mentions, relations, repairs = DOCUMENTS[name]
    result = read(name)
    report = result.report
    assert (report.format, report.documents) == (format, documents)
    assert (report.read, report.placed, report.rejected) == (mentions, mentions, 0)
    assert report.repairs == repairs
    assert sum(len(d.relations) for d in result.documents) == relations
    assert sum(len(d.mentions) for d in result.documents) == mentions


@pytest.mark.parametrize("name", CONLL)
def test_conll_files_read_with_every_repair_counted(name: str) -> None:
    (scheme, sentences, tokens, spans, columns, starts), repairs = CONLL[name]
    found = read_conll(FORMATS / name)
    assert (found.scheme, found.columns, found.document_starts) == (scheme, columns, starts)
    assert len(found.sentences) == sentences
    assert sum(len(s.tokens) for s in found.sentences) == tokens
    assert sum(len(s.spans) for s in found.sentences) == spans
    assert found.repairs == repairs
    assert read(name).report.repairs == repairs
    assert read(name).report.format == "conll"


def test_the_three_editions_of_biored_hold_the_same_texts_and_mentions() -> None:
    editions = [read(name) for name in DOCUMENTS if "BioRED" in name]
    seen = [
        [
            (d.id, d.text, [(m.fragments, m.label, m.attributes) for m in d.mentions])
            for d in one.documents
        ]
        for one in editions
    ]
    assert seen[0] == seen[1] == seen[2]
    assert all(one.report.labels == BIORED for one in editions)


def test_repairs_move_the_mentions_to_their_surfaces() -> None:
    by_id = {d.id: d for d in read("overlaps.NLMgene_Train.PubTator").documents}
    moved = {by_id["19430421"].surface(m) for m in by_id["19430421"].mentions}
    assert {"KRAS", "BRAF", "BMI", "PIK3CA", "HDAC", "p53", "beta-catenin", "COX-2"} <= moved
    by_id = {d.id: d for d in read("offset-errors.GNormPlus_Train.PubTator").documents}
    surfaces = [by_id["7520377"].surface(m) for m in by_id["7520377"].mentions]
    assert surfaces.count("Ge-1") >= 4
    assert "2P domain mechano-sensitive K+ channel" in {
        by_id["10880510"].surface(m) for m in by_id["10880510"].mentions
    }


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("BioRED.Dev.BioC.XML", "bioc-xml"),
        ("BioRED.Dev.BioC.XML", "jsonl"),
        ("BioRED.Dev.BioC.JSON", "bioc-json"),
        ("crlf.BioRED.Dev.PubTator", "pubtator"),
        ("brat.NCBI_disease.tar.gz", "brat"),
    ],
)
def test_real_documents_survive_a_round_trip_whole(name: str, format: str) -> None:
    documents = read(name).documents
    data, report = to_bytes(documents, format)
    assert not report.lost
    ending = {"bioc-xml": ".xml", "bioc-json": ".json", "brat": ".zip"}.get(format, f".{format}")
    assert read_bytes(data, f"a{ending}").documents == documents


@pytest.mark.parametrize(
    "name", ["offset-errors.GNormPlus_Train.PubTator", "overlaps.NLMgene_Train.PubTator"]
)
def test_a_repaired_pubtator_file_is_written_whole(name: str) -> None:
    documents = read(name).documents
    data, report = to_bytes(documents, "pubtator")
    assert not report.lost
    again = read_bytes(data, "a.pubtator")
    assert again.documents == documents
    assert again.report.repairs == Counter()


@pytest.mark.slow
def test_the_ten_corpora_read_whole_and_without_repairs() -> None:
    sentences: Counter[str] = Counter()
    for path in sorted((SHARED / "corpora").glob("*/*.tsv")):
        if path.parent.name.endswith("-IOBES"):
            continue
        found = read_conll(path)
        sentences[path.stem] += len(found.sentences)
        assert (found.scheme, found.columns, found.repairs) == ("IOB2", 2, Counter())
    assert sentences == Counter(train=59_839, devel=18_623, test=31_484)


@pytest.mark.parametrize("corpus", ["BC5CDR", "BioNLP13CG", "NCBI-disease"])
def test_iobes_and_iob_editions_of_a_corpus_hold_the_same_spans(corpus: str) -> None:
    one, other = (
        read_conll(SHARED / "corpora" / f"{corpus}-{scheme}" / "devel.tsv").sentences
        for scheme in ("IOB", "IOBES")
    )
    assert [(s.tokens, s.spans) for s in one] == [(s.tokens, s.spans) for s in other]


@pytest.mark.parametrize(
    ("name", "documents", "mentions"),
    [
        ("AnEM.train", 300, 1879),
        ("Linnaeus.train.PubTator", 80, 2321),
        ("NLM-Gene.train.PubTator", 450, 13797),
    ],
)
def test_every_mark_of_a_public_corpus_is_placed_or_rejected(
    name: str, documents: int, mentions: int
) -> None:
    receipt = read_documents(SHARED / "more-corpora" / name).report.receipt()
    assert (receipt.documents_in, receipt.mentions_in) == (documents, mentions)
    assert receipt.mentions_in == receipt.mentions_placed + receipt.rejected.total()
    assert receipt.mentions_placed == mentions


@pytest.mark.slow
def test_anatem_as_a_corpus_of_ones_own_loses_no_mark() -> None:
    files = read_uploads([SHARED / "corpora" / "AnatEM-IOB"])
    receipt = preview_corpus(files).receipt
    assert (receipt.mentions_in, receipt.mentions_placed) == (13701, 13701)
