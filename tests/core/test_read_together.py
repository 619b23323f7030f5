"""Many runs are read at once as each is by itself."""

import dataclasses

import numpy as np
import pytest

from benchmarks.record.curves import HELD_OUT, load
from convergence_callbacks import Monitor, Observation
from convergence_callbacks.core.criteria.diagnosis import scores_of
from convergence_callbacks.core.criteria.expected_gain import worth
from convergence_callbacks.core.models.further_gain.features import features
from convergence_callbacks.core.read_together import read_together

RUNS = load(HELD_OUT)[7::160]


def seen(run, epochs, train=True):
    """What can be read of a run after so many epochs."""
    monitor = Monitor(max_epochs=run.epochs, stop_on=())
    for epoch in range(epochs):
        observation = Observation(
            step=epoch,
            train_loss=float(run.train[epoch]) if train else None,
            val_loss=float(run.val[epoch]),
            lr=float(run.lr[epoch]),
        )
        judged = monitor._take_in(observation)
    return monitor._signals(observation, judged)


@pytest.mark.parametrize("epochs", [3, 5, 6, 11, 40, 59, 130])
def test_the_numbers_are_those_of_each_run_by_itself(epochs):
    runs = [run for run in RUNS if run.epochs >= epochs]
    assert len(runs) > 1
    together = [seen(run, epochs) for run in runs] + [seen(run, epochs, train=False) for run in runs]
    alone = [seen(run, epochs) for run in runs] + [seen(run, epochs, train=False) for run in runs]
    read_together(together)
    for ours, other in zip(together, alone, strict=True):
        assert str(dict(features(ours))) == str(features(other))  # as text, since NaN is not NaN
        assert worth(ours) == worth(other)
        assert ours.noise == other.noise
        if epochs >= 5:
            assert scores_of(ours).tolist() == scores_of(other).tolist()


def test_a_run_that_was_blown_up_at_its_start_is_read_from_where_it_is_calm():
    calm, other = RUNS[:2]
    blown = dataclasses.replace(calm, val=np.concatenate([[7e4, 900.0], calm.val])[: calm.epochs])
    together = [seen(run, 30) for run in (calm, blown, other)]
    read_together(together)
    for ours, run in zip(together, (calm, blown, other), strict=True):
        assert str(dict(features(ours))) == str(features(seen(run, 30)))
    assert together[1].curve.calm_from > 0


def test_runs_that_differ_in_length_are_read_too():
    lengths = [9, 30, 9, 55, 30]
    together = [seen(run, epochs) for run, epochs in zip(RUNS, lengths, strict=False)]
    read_together(together)
    for ours, run, epochs in zip(together, RUNS, lengths, strict=False):
        assert worth(ours) == worth(seen(run, epochs))
