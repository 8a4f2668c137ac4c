"""The tables of docs/scores.md: what is pooled, what is left out, what is said beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import DictionaryTagger

from benchmarks.ablation import TITLES, asked_arms, chosen_test, read_curve
from benchmarks.ablation_table import (
    UNTOLD,
    Outcome,
    by_corpus,
    curves,
    difference,
    read_outcome,
    table,
    write_outcome,
)
from benchmarks.confidence import confidence_table
from benchmarks.paper_table import MEAN_OF, mean_of_nine, our_row, paper_table
from benchmarks.scores import with_kept
from bioner.corpora.dataset import Dataset
from bioner.evaluation.published import ANCHORS
from bioner.evaluation.scores import Score
from bioner.evaluation.scoring import score
from bioner.tagging.calibration import reliability


def outcome(right: int, *, sentences: int = 200, stray: float = 1.0) -> Outcome:
    counts = np.zeros((sentences, 3), dtype=np.int64)
    counts[:, 1:] = 1
    counts[:right, 0] = 1
    part = {"BC4CHEMD": np.full((5, 3), 7, dtype=np.int64), "BC2GM": counts}
    return Outcome(right / sentences, stray, Score(3, 4, 6), part)


def test_the_difference_pools_the_seeds_and_leaves_parts_out() -> None:
    found = difference([outcome(100), outcome(110)], [outcome(150), outcome(160)])
    assert found.a == pytest.approx(210 / 400)
    assert found.b == pytest.approx(310 / 400)
    assert found.low < found.difference < found.high
    assert found.is_significant_rise


def test_the_ablation_table_shows_every_seed_and_the_step_from_arm_to_arm() -> None:
    text = table({"naive": [outcome(100)] * 2, "partial": [outcome(150)] * 2}, "400 steps", TITLES)
    first, second = [line for line in text.splitlines() if "loss" in line]
    assert "50.0 / 50.0" in first
    assert "+" not in first
    assert "75.0 / 75.0" in second
    assert "+25.0 (+" in second
    assert "60.0 (75.0 / 50.0)" in second
    assert text.endswith("400 steps")


def test_the_step_to_an_arm_of_one_seed_is_on_the_seed_that_both_have() -> None:
    arms = {"cased": [outcome(100), outcome(190)], "convention": [outcome(110)]}
    rows = {**arms, f"convention{UNTOLD}": [outcome(90)], "corpora": [outcome(130)]}
    lines = table(rows, "", TITLES).splitlines()
    told, more = (line for line in lines if "told its own" in line)
    untold = next(line for line in lines if "the same model, told none" in line)
    assert "| +5.0 (" in told
    assert "| -10.0 (" in untold
    assert "| +10.0 (" in more
    corpora = by_corpus(rows, TITLES)
    assert "| + cased vocabulary | 72.5 |" in corpora


def test_learning_curves_stand_side_by_side_and_a_resumed_step_once(tmp_path: Path) -> None:
    (tmp_path / "run.curve").write_text("10\t0.5\t0.25\n20\t0.4\t0.5\n20\t0.4\t0.75\n")
    curve = read_curve(tmp_path / "run")
    assert curve == ((10, 0.5, 0.25), (20, 0.4, 0.75))
    rows = {
        "naive": [replace(outcome(1), curve=curve)],
        "fused": [replace(outcome(1), curve=curve[:1])],
    }
    text = curves(rows, TITLES)
    assert "| 10 | 25.0 | 25.0 |" in text
    assert "| 20 | 75.0 | – |" in text
    assert not curves({"naive": [outcome(1)]}, TITLES)


def test_an_arm_may_name_its_own_seeds() -> None:
    asked = asked_arms("convention:42+43,naive", [7])
    assert asked == {"naive": (7,), "convention": (42, 43)}
    with pytest.raises(SystemExit, match="none of naive"):
        asked_arms("nothing", [7])


def test_an_outcome_is_kept_as_it_was(tmp_path: Path) -> None:
    one = outcome(20)
    write_outcome(tmp_path / "a.json", one)
    again = read_outcome(tmp_path / "a.json")
    assert (again.mean_f1, again.stray, again.external) == (one.mean_f1, one.stray, one.external)
    assert {n: c.tolist() for n, c in again.counts.items()} == {
        n: c.tolist() for n, c in one.counts.items()
    }


def test_the_same_test_sentences_are_drawn_whatever_their_order(sample: Dataset) -> None:
    one = chosen_test(sample, 2)
    assert one == chosen_test(sample, 2)
    assert {s.corpus for s in one} == {s.corpus for s in sample.test}
    assert all(s in sample.test for s in one)


def test_our_row_leaves_parts_out_and_has_the_corpora_s_own_types(sample: Dataset) -> None:
    tagger = DictionaryTagger(sample, {"aspirin": "Chemical"})
    report = score(sample.test, tagger.tag(sample.test), sample.schema, bootstrap=0)
    row = our_row(replace(report, parts=("BC4CHEMD",)))
    assert ("BC4CHEMD", "") not in row
    for corpus, scores in report.by_corpus.items():
        if corpus != "BC4CHEMD":
            assert row[corpus, ""] == 100 * scores.micro.f1


def test_the_paper_table_quotes_every_anchor_and_notes_what_differs() -> None:
    ours = {(corpus, ""): 80.0 for corpus in MEAN_OF}
    text = paper_table([("ours", "one model for all", ours)])
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(ANCHORS) + 1
    assert "**80.0**" in rows[-1]
    assert all("quoted" in row for row in rows[2:-1])
    crichton = next(row for row in rows if "Crichton" in row)
    assert "| 80.8 |" in crichton
    assert "one model for all." in text


OLD = """| test F1 (%) | naive | shipped |
|---|---:|---:|
| **mean of 2 corpora** | **60.0** | **70.0** |
| A | 60.1 | 70.1 |

naive: naive loss; shipped: two epochs."""
NEW = """| test F1 (%) | shipped |
|---|---:|
| **mean of 2 corpora** | **75.0** |
| A | 75.1 |
| B | 9.9 |

shipped: five epochs."""


def test_columns_of_models_that_are_not_given_stay_as_they_were_measured() -> None:
    assert (
        with_kept(OLD, NEW)
        == """| test F1 (%) | naive | shipped |
|---|---:|---:|
| **mean of 2 corpora** | **60.0** | **75.0** |
| A | 60.1 | 75.1 |
| B | – | 9.9 |

naive: naive loss; shipped: five epochs."""
    )
    assert with_kept("", NEW) == NEW


def test_there_is_no_mean_without_all_nine() -> None:
    assert mean_of_nine({(corpus, ""): 1.0 for corpus in MEAN_OF[1:]}) is None


def test_the_confidence_table_says_which_type_misses_its_goal(sample: Dataset) -> None:
    tagger = DictionaryTagger(sample, {"aspirin": "Chemical"})
    report = score(sample.test, tagger.tag(sample.test), sample.schema, bootstrap=0)
    off = reliability([(0.9, True)] * 5 + [(0.9, False)] * 5)
    near = reliability([(0.9, True)] * 9 + [(0.9, False)])
    many = {"Gene": Score(1, 1, 500), "Cell": Score(1, 1, 500), "Organ": Score(1, 1, 499)}
    shown = replace(
        report, by_type=many, reliability_by_type={"Gene": off, "Cell": near, "Organ": off}
    )
    own = {"Gene": near, "Cell": near, "Cancer": off}
    text = confidence_table(shown, own, {})
    rows = {line.split("|")[1].strip(): line for line in text.splitlines()}
    assert "10 | 0.000 | 10 | 0.400 | 0.075 | **missed** |" in rows["Gene"]
    assert "0.000 | 10 | 0.000 | 0.075 | met |" in rows["Cell"]
    assert rows["Organ"].endswith("0.400 | 0.075 |  |")
    assert rows["Cancer"].endswith("| 0 | 10 | 0.400 | 0 | 0.000 | 0.000 |  |")
