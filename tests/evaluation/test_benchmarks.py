"""The benchmarks' own reckoning: what is known, what matches, what the table says."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from support import DictionaryTagger

from benchmarks import active_learning
from benchmarks.active_learning import Arm, Round, Size, choose_base, order_of, take
from benchmarks.external import External, external_table, score_documents, without_known
from benchmarks.loop import Outcome, Side, as_corrected, patterns_of
from benchmarks.loop import markdown as loop_markdown
from benchmarks.paper_table import our_row, untold_row
from benchmarks.scores import Column, markdown, stray_marks
from benchmarks.ship import KEPT, halve
from benchmarks.written import markers, read_part, write_part
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.evaluation.evaluate import evaluate_and_store
from bioner.evaluation.gate import Evidence, decide
from bioner.evaluation.keys import EvaluationKey
from bioner.evaluation.scores import Score
from bioner.evaluation.scoring import score
from bioner.labels import read_schema
from bioner.spans import Document, Mention, mention
from bioner.text import split_document

BENCHMARKS = Path(active_learning.__file__).parent

SCHEMA = read_schema()
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"


def document(text: str, *mentions: Mention) -> Document:
    return replace(split_document(text, id="d"), mentions=mentions)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("[a-z]*.py")))
def test_every_benchmark_finds_what_it_imports(name: str) -> None:
    assert importlib.import_module(f"benchmarks.{name}").__doc__


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


def test_scores_told_no_convention_have_a_line_of_their_own(column: Column) -> None:
    assert "told no convention" not in markdown([column])
    report = column.report
    told = replace(column, title="told", report=replace(report, by_corpus_any=report.by_corpus))
    f1 = f"{100 * report.mean_f1:.1f}"
    assert f"| the same, told no convention (any) | – | {f1} |" in markdown([column, told])
    assert untold_row(told.report) == our_row(report)
    assert not untold_row(report)


def test_the_mean_is_over_the_ten_whatever_is_merged_beside_them(column: Column) -> None:
    report = column.report
    more = replace(report, by_corpus={**report.by_corpus, "NLM-Gene": report.by_corpus["BC2GM"]})
    assert more.mean_over == report.mean_over
    own = replace(report, by_corpus={"ward": report.by_corpus["BC2GM"]})
    assert own.mean_over == ("ward",)


@pytest.mark.slow
def test_shipping_keeps_conventions_and_a_new_piece_as_it_was_learned(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    assert "conventions.json" in KEPT
    for name, rows in (("start", 2), ("trained", 3)):
        (tmp_path / name).mkdir()
        value = float(rows)
        weights = {"words": torch.full((rows, 2), value), "classifier.bias": torch.zeros(3)}
        save_file(weights, tmp_path / name / "model.safetensors")
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "out").mkdir()
    halve(tmp_path / "trained", tmp_path / "out", base=tmp_path / "start", share=0.5)
    made = load_file(tmp_path / "out" / "model.safetensors")["words"]
    assert made.tolist() == [[2.5, 2.5], [2.5, 2.5], [3.0, 3.0]]


def test_stray_marks_are_those_of_types_nobody_looked_for(column: Column) -> None:
    report = column.report
    marks = sum(o.uncovered * o.uncovered_tokens for o in report.over_firing.values()) / 1000
    tokens = sum(
        o.covered_tokens + o.uncovered_tokens for o in list(report.over_firing.values())[:1]
    )
    assert stray_marks(report) == pytest.approx(1000 * marks / tokens)


def test_the_table_is_written_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    begin, end = markers("scores")
    path.write_text(f"before\n{begin}\nold\n{end}\nafter\n", encoding="utf-8")
    write_part(path, "scores", "new")
    assert path.read_text(encoding="utf-8") == f"before\n{begin}\nnew\n{end}\nafter\n"
    assert read_part(path, "scores") == "new"
    path.write_text("no markers", encoding="utf-8")
    with pytest.raises(SystemExit):
        write_part(path, "scores", "new")
    assert path.read_text(encoding="utf-8") == "no markers"


def test_the_loop_says_what_was_corrected_what_came_of_it_and_what_the_gate_says(
    sample: Dataset, tmp_path: Path
) -> None:
    words = {"aspirin": "Chemical"}
    old, new = (
        evaluate_and_store(
            DictionaryTagger(sample, marks),
            sample,
            EvaluationKey(name, name, sample.fingerprint, "test", SCHEMA.fingerprint),
            tmp_path,
        )
        for name, marks in (("old", words), ("new", {}))
    )
    sides = Side(((6, 10),), Score(6, 8, 20)), Side(((9, 10),), Score(15, 20, 20))
    outcome = Outcome(
        7,
        51,
        tuple(f"d{n}" for n in range(13)),
        600,
        4,
        *sides,
        (old, new),
        decide(Evidence(candidate="new", active="old", corpora=(new, old))),
        12.0,
        5.4,
        300,
    )
    text = loop_markdown(outcome)
    assert (
        "| corrected patterns found, of 10 in 13 documents held back | 60.0 | 90.0 | +30.0 |"
        in text
    )
    assert "Retrained in 5 minutes of processor time" in text
    assert "the gate" in text
    assert outcome.to_json()["after"]["patterns_found"] == 9


def test_the_base_of_active_learning_never_saw_the_corpora_that_are_learned(
    sample: Dataset,
) -> None:
    base = choose_base(sample, ["BC5CDR", "BioNLP13CG"], 10_000)
    assert base
    assert not [s for s in base if {"BC5CDR", "BioNLP13CG"} & {s.corpus, *s.sources}]


def test_labelling_takes_the_first_sentences_of_its_order_and_the_queue_sees_no_gold(
    sample: Dataset,
) -> None:
    pool = list(sample.train)
    tagger = DictionaryTagger(sample, {"aspirin": "Chemical"})
    for order in active_learning.ORDERS:
        arm = Arm("BC5CDR", order, 0)
        ordered = order_of(arm, tagger, pool, pool[:5], 1)
        blind = order_of(arm, tagger, [replace(s, spans=()) for s in pool], pool[:5], 1)
        assert sorted(s.id for s in ordered) == sorted(s.id for s in pool)
        assert [s.id for s in blind] == [s.id for s in ordered]
    taken = take(ordered, 30)
    assert sum(len(s.tokens) for s in taken) >= 30
    assert sum(len(s.tokens) for s in taken[:-1]) < 30


def test_the_table_of_active_learning_has_the_mean_and_each_seed() -> None:
    results = {
        Arm("BC5CDR", order, seed): [Round(0, 0.5), Round(100, f1 + seed / 100)]
        for order, f1 in (("random", 0.6), ("queue", 0.7))
        for seed in (0, 1)
    }
    text = active_learning.markdown(results, Size(rounds=1, tokens=100))
    assert "| BC5CDR, random order | 50.0 | 60.5 (60.0, 61.0) |" in text
    assert "| BC5CDR, this queue | 50.0 | 70.5 (70.0, 71.0) |" in text
