"""The benchmarks' own reckoning: what is known, what matches, what the README's table says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import DictionaryTagger

from benchmarks.external import External, external_table, score_documents, without_known
from benchmarks.loop import as_corrected, patterns_of
from benchmarks.scores import BEGIN, END, Column, markdown, stray_marks, write_between
from bioner.evaluation import score
from bioner.labels import read_schema
from bioner.merge import Dataset, write_dataset
from bioner.scores import Score
from bioner.spans import Document, Mention, mention
from bioner.text import split_document

SCHEMA = read_schema()
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"


def document(text: str, *mentions: Mention) -> Document:
    return replace(split_document(text, id="d"), mentions=mentions)


def test_documents_whose_sentences_lie_in_the_corpora_are_dropped(
    sample: Dataset, tmp_path: Path
) -> None:
    long = next(s for s in sample.test if len(s.tokens) > 20)
    write_dataset(sample, tmp_path / "merged")
    known = document("A title. " + " ".join(long.tokens))
    title = document(" ".join(sample.train[0].tokens) + " Then something else entirely.")
    fresh = document(f"A title. {LONG}.")
    kept = without_known([known, title, fresh], tmp_path / "merged")
    assert kept == [fresh]


def test_matches_are_exact_and_by_group_and_what_is_not_scored_stays_out() -> None:
    gold = document(
        "p53 and HeLa in mice",
        mention(0, 3, "GeneOrGeneProduct"),
        mention(8, 12, "CellLine"),
        mention(16, 20, "OrganismTaxon"),
    )
    said = document(
        "p53 and HeLa in mice",
        mention(0, 3, "Protein"),
        mention(8, 12, "Gene"),
        mention(4, 7, "Tissue"),
        mention(13, 20, "Organism"),
    )
    found = score_documents([gold], [said], SCHEMA)
    assert found["Gene"] == Score(1, 1, 1)
    assert found["Organism"] == Score(0, 1, 1)
    assert found["Disease"] == Score(0, 0, 0)
    assert "all" in external_table([External("m", 1, 0, found)])


def test_corrected_documents_stand_for_their_groups_and_mark_the_rest_as_no_evidence() -> None:
    gold = document(
        "p53 and HeLa in mice.", mention(0, 3, "GeneOrGeneProduct"), mention(8, 12, "CellLine")
    )
    [sentence] = as_corrected(gold, SCHEMA)
    assert [(s.label, s.stands_for) for s in sentence.spans] == [("Gene", ("Gene", "Protein"))]
    assert sentence.ignored == ((2, 3),)
    assert {"Taxon", "Pathology", "Chemical"} <= sentence.covers
    assert "Cell" not in sentence.covers
    assert patterns_of([gold], SCHEMA) == {("p53", "Gene"): 1}


@pytest.fixture
def column(sample: Dataset) -> Column:
    tagger = DictionaryTagger(sample, {"aspirin": "Chemical"})
    report = score(sample.test, tagger.tag(sample.test), SCHEMA, bootstrap=0)
    external = External("m", 64, 36, {"Gene": Score(1, 2, 2)})
    return Column("shipped", replace(report, parts=("BC4CHEMD",)), external, "one epoch")


def test_the_table_has_a_line_for_each_corpus_and_says_what_is_a_part(column: Column) -> None:
    text = markdown([column])
    assert "| **mean of 9 corpora** |" in text
    assert "| BC4CHEMD (part) |" in text
    assert "| *BioRED dev, 64 abstracts, never trained on* | 50.0 |" in text
    assert text.endswith("shipped: one epoch.")


def test_stray_marks_are_those_of_types_nobody_looked_for(column: Column) -> None:
    report = column.report
    marks = sum(o.uncovered * o.uncovered_tokens for o in report.over_firing.values()) / 1000
    tokens = sum(
        o.covered_tokens + o.uncovered_tokens for o in list(report.over_firing.values())[:1]
    )
    assert stray_marks(report) == pytest.approx(1000 * marks / tokens)


def test_the_table_is_written_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_between(path, "new")
    assert path.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    path.write_text("no markers", encoding="utf-8")
    with pytest.raises(SystemExit):
        write_between(path, "new")
    assert path.read_text(encoding="utf-8") == "no markers"
