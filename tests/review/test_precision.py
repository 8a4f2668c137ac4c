"""A lower limit that holds: where surfaces are right or wrong as a whole, it is seldom too high."""

from __future__ import annotations

import random

import pytest

from bioner.review.precision import precision_of, wilson_low


def test_wilson_is_what_the_formula_gives():
    assert wilson_low(95, 100) == pytest.approx(0.90084, abs=5e-5)
    assert wilson_low(0, 0) == 0.0


def test_surfaces_of_their_own_count_each_and_one_surface_counts_less():
    alone = precision_of((f"s{n}", True) for n in range(60))
    one = precision_of(("same" if n < 40 else f"s{n}", True) for n in range(60))
    assert alone.low == pytest.approx(wilson_low(60, 60), abs=1e-9)
    assert one.low < alone.low
    assert one.weight < alone.weight == 60


def test_how_many_more_are_needed_is_said_and_is_enough():
    few = precision_of((f"s{n}", True) for n in range(10))
    more = few.more(0.95)
    assert more
    assert precision_of((f"s{n}", True) for n in range(10 + more)).low >= 0.95
    assert precision_of((f"s{n}", True) for n in range(9 + more)).low < 0.95
    assert precision_of((f"s{n}", n % 2 == 0) for n in range(50)).more(0.95) is None
    assert precision_of([]).more(0.95) == 52


@pytest.mark.parametrize("truth", [0.85, 0.95])
def test_the_limit_lies_above_the_truth_in_few_audits_of_clustered_marks(truth: float):
    """Each surface is right as a whole, and some are frequent: the worst case of clustering."""
    draw = random.Random(1)
    above = 0
    for _ in range(400):
        sizes = [min(8, int(draw.paretovariate(1.3))) for _ in range(60)]
        is_right = [draw.random() < truth for _ in sizes]
        marks = [(str(n), right) for n, right in enumerate(is_right) for _ in range(sizes[n])]
        above += precision_of(draw.sample(marks, min(80, len(marks)))).low > truth
    assert above / 400 <= 0.07
