"""The simulated models of benchmarks/gate.py are as good or bad as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gate import Size, decide_some, simulate
from bioner.evaluation.bootstrap import f1
from bioner.evaluation.verdicts import Verdict

SIZE = Size("X", 40_000, 60_000, 45_000, 58_000)


@pytest.mark.parametrize("truth", [1.0, 0.0, -0.5, -2.0])
def test_a_simulated_model_differs_by_as_much_as_it_is_said_to(truth: float):
    before, after = simulate(SIZE, truth, 0.05, np.random.default_rng(3))
    found = 100 * (f1(after.sum(axis=0)) - f1(before.sum(axis=0)))
    assert found == pytest.approx(truth, abs=0.3)
    assert (after[:, 0] <= after[:, 2]).all()
    assert (after[:, 0] <= after[:, 1]).sum() >= 0.9 * len(after)


def test_a_much_worse_model_never_passes_and_a_better_one_does():
    worse, answers, together = decide_some([SIZE], "2 worse", 0.02, 3, 1)
    assert (worse["fell"], answers[Verdict.FELL], together) == (3, 3, 0)
    better, _, _ = decide_some([SIZE], "better by 1", 0.02, 3, 1)
    assert better["passed"] == 3
