"""Cost, regret, and the distance that a rule closes."""

import dataclasses

import numpy as np
import pytest

from benchmarks.measure.score import Frontiers, Result, bootstrap, cost_at, score, usable
from tests.benchmarks.measure.test_rules import run_of


def test_regret_is_the_share_of_the_gain_that_the_stop_gave_up():
    run = run_of([5, 3, 2, 1])
    result = score("any", [2, 4], [run, run])
    assert result.regret == pytest.approx([0.5, 0.0])
    assert result.cost == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(
    "change",
    [{"fault": "nan"}, {"multiplier": 10.0}, {"multiplier": 0.01}, {"baseline": 1.02}, {"val": np.array([5, np.nan])}],
)
def test_a_broken_run_says_nothing_about_stopping(change):
    run = run_of([5, 3, 2, 1])
    assert usable(run)
    assert not usable(dataclasses.replace(run, **change))


def test_a_setting_that_another_one_beats_is_not_on_the_frontier():
    assert cost_at([(0.0, 1.0), (0.02, 0.6), (0.03, 0.9), (0.04, 0.4)], 0.03) == pytest.approx(0.5)


def result_at(regret, cost):
    return Result("any", np.array([1]), np.array([cost]), np.array([regret]))


def test_half_way_between_patience_and_the_clairvoyant_closes_half():
    frontiers = Frontiers([result_at(0.01, 0.8)], [result_at(0.01, 0.6)], [result_at(0.01, 0.4)])
    assert frontiers.closed(0.01, np.array([0])) == pytest.approx(0.5)


def test_a_draw_takes_all_runs_of_a_data_set_or_none():
    for draw in bootstrap(["a", "a", "b"], draws=20):
        assert np.count_nonzero(draw == 0) == np.count_nonzero(draw == 1)
        assert np.count_nonzero(draw == 0) + np.count_nonzero(draw == 2) == 2
