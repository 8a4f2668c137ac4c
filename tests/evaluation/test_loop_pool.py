"""Several draws of the loop as one table: added up by document, intervals that hold, verdicts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.loop import Outcome, Side
from benchmarks.loop_pool import (
    Draw,
    pattern_counts,
    patterns_difference,
    pool_markdown,
    read_draw,
    verdict,
)
from bioner.evaluation.comparison import Difference
from bioner.evaluation.scores import Score
from bioner.evaluation.verdicts import Answer, Decision, Verdict

ROSE = Answer("BC2GM", Verdict.PASSED, "rose", difference=Difference("BC2GM", 0.70, 0.71, 0, 0.02))
FIRED = Answer("over-firing of Tissue", Verdict.FELL, "Tissue fires more.")
UNCLEAR = Answer(
    "CRAFT", Verdict.CANNOT_TELL, "unclear", difference=Difference("CRAFT", 0.70, 0.695, -0.02, 0)
)


def draw(name: str = "7", held: tuple[str, ...] = ("a", "b"), *answers: Answer) -> Draw:
    return Draw(
        name,
        (51, len(held)),
        held,
        tuple((1, 2, 4) for _ in held),
        (Score(6, 8, 20), Score(15, 20, 20)),
        (0.80, 0.81),
        0,
        12.0,
        Decision("new", "old", answers or (ROSE,)),
        {a.name: a.difference.difference for a in answers or (ROSE,) if a.difference},
    )


def outcome(**changes) -> Outcome:
    sides = Side(((6, 9), (0, 1)), Score(6, 8, 20)), Side(((9, 9), (0, 1)), Score(15, 20, 20))
    decision = Decision("new", "old", (ROSE, UNCLEAR, FIRED))
    made = Outcome(7, 51, ("a", "b"), 600, 4, *sides, (), decision, 12.0, 5.4, 300)
    return replace(made, **changes)


def test_a_draw_is_read_as_the_loop_wrote_it(tmp_path: Path):
    path = tmp_path / "loop.json"
    path.write_text(json.dumps(outcome().to_json() | {"mean_f1": [0.80, 0.81]}))
    found = read_draw(path)
    assert (found.name, found.documents, found.held) == ("7", (51, 2), ("a", "b"))
    assert found.patterns == ((6, 9, 9), (0, 0, 1))
    assert found.scores == (Score(6, 8, 20), Score(15, 20, 20))
    assert found.differences == pytest.approx({"BC2GM": 0.01, "CRAFT": -0.005})
    assert verdict(found.decision) == "fell: over-firing of Tissue; cannot tell: CRAFT"


def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path):
    path = tmp_path / "loop.json"
    path.write_text("{}")
    with pytest.raises(SystemExit, match=r"loop\.json: not a result of this version"):
        read_draw(path)


def test_a_document_that_several_draws_held_back_is_one():
    counts = pattern_counts([draw("7", ("a", "b")), draw("1", ("b", "c"))])
    assert sorted(map(tuple, counts.tolist())) == [(1, 2, 4), (1, 2, 4), (2, 4, 8)]
    unnamed = [replace(draw(name), held=()) for name in ("7", "1")]
    assert len(pattern_counts(unnamed)) == 4


def test_the_same_draw_many_times_over_is_not_surer_than_once():
    patterns = ((1, 2, 4), (3, 2, 4), (0, 3, 5))
    once = replace(draw("1", ("a", "b", "c")), patterns=patterns)
    assert patterns_difference([once] * 9) == pytest.approx(patterns_difference([once]))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        occurring = rng.integers(3, 12, 60)
        before, after = rng.binomial(occurring, 0.6), rng.binomial(occurring, 0.7)
        rows = tuple(zip(before.tolist(), after.tolist(), occurring.tolist(), strict=True))
        one = replace(draw("1", tuple(map(str, range(60)))), patterns=rows)
        _, low, high = patterns_difference([one])
        held += low <= 0.1 <= high
    assert 178 <= held <= 200


def test_the_table_has_each_draw_all_of_them_and_each_corpus():
    text = pool_markdown([draw("7"), draw("1", ("b", "c"), UNCLEAR, FIRED)])
    assert (
        "| draw 7 | 25.0 → 50.0 of 8 | +25.0 (+25.0 to +25.0) | 75.0 → 75.0 | 30.0 → 75.0 "
        "| 42.9 → 75.0 | 80.0 → 81.0 | passes |" in text
    )
    assert "| **all draws** | 25.0 → 50.0 of 16 |" in text
    assert "| passes 1 of 2 |" in text
    assert "(3 different documents in all)" in text
    assert "| fell: over-firing of Tissue; cannot tell: CRAFT |" in text
    assert "| BC2GM | +1.00 | +1.00 | +1.00 | 1 / 0 / 0 |" in text
    assert "| CRAFT | -0.50 | -0.50 | -0.50 | 0 / 0 / 1 |" in text
    assert "on all test files" in text
