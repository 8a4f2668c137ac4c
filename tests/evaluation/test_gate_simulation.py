"""The simulated models of benchmarks/gate.py are as good or bad as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gate import Size, decide_some, drawn_f1, drawn_times, simulate
from bioner.evaluation.bootstrap import bounds, f1
from bioner.evaluation.questions import difference
from bioner.evaluation.verdicts import Verdict

SIZE = Size("X", 40_000, 60_000, 45_000, 58_000)


@pytest.mark.parametrize("truth", [1.0, 0.0, -0.5, -2.0])
def test_a_simulated_model_differs_by_as_much_as_it_is_said_to(truth: float):
    before, after = simulate(SIZE, truth, 0.05, np.random.default_rng(3))
    found = 100 * (f1(after.sum(axis=0)) - f1(before.sum(axis=0)))
    assert found == pytest.approx(truth, abs=0.3)
    assert (after[:, 0] <= after[:, 2]).all()
    assert (after[:, 0] <= after[:, 1]).sum() >= 0.9 * len(after)


@pytest.mark.slow
def test_a_much_worse_model_never_passes_and_a_better_one_does():
    worse, answers, together = decide_some([SIZE], "2 worse", 0.02, 3, 1)
    assert (worse["fell"], answers[Verdict.FELL], together) == (3, 3, 0)
    better, _, _ = decide_some([SIZE], "better by 1", 0.02, 3, 1)
    assert better["passed"] == 3


def test_limits_asked_of_many_models_at_once_are_those_that_the_gate_takes_of_one():
    size = Size("X", 1500, 2300, 1700, 2200)
    rng = np.random.default_rng(5)
    pairs = [simulate(size, truth, 0.05, rng) for truth in (1.0, -2.0)]
    times = drawn_times(size.sentences, 3000, [7])
    assert (times.sum(axis=1) == size.sentences).all()
    drawn = drawn_f1(times, [after for _, after in pairs]) - drawn_f1(times, [b for b, _ in pairs])
    for (before, after), low, high in zip(pairs, *bounds(drawn, tails=(5.0, 0.5)), strict=True):
        one = difference("X", before, after, 10)
        assert 100 * low == pytest.approx(100 * one.low, abs=0.15)
        assert 100 * high == pytest.approx(100 * one.high, abs=0.25)
