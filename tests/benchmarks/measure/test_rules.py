"""The rules compared, on curves that one can draw."""

import dataclasses

import numpy as np
import pytest

from benchmarks.measure import rules, stop_functions
from benchmarks.record.curves import Run
from convergence_callbacks import Patience
from convergence_callbacks.core.settings import Settings


def run_of(val, train=None):
    val = np.array(val, float)
    train = val if train is None else np.array(train, float)
    lr = np.full(len(val), 0.1)
    return Run("a", "a", "a", 1.0, baseline=float(val[0]), fault="none", train=train, val=val, lr=lr)


RISES_AFTER_FOUR = [4, 3, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]


@pytest.mark.parametrize(
    ("rule", "stop"),
    [
        (rules.stock("patience:1"), 5),
        (rules.stock("patience:3"), 7),
        (Settings(criteria=Patience(3, min_delta="80%"), min_epochs=1), 4),  # no fall is one of 80 %
        (rules.stock("patience:30"), 20),
        (rules.stock("generalization_loss:50"), 5),
        (rules.stock("generalization_loss:200"), 7),
        (rules.stock("successive_increases:1"), 10),
        (rules.stock("successive_increases:2"), 15),
        (stop_functions.flat_slope(4), 6),
        (stop_functions.clairvoyant(0.0), 4),
        (stop_functions.clairvoyant(0.34), 3),
    ],
)
def test_a_rule_stops_where_its_definition_says(rule, stop):
    assert rules.stop_of(rule, run_of(RISES_AFTER_FOUR)) == stop


def test_progress_quotient_waits_while_train_loss_makes_progress():
    val = [2, 1, 1, 1, 1.1, *[1.1] * 10]
    fast, flat = np.linspace(2, 1, 15), np.ones(15)
    quotient = rules.stock("progress_quotient:0.5")
    assert rules.stop_of(quotient, run_of(val, flat)) == 5
    assert rules.stop_of(quotient, run_of(val, fast)) == 15


def test_low_variance_stops_on_a_flat_curve_only():
    assert stop_functions.low_variance(5, 0.01)(run_of([5, 4, 3, *[2] * 10])) == 8
    assert stop_functions.low_variance(5, 0.01)(run_of(np.linspace(5, 1, 12))) == 12


def test_the_default_rule_ends_a_finished_run_and_leaves_a_falling_one():
    finished = 0.1 + 0.7 ** np.arange(100)
    for knows in rules.Knows:
        assert 8 < rules.stop_of(Settings(), run_of(finished), knows) < 60
    assert rules.stop_of(Settings(), run_of(np.linspace(3, 1, 60))) == 60


def test_stops_come_in_the_order_of_the_runs_whatever_their_lengths():
    runs = [run_of(RISES_AFTER_FOUR), run_of(RISES_AFTER_FOUR[:6]), run_of([3, 2, 1, 1, 1])]
    given = {"patience 3": rules.stock("patience:3"), "clairvoyant": stop_functions.clairvoyant(0.0)}
    assert rules.stops_of(given, runs) == {"patience 3": [7, 6, 5], "clairvoyant": [4, 4, 3]}


def test_a_rule_with_a_larger_budget_waits_longer():
    slow = run_of(1 / np.sqrt(np.arange(1, 101)))
    stops = [rules.stop_of(rules.with_budget(slow, times), slow, rules.Knows.BUDGET) for times in (1, 10)]
    assert stops[0] <= stops[1]
    assert rules.with_budget(slow, 3).max_epochs == len(rules.with_budget(slow, 3).lr_schedule) == 300


def test_a_constant_is_added_to_both_losses_and_to_the_trivial_level():
    run = run_of([5, 3, 2, 1])
    moved = rules.shifted(run, 15)
    assert moved.val.tolist() == moved.train.tolist() == [65, 63, 62, 61] and moved.gain == run.gain
    assert rules.shifted(run_of([5, np.nan, np.inf]), 2).val[0] == 5.5  # gained nothing: a twentieth of its start


def test_a_rate_or_a_train_loss_that_was_not_logged_is_left_out():
    run = dataclasses.replace(run_of([2, 1], train=[np.nan, 1]), lr=np.array([np.nan, 0.1]))
    first, second = rules.logged(run).observations
    assert (first.train_loss, first.lr) == (None, None) and (second.train_loss, second.lr) == (1, 0.1)


@pytest.mark.parametrize("val", [[1.0, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan], [np.nan] * 7])
def test_a_run_whose_losses_are_nan_has_diverged(val):
    assert rules.replayed(run_of(val)).decisions[-1].verdict == "diverged"
