"""The advice is followed as it is given, and answered by the right sibling."""

import numpy as np
import pytest

from benchmarks.measure.advice import Followed, advised, nearest, table
from benchmarks.record.curves import Run


def run(multiplier, val, train=None, epochs=60):
    val = np.broadcast_to(np.asarray(val, float), (epochs,))
    train = val if train is None else train
    return Run(f"task-x{multiplier:g}", "task", "digits", multiplier, 2.3, "none", train, val, np.full(epochs, 0.1))


def test_a_run_with_that_verdict_is_advised_by_a_factor():
    verdict, factor = advised(run(0.01, 2.3 - 1e-4 * np.arange(60)))
    assert (verdict, factor) == ("false_convergence", 100)
    assert advised(run(1, 0.3 + np.exp(-np.arange(60) / 4))) is None


@pytest.mark.parametrize(
    ("rate", "factor", "answer"), [(0.01, 10, 0.1), (0.01, 30, 0.3), (3, 1 / 10, 0.3), (100, 0.1, 10)]
)
def test_the_nearest_recorded_rate_answers(rate, factor, answer):
    siblings = [run(m, 1.0) for m in (0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)]
    assert nearest(siblings, rate, factor).multiplier == answer


def test_the_table_counts_what_helped():
    of = [Followed(f"r{n}", d, "unstable", 0.1, 1.0, after) for n, (d, after) in enumerate([("a", 0.5), ("b", 1.2)])]
    text = table(of, [])
    assert "| unstable | 2 | 50% | 0 to 100% | 1.00 → 0.75 | 25% (0% to 50%) |" in text
    assert "| false_convergence | 0 |" in text
