"""Cost, regret, and the distance that a rule closes."""

import dataclasses

import numpy as np
import pytest

from benchmarks.measure.score import Frontiers, Result, cost_at, score, smoothed, usable
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
    return Result("any", np.array([1]), np.array([cost]), np.array([regret]), np.ones(1))


def test_half_way_between_patience_and_the_clairvoyant_closes_half():
    frontiers = Frontiers([result_at(0.01, 0.8)], [result_at(0.01, 0.6)], [result_at(0.01, 0.4)])
    assert frontiers.closed(0.01, np.array([0])) == pytest.approx(0.5)


def test_never_to_stop_is_on_every_frontier():
    assert cost_at([(0.02, 0.6)], 0.01) == pytest.approx(0.8)


def test_public_projects_count_alike_and_recorded_runs_too():
    run = run_of([5, 3, 2, 1])
    runs = [dataclasses.replace(run, data=data) for data in ("a", "a", "b")]
    assert score("any", [2, 2, 4], runs).point == pytest.approx((1 / 3, 2 / 3))
    logged = score("any", [2, 2, 4], [dataclasses.replace(run, domain="speech") for run in runs])
    assert logged.point == pytest.approx((0.25, 0.75))
    assert logged.quantile(0.4) == 0.0 and logged.quantile(0.6) == 0.5
    assert logged.of(np.array([2, 0])).point == pytest.approx((1 / 6, 5 / 6))


def test_a_lucky_low_is_no_gain():
    noisy = run_of([5, 2, 2, 2, 2, 2, 1.0, 2, 2, 2])
    assert score("any", [5], [noisy]).regret == pytest.approx([0.25])
    assert score("any", [5], [smoothed(noisy)]).regret == pytest.approx([0.05 / 3.25])
    assert smoothed(noisy).val[0] == 3.0
