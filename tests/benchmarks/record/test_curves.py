"""Recorded runs on disk."""

import numpy as np

from benchmarks.measure.score import usable
from benchmarks.record.curves import HELD_OUT, RECORDED, Recorded, load

KNOWN = {
    "run": "a-x1",
    "name": "a",
    "data": "d",
    "multiplier": 1.0,
    "fault": "none",
    "baseline": 2.0,
    "baseline_few": 3.0,
}


def test_a_training_gives_a_run_for_each_of_its_validation_sets(tmp_path):
    recorded = Recorded()
    recorded.add("a-x1", np.array([[1, 2, 3, np.nan, 0.1], [0.5, 1, np.inf, np.nan, 0.1]], np.float32), KNOWN)
    recorded.save(tmp_path / "curves.npz")
    all_examples, few = load(tmp_path / "curves.npz")
    assert (all_examples.task, all_examples.baseline, few.task, few.baseline) == ("a", 2.0, "a-few", 3.0)
    np.testing.assert_allclose(all_examples.val, [2, 1])
    np.testing.assert_allclose(few.val, [3, np.inf])


def test_what_is_recorded_already_is_not_replaced():
    kept, other = Recorded(), Recorded()
    kept.add("a-x1", np.zeros((2, 5), np.float32), KNOWN)
    other.add("a-x1", np.ones((2, 5), np.float32), KNOWN)
    kept.update(other)
    assert len(kept.metadata) == 1
    assert not kept.rows["a-x1"].any()


def test_no_data_set_is_both_fitted_and_judged():
    fitted, judged = load(RECORDED), [run for run in load(HELD_OUT) if usable(run)]
    assert len({run.data for run in fitted}) >= 15
    assert len({run.data for run in judged}) >= 7
    assert not {run.data for run in fitted} & {run.data for run in judged}
    assert all(len(run.train) == run.epochs == len(run.lr) for run in judged)
