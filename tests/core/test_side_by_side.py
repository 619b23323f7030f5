"""Many runs are read at once as each is by itself."""

import dataclasses

import numpy as np
import pytest

from benchmarks.record.curves import HELD_OUT, load
from convergence_callbacks import Monitor, Observation
from convergence_callbacks.core.curve.reading import side_by_side
from convergence_callbacks.core.models.diagnosis.model import scores
from convergence_callbacks.core.models.further_gain.model import read
from convergence_callbacks.core.rule.expected_gain import worth_of

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
        reading = monitor.read(observation)
    return reading


@pytest.mark.parametrize("epochs", [3, 5, 6, 11, 40, 59, 130])
def test_the_numbers_are_those_of_each_run_by_itself(epochs):
    runs = [run for run in RUNS if run.epochs >= epochs]
    assert len(runs) > 1
    together = [seen(run, epochs) for run in runs] + [seen(run, epochs, train=False) for run in runs]
    alone = [seen(run, epochs) for run in runs] + [seen(run, epochs, train=False) for run in runs]
    side_by_side(together)
    for ours, other in zip(together, alone, strict=True):
        assert str(dict(ours.ask(read).features)) == str(dict(other.ask(read).features))  # as text: NaN is not NaN
        assert worth_of(ours) == worth_of(other)
        assert ours.noise == other.noise
        assert ours.ask(scores) == other.ask(scores)


def test_a_run_that_was_blown_up_at_its_start_is_read_from_where_it_is_stable():
    stable, other = RUNS[:2]
    learnt = 0.3 + np.exp(-np.arange(stable.epochs) / 8)
    blown = dataclasses.replace(stable, val=np.concatenate([[7e4, 900.0], learnt])[: stable.epochs])
    together = [seen(run, 30) for run in (stable, blown, other)]
    side_by_side(together)
    for ours, run in zip(together, (stable, blown, other), strict=True):
        assert str(dict(ours.ask(read).features)) == str(dict(seen(run, 30).ask(read).features))
    assert together[1].curve.first_stable_bin > 0


def test_runs_that_differ_in_length_are_read_too():
    lengths = [9, 30, 9, 55, 30]
    together = [seen(run, epochs) for run, epochs in zip(RUNS, lengths, strict=False)]
    side_by_side(together)
    for ours, run, epochs in zip(together, RUNS, lengths, strict=False):
        assert worth_of(ours) == worth_of(seen(run, epochs))
