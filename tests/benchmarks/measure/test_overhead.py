"""What the callback costs a training is measured on trainings that run to their end, in turn."""

import pytest

pytest.importorskip("xgboost", reason="needs pip install 'convergence-callbacks[xgboost]'")
from benchmarks.measure import overhead


def test_plain_trainings_and_those_with_the_callback_are_as_many_and_all_run_to_their_end(monkeypatch):
    trained, train = [], overhead.xgboost.train
    monkeypatch.setattr(
        overhead.xgboost, "train", lambda *given, **named: trained.append(named["callbacks"]) or train(*given, **named)
    )
    plain, ours = overhead.seconds(rounds=3, times=2)
    assert len(plain) == len(ours) == 2 and min(plain + ours) > 0
    assert [len(callbacks) for callbacks in trained] == [0, 1] * 3


def test_a_training_that_the_callback_ends_is_no_measurement(monkeypatch):
    monkeypatch.setattr(overhead.ConvergenceStopping, "after_iteration", lambda *_: True)
    with pytest.raises(RuntimeError, match="ended after 1 of 3 rounds"):
        overhead.seconds(rounds=3, times=1)
