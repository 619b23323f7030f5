"""Seeds that came to the same quality, and one that is stuck."""

import math

import numpy as np
import pytest

from convergence_callbacks import SettingsError, compare_seeds


def falls(floor, noise=0.0, seed=0, epochs=60):
    return floor + np.exp(-np.arange(epochs) / 6) + noise * np.random.default_rng(seed).standard_normal(epochs)


def test_seeds_that_differ_by_noise_alone_came_to_the_same_quality():
    for seed in range(30):
        compared = compare_seeds([falls(0.2, 0.01, 3 * seed + run) for run in range(3)])
        assert compared.outcome == "same_quality" and not compared.stuck, compared


def test_a_run_far_behind_is_stuck_and_to_be_run_again():
    compared = compare_seeds([falls(0.2, 0.01, 1), falls(0.2, 0.01, 2), falls(0.6, 0.01, 3)])
    assert (compared.outcome, compared.stuck) == ("stuck", (2,))
    assert compared.interval[0] < compared.behind[2] < compared.interval[1] and 0.3 < compared.behind[2] < 0.5
    assert "rerun run 2" in compared.advice[1]


def test_what_noise_hides_is_undecided_and_needs_more_seeds():
    compared = compare_seeds([falls(0.2, 0.15, 1), falls(0.27, 0.15, 2)])
    assert compared.outcome == "undecided" and "more seeds" in str(compared)
    assert compared.interval[0] <= 0.05 < compared.interval[1]


def test_of_a_metric_more_can_be_better():
    compared = compare_seeds([1 - falls(0.1), 1 - falls(0.5)], mode="max")
    assert compared.stuck == (1,) and compared.qualities[0] == pytest.approx(0.9, abs=0.01)


def test_the_unit_of_the_loss_does_not_matter():
    runs = [falls(0.2, 0.01, 1), falls(0.4, 0.01, 2)]
    assert compare_seeds([1e6 * run for run in runs]).behind == pytest.approx(compare_seeds(runs).behind)


def test_a_run_without_any_number_is_stuck():
    compared = compare_seeds([falls(0.2), [math.nan, None, math.inf]])
    assert compared.stuck == (1,) and "1 of 2 runs has no finite loss" in compared.reason
    assert math.isnan(compared.qualities[1])


@pytest.mark.parametrize("runs", [[[1.0], [1.0]], [[], []], [[math.nan], [math.nan]], [[1.0, 2.0], [1.0, 3.0]]])
def test_runs_that_gained_nothing_are_not_called_the_same(runs):
    compared = compare_seeds(runs)
    assert compared.outcome == "undecided" and "gained anything" in compared.reason


@pytest.mark.parametrize(
    ("runs", "settings", "what"),
    [
        ([[1.0]], {}, "two runs or more"),
        ([[1.0], "loss"], {}, "runs\\[1\\]"),
        ([1.0, 2.0], {}, "runs\\[0\\]"),
        ([[1.0], [1.0]], {"tolerance": 0}, "tolerance"),
        ([[1.0], [1.0]], {"tolerance": math.nan}, "tolerance"),
        ([[1.0], [1.0]], {"mode": "least"}, "mode"),
    ],
)
def test_what_can_not_be_compared_is_named(runs, settings, what):
    with pytest.raises(SettingsError, match=what):
        compare_seeds(runs, **settings)
