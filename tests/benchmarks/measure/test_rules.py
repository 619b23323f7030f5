"""The rules compared, on curves that one can draw."""

import numpy as np
import pytest

from benchmarks.measure import rules
from benchmarks.record.curves import Run


def run_of(val, train=None):
    val = np.array(val, float)
    train = val if train is None else np.array(train, float)
    lr = np.full(len(val), 0.1)
    return Run("a", "a", "a", 1.0, baseline=float(val[0]), fault="none", train=train, val=val, lr=lr)


RISES_AFTER_FOUR = [4, 3, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]


@pytest.mark.parametrize(
    ("rule", "stop"),
    [
        (rules.patience(1), 5),
        (rules.patience(3), 7),
        (rules.patience(3, relative=0.8), 4),  # no fall is one of 80 %
        (rules.patience(30), 20),
        (rules.generalization_loss(50), 5),
        (rules.generalization_loss(200), 7),
        (rules.successive_increases(1), 10),
        (rules.successive_increases(2), 15),
        (rules.flat_slope(4), 6),
        (rules.clairvoyant(0.0), 4),
        (rules.clairvoyant(0.34), 3),
    ],
)
def test_a_rule_stops_where_its_definition_says(rule, stop):
    assert rule(run_of(RISES_AFTER_FOUR)) == stop


def test_progress_quotient_waits_while_train_loss_makes_progress():
    val = [2, 1, 1, 1, 1.1, *[1.1] * 10]
    fast, flat = np.linspace(2, 1, 15), np.ones(15)
    assert rules.progress_quotient(0.5)(run_of(val, flat)) == 5
    assert rules.progress_quotient(0.5)(run_of(val, fast)) == 15


def test_low_variance_stops_on_a_flat_curve_only():
    assert rules.low_variance(5, 0.01)(run_of([5, 4, 3, *[2] * 10])) == 8
    assert rules.low_variance(5, 0.01)(run_of(np.linspace(5, 1, 12))) == 12


def test_the_default_rule_ends_a_finished_run_and_leaves_a_falling_one():
    finished = 0.1 + 0.7 ** np.arange(100)
    assert 8 < rules.default(0.01)(run_of(finished)) < 60
    assert rules.default(0.01)(run_of(np.linspace(3, 1, 60))) == 60
