"""The fit of the diagnosis: on a few made-up tasks, small and the same every time."""

import dataclasses

import numpy as np
import pytest

from benchmarks.fit import diagnosis as fit_diagnosis
from benchmarks.fit.diagnosis import View, arrays, examples, fit, signals_along, starts_of, trees_of
from benchmarks.fit.variants import paced
from benchmarks.record.curves import Run
from convergence_callbacks.core.curve.series import noise_of
from convergence_callbacks.core.models.boosted_trees import BoostedTrees
from convergence_callbacks.core.models.features import names

EPOCHS = np.arange(40)


def tasks(count):
    rng = np.random.default_rng(0)
    for task in range(count):
        for multiplier, constant in ((0.01, 300), (1.0, 5)):
            val = 0.2 + 0.8 * np.exp(-EPOCHS / constant) + rng.normal(0, 0.002, 40)
            lr = np.full(40, 0.1 * multiplier)
            name = f"task{task}"
            yield Run(f"{name}-x{multiplier}", name, f"data{task % 3}", multiplier, 1.0, "none", val - 0.02, val, lr)


@pytest.fixture(scope="module")
def labelled():
    return examples(list(tasks(20)))


@pytest.fixture(scope="module")
def fitted(labelled):
    return fit(every_verdict(labelled))


def every_verdict(labelled):
    """The same, with verdicts made up, so that each is there."""
    verdicts = np.array(fit_diagnosis.VERDICTS)[np.arange(len(labelled.verdicts)) % len(fit_diagnosis.VERDICTS)]
    return dataclasses.replace(labelled, verdicts=verdicts)


def test_examples_are_the_same_every_time_and_hold_what_there_is_to_learn(labelled):
    again = examples(list(tasks(20)))
    np.testing.assert_array_equal(labelled.features, again.features)
    assert {"false_convergence", "converged", "improving"} <= set(labelled.verdicts)
    assert labelled.features.shape == (len(labelled.verdicts), len(names()))


def test_a_run_is_read_as_others_would_have_logged_it():
    run = next(tasks(1))
    signals = next(signals_along(run, View(budget=False, rates=False, baseline=True), [20]))
    assert signals.max_epochs is None and signals.curve.count == 20
    assert np.isnan(signals.rates).all() and signals.baseline == run.baseline
    assert not len(next(signals_along(run, View(train=False), [20])).finite_train_losses)
    alone = next(signals_along(run, View(alone=True), [20]))
    np.testing.assert_array_equal(alone.losses, alone.train_losses)


def test_a_slower_pace_is_more_epochs_of_the_same_fall_with_the_same_noise():
    run = next(tasks(1))
    slower = paced(run, 4.0, np.random.default_rng(0))
    assert slower.epochs == 160 and slower.val[-1] == pytest.approx(run.val[-1], abs=0.02)
    assert noise_of(slower.val) == pytest.approx(noise_of(run.val), rel=0.5)
    assert paced(run, 0.5, np.random.default_rng(0)).val[[0, -1]].tolist() == run.val[[0, -1]].tolist()


def test_what_is_stored_says_what_the_fitted_trees_say(labelled, fitted):
    trees = BoostedTrees.stored(arrays(fitted), "verdict")
    for row in labelled.features[::25]:
        scores = trees.predict(dict(zip(names(), row, strict=True)))
        shares = np.exp(scores) / np.exp(scores).sum()
        raised = np.exp(sum(ensemble.decision_function(row[None])[0] for ensemble in fitted) / len(fitted))
        expected = dict(zip(fitted[0].classes_, raised / raised.sum(), strict=True))
        probabilities = dict(zip(fit_diagnosis.VERDICTS, shares, strict=True))
        assert probabilities == pytest.approx(expected, abs=1e-9)


def test_each_verdict_has_a_start_and_trees(fitted):
    assert set(starts_of(fitted)) == set(trees_of(fitted)) == set(fit_diagnosis.VERDICTS)
    assert {len(trees) for trees in trees_of(fitted).values()} == {fit_diagnosis.ROUNDS * fit_diagnosis.ENSEMBLES}
