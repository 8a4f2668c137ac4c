"""What the table of confidence compares with: perfect scores, and fits that did not see a run."""

from __future__ import annotations

import random

import pytest

from benchmarks.confidence import RUN, held_back, if_perfect, pull_table
from bioner.labels import read_schema
from bioner.spans import corpus_sentence
from bioner.tagging.calibration import Reliability, reliability

SCHEMA = read_schema()


@pytest.mark.parametrize("marks", [200, 5000])
def test_perfect_scores_are_found_to_have_the_error_that_is_said_of_them(marks: int):
    draw = random.Random(1)
    scores = [draw.uniform(0.3, 1) for _ in range(marks)]
    found = [reliability((p, draw.random() < p) for p in scores) for _ in range(40)]
    mean = sum(one.error for one in found) / len(found)
    assert if_perfect(found[0]) == pytest.approx(mean, rel=0.25)
    assert if_perfect(Reliability()) == 0


def test_a_run_is_scaled_by_what_others_say_and_terms_are_the_corpuss_own():
    draw = random.Random(2)
    cases, runs = [], {}
    for number in range(40):
        is_right = number != 7  # one document in which nothing is right
        for row in range(10):
            covers = frozenset({"Cell"})
            one = corpus_sentence(f"{number}/{row}", ["x"], corpus="AnatEM", covers=covers)
            cases.append((one, "Cell", (draw.uniform(0.8, 0.99), is_right, 1.0)))
            runs[one.id] = number
    found = held_back(cases, runs, SCHEMA, 10.0)
    assert len(found) == len(cases)
    assert {term for term, _, _ in found} == {"Anatomy"}
    wrong = [p for _, p, is_right in found if not is_right]
    assert len(wrong) == 10
    assert min(wrong) > 0.9
    assert RUN > 1


def test_the_table_of_pulls_has_a_line_each():
    judged = [("Cell", 0.8, n % 5 > 0) for n in range(300)] + [("Organ", 0.8, True)]
    lines = pull_table({3.0: judged, 100.0: judged}).splitlines()
    assert lines[0] == "| pull | loss | Cell |"
    assert lines[2].startswith("| 3 | 0.")
    assert lines[2].endswith("| 0.000 |")
    assert lines[3].startswith("| 100 | ")
