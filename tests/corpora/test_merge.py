"""The merge: mapping, leaks, fusing, and the folder on disk."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ROOT

from bioner.bio import tag_names
from bioner.corpora.dataset_folder import read_dataset, read_manifest, write_dataset
from bioner.corpora.merge import fuse_sentences, merge
from bioner.corpora.read import Corpus, read_corpora
from bioner.errors import CorpusError, SchemaError
from bioner.formats.conll import read_conll
from bioner.labels import read_schema
from bioner.spans import Span, corpus_sentence, normalise

SCHEMA = read_schema()
LONG = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"]


def sentence(corpus: str, split: str, words: list[str], *spans: Span, n: int = 0):
    made = corpus_sentence(f"{corpus}/{split}/{n}", words, spans=spans, corpus=corpus)
    return replace(made, split=split)


def corpus(name: str, **splits) -> Corpus:
    return Corpus(name, name, {s: tuple(v) for s, v in splits.items()})


def test_merge_drops_train_sentences_that_are_in_test() -> None:
    words = ["One", "two", "."]
    merged = merge(
        [
            corpus("BC2GM", train=[sentence("BC2GM", "train", words)]),
            corpus("BC5CDR", test=[sentence("BC5CDR", "test", words)]),
        ],
        SCHEMA,
    )
    assert merged.train == ()
    assert merged.report.leaks_dropped == 1
    assert merged.report.leaks["equal"] == {"distinct": 1, "sentences": 1}


@pytest.mark.parametrize(
    ("train", "held", "rule"),
    [
        (["one", "Two", "!"], ["One", "two"], "equal_but_for_case_or_punctuation"),
        (["x", *LONG, "y"], LONG, "contained"),
        (LONG, ["x", *LONG, "y"], "contained"),
    ],
)
def test_merge_drops_leaks_that_are_not_equal_to_the_letter(train, held, rule) -> None:
    merged = merge(
        [
            corpus(
                "BC2GM",
                train=[sentence("BC2GM", "train", train)],
                devel=[sentence("BC2GM", "devel", held)],
            )
        ],
        SCHEMA,
    )
    assert merged.train == ()
    assert merged.report.leaks[rule] == {"distinct": 1, "sentences": 1}


def test_a_short_sentence_may_lie_inside_a_held_out_one() -> None:
    merged = merge(
        [
            corpus(
                "BC2GM",
                train=[sentence("BC2GM", "train", LONG[:5])],
                devel=[sentence("BC2GM", "devel", LONG)],
            )
        ],
        SCHEMA,
    )
    assert len(merged.train) == 1


def fused(*sentences):
    mapped = merge(
        [corpus(s.corpus, train=[s]) for s in sentences],
        SCHEMA,
    )
    assert len(mapped.train) == 1
    return mapped.train[0], mapped.report


def test_the_finer_label_wins_where_boundaries_agree() -> None:
    one, report = fused(
        sentence("AnatEM", "train", ["HeLa", "cells"], Span(0, 2, "Anatomy")),
        sentence("BioNLP13CG", "train", ["HeLa", "cells"], Span(0, 2, "Cell")),
    )
    assert [(s.label, s.stands_for) for s in one.spans] == [("Cell", ())]
    assert one.sources == ("AnatEM", "BioNLP13CG")
    assert (
        one.covers == SCHEMA.mapping_for("AnatEM").covers | SCHEMA.mapping_for("BioNLP13CG").covers
    )
    assert report.finer_label_won == 1
    assert report.fused == {"AnatEM+BioNLP13CG": 1}


def test_both_readings_stay_where_boundaries_clash() -> None:
    one, report = fused(
        sentence("AnatEM", "train", ["p63", "-", "positive", "cells"], Span(0, 4, "Anatomy")),
        sentence(
            "BioNLP13CG",
            "train",
            ["p63", "-", "positive", "cells"],
            Span(0, 1, "Gene_or_gene_product"),
            Span(3, 4, "Cell"),
        ),
    )
    assert [(s.start, s.end) for s in one.spans] == [(0, 4)]
    assert [(s.start, s.end, s.label) for s in one.readings] == [(0, 1, "Gene"), (3, 4, "Cell")]
    assert report.boundary_clashes == 2


def test_what_one_corpus_ignores_another_may_label() -> None:
    one, report = fused(
        sentence("AnatEM", "train", ["the", "nucleus"], Span(1, 2, "Anatomy")),
        sentence("BioNLP13CG", "train", ["the", "nucleus"], Span(1, 2, "Cellular_component")),
    )
    assert one.ignored == ()
    assert report.ignored == {"BioNLP13CG": {"Cellular_component": 1}}


def test_a_type_without_a_rule_is_refused_by_name() -> None:
    with pytest.raises(SchemaError, match=r"BC2GM has a type 'PROMOTER' without a rule"):
        merge(
            [corpus("BC2GM", train=[sentence("BC2GM", "train", ["x"], Span(0, 1, "PROMOTER"))])],
            SCHEMA,
        )


def test_devel_and_test_keep_every_sentence_and_label(sample) -> None:
    corpora = read_corpora(ROOT / "data" / "sample")
    for split in ("devel", "test"):
        read = {s.document: s for c in corpora for s in c.splits[split]}
        merged = {s.document: s for s in sample.split(split)}
        assert merged.keys() == read.keys()
        for name, one in merged.items():
            assert one.tokens == read[name].tokens
            assert len(one.spans) + len(one.ignored) == len(read[name].spans)


@settings(max_examples=10, deadline=None)
@given(st.randoms())
@pytest.mark.slow
def test_the_order_of_the_sources_changes_nothing(draw: random.Random) -> None:
    corpora = read_corpora(ROOT / "data" / "sample")
    before = merge(corpora, SCHEMA)
    draw.shuffle(corpora)
    after = merge(corpora, SCHEMA)
    assert after.fingerprint == before.fingerprint
    assert after.train == before.train


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["Anatomy", "Cell", "Gene"]), min_size=1, max_size=4))
def test_fusing_is_idempotent(labels) -> None:
    group = [
        sentence("AnatEM", "train", ["a", "b", "c"], Span(i % 2, 2 + i % 2, label), n=i)
        for i, label in enumerate(labels)
    ]
    once = fuse_sentences(group)
    assert fuse_sentences([once]).spans == once.spans


def test_a_dataset_survives_the_disk(sample, tmp_path: Path) -> None:
    folder = tmp_path / "merged"
    write_dataset(sample, folder)
    again = read_dataset(folder)
    assert (again.train, again.devel, again.test) == (sample.train, sample.devel, sample.test)
    assert again.schema == sample.schema
    assert again.fingerprint == sample.fingerprint
    manifest = read_manifest(folder)
    assert manifest.report == sample.report
    back = read_conll(folder / "devel.conll")
    assert [s.tokens for s in back.sentences] == [s.tokens for s in sample.devel]
    assert sum(len(s.spans) for s in back.sentences) == sum(len(s.spans) for s in sample.devel)
    write_dataset(sample, folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["merged"]


def test_a_folder_without_its_manifest_is_no_dataset(sample, tmp_path: Path) -> None:
    write_dataset(sample, tmp_path / "merged")
    (tmp_path / "merged" / "manifest.json").unlink()
    with pytest.raises(CorpusError, match="corpora build"):
        read_dataset(tmp_path / "merged")


def test_a_dataset_of_some_types_keeps_the_evidence_for_them(sample) -> None:
    genes = sample.only_types(["Gene", "Protein"])
    assert genes.schema.names == ("Gene", "Protein")
    assert {s.label for x in genes.train for s in x.spans} == {"Gene", "Protein"}
    assert all(x.covers <= {"Gene", "Protein"} for x in genes.train)


@pytest.mark.corpora
@pytest.mark.slow
def test_the_real_corpora_merge_to_the_design_s_figures(shared: Path) -> None:
    corpora = read_corpora(shared / "corpora")
    merged = merge(corpora, SCHEMA)
    report = merged.report
    assert report.read == 109_946
    assert len(report.sentences) == 10
    assert report.leaks["equal"] == {"distinct": 260, "sentences": 1345}
    assert report.fused["AnatEM+BioNLP13CG"] == 2999
    assert report.devel_equal_to_test == 145
    assert report.tags == tag_names(SCHEMA.names)
    assert all(report.types[name] for name in SCHEMA.names)
    assert report.parts == ("BC4CHEMD",)
    expected = {
        "AnatEM": 3830, "BC2GM": 5038, "BC5CDR": 4797, "BioNLP09": 2446, "BioNLP11ID": 1961,
        "BioNLP13CG": 1906, "BioNLP13PC": 1695, "CRAFT": 7425, "NCBI-disease": 940,
    }  # fmt: skip
    assert {c: s["test"] for c, s in report.sentences.items() if c != "BC4CHEMD"} == expected
    # An independent look, sharing no code with the merge's leak index.
    held = {" ".join(s.tokens) for s in (*merged.devel, *merged.test)}
    held_words = {normalise(s.tokens) for s in (*merged.devel, *merged.test)}
    assert not [s.id for s in merged.train if " ".join(s.tokens) in held]
    assert not [s.id for s in merged.train if normalise(s.tokens) in held_words]
    random.Random(7).shuffle(corpora)
    article = merge(corpora, read_schema("article")).report
    for name, mapping in read_schema("article").corpora.items():
        labels = {label for split in article.mapped[name].values() for label in split}
        assert labels - {"ignore"} == mapping.covers, name


@pytest.mark.corpora
def test_iobes_and_iob_files_of_one_corpus_read_alike(shared: Path) -> None:
    for name in ("BC5CDR", "NCBI-disease", "BioNLP13CG"):
        iob = read_conll(shared / "corpora" / f"{name}-IOB" / "devel.tsv")
        iobes = read_conll(shared / "corpora" / f"{name}-IOBES" / "devel.tsv")
        assert (iob.scheme, iobes.scheme) == ("IOB2", "IOBES")
        assert [(s.tokens, s.spans) for s in iob.sentences] == [
            (s.tokens, s.spans) for s in iobes.sentences
        ]
