"""The rows hold what the rule could have known at each epoch, and what it should have estimated."""

import numpy as np
import pytest

from benchmarks.fit.further_gain_rows import all_rows, regret_of, rows_of, worth_of
from convergence_callbacks.core.models.features import names
from tests.benchmarks.measure.test_rules import run_of

STEPS = run_of([4, 2, 2, 2, 1, 1, 1, 1, 1, 1])


def test_regret_is_what_is_still_to_be_gained():
    regret = regret_of(run_of([4.0] * 6 + [1.0] * 6))
    assert regret[0] == pytest.approx(1.0) and regret[-1] == 0.0
    assert (np.diff(regret) <= 0).all() and regret[3] > 0.9 > 0.1 > regret[8]


def test_a_lucky_low_is_nothing_to_wait_for():
    losses = np.r_[4.0, np.full(20, 1.0)]
    lucky = losses.copy()
    lucky[15] = 0.5
    assert regret_of(run_of(lucky))[5] < 0.05 < 0.1 < (losses[5] - lucky.min()) / (4.0 - lucky.min())


def test_worth_is_the_best_that_any_stretch_brings_for_its_epochs():
    regret, worth = regret_of(STEPS), worth_of(STEPS)
    for epoch in range(9):
        brought = [(regret[epoch] - regret[later]) / ((later - epoch) / 10 + 0.02) for later in range(epoch + 1, 10)]
        assert worth[epoch] == pytest.approx(max(brought))
    assert worth[0] > worth[8] and worth[9] == 0.0


def test_a_row_knows_what_came_before_it_and_nothing_else():
    cut = run_of(STEPS.val[:6])
    chosen = np.full(10, True)
    rows, rows_of_cut = (
        rows_of(run, chosen[: run.epochs], budget_known=False, schedule_known=False) for run in (STEPS, cut)
    )
    np.testing.assert_array_equal(rows.features[:4], rows_of_cut.features)
    assert rows.epochs.tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert rows.features.shape[1] == len(names())


def test_a_budget_may_be_known_without_a_schedule():
    (row,) = rows_of(STEPS, np.arange(10) == 5, schedule_known=False).features
    by_name = dict(zip(names(), row, strict=True))
    assert np.isnan(by_name["rate_spent"]) and not np.isnan(by_name["epochs_left"])


def test_a_long_run_is_judged_once_a_bin():
    (rows,) = all_rows([run_of(1 / np.arange(1, 301))], jobs=1)
    assert np.diff(rows.epochs[rows.epochs > 256]).tolist() == [4] * 10
    assert max(rows.bins) <= 128
