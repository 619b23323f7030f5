"""A loss has no zero: neither its unit nor a constant added to both losses nor turning it round changes what is found.

Curves are rounded to a millionth and constants are powers of two, so that they add up without an error.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergence_callbacks import Monitor, Observation, Verdict
from convergence_callbacks.compare import outcomes_of
from convergence_callbacks.core.settings import Settings
from tests.core.criteria.test_contract import CRITERIA
from tests.core.test_properties import curves
from tests.curves import LearningCurve, exponential, overfitting, sleeper, step_drop, straight
from tests.test_replay import run_of

pytestmark = pytest.mark.no_cover  # which makes it twice as slow

READS_THE_LEVEL = {
    "generalization_loss": "Prechelt defines it in percent of the best loss",
    "progress_quotient": "so is the progress that he divides it by",
    "target_loss": "a target is set in the user's own unit",
    "any_of": "the example has a target",
    "all_of": "the example has a target",
}
"""Criteria that need to know where zero is, each with the reason."""

FREE = [criterion for criterion in CRITERIA if criterion.name not in READS_THE_LEVEL]

EXPLODES = np.r_[1 + np.exp(-np.arange(30) / 5), 1 + 2.0 ** np.arange(20)]
CURVES = [
    exponential(60, 5, noise=0.01),
    exponential(300, 20, noise=0.01),
    overfitting(60, 12, noise=0.01),
    sleeper(120, 50),
    step_drop(60, 30),
    straight(150),
    LearningCurve("flat", np.full(90, 0.6875), np.full(90, 0.6875)),
    LearningCurve("noise", *(1 + 0.1 * np.random.default_rng(0).standard_normal((2, 90)))),
    LearningCurve("explodes", EXPLODES, EXPLODES - 0.25),
    LearningCurve("jumps", *(1 + np.exp(-np.arange(60) / 3) + 0.5 * (-1.0) ** np.arange(60) + np.zeros((2, 60)))),
]
CHANGES = [(2.0**-40, 0.0), (2.0**30, 0.0), (1.0, -4.0), (1.0, 16.0), (1.0, 1024.0), (-1.0, 0.0), (-0.5, 64.0)]
"""A factor, below 0 where more is better, and a constant that is added to both losses."""


def rounded(curve):
    exact = 2.0**20
    train = None if curve.train is None else np.round(curve.train * exact) / exact
    return LearningCurve(curve.name, np.round(curve.val * exact) / exact, train, curve.lr)


def changed(curve, factor, by):
    train = None if curve.train is None else factor * curve.train + by
    return LearningCurve(f"{curve.name} × {factor} + {by}", factor * curve.val + by, train, curve.lr)


def each_finding(curve, factor=1.0, by=0.0):
    """What each criterion finds at each epoch: its name, the epoch and the finding."""
    curve = changed(curve, factor, by)
    monitor = Monitor(mode="max" if factor < 0 else "min", stop_on=())
    states = {each.name: each.start() for each in FREE}
    for epoch, val in enumerate(curve.val):
        train, rate = (None if given is None else float(given[epoch]) for given in (curve.train, curve.lr))
        reading = monitor.read(observed(epoch, train, float(val), rate))
        for criterion in FREE:
            states[criterion.name], finds = criterion.step(states[criterion.name], reading)
            if finds:
                yield criterion.name, epoch, criterion.finding(states[criterion.name], reading)


def found(curve, factor=1.0, by=0.0):
    """The epochs at which each criterion finds something, and the verdict."""
    findings = {each.name: [] for each in FREE}
    for name, epoch, finding in each_finding(curve, factor, by):
        findings[name].append((epoch, finding.verdict))
    return findings


def evidence(curve, by=0.0):
    """The numbers behind each finding."""
    return [(name, dict(finding.evidence)) for name, _, finding in each_finding(curve, by=by)]


LEVELS = {"loss", "started_at", "best", "patience_best", "train_started_at", "train_best"}
"""Numbers of the evidence that are losses, so that a constant moves them."""


@pytest.mark.parametrize("by", [-4.0, 1024.0])
@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_no_number_behind_a_finding_is_a_share_of_a_level(curve, by):
    curve = rounded(curve)
    for (name, expected), (_, moved) in zip(evidence(curve), evidence(curve, by), strict=True):
        assert expected.keys() == moved.keys(), name
        for number in expected:
            shift = by if number in LEVELS else 0.0
            assert moved[number] == pytest.approx(expected[number] + shift, rel=1e-6, abs=1e-9), (name, number)


def observed(epoch, train, val, rate):
    return Observation(step=epoch, train_loss=train, val_loss=val, lr=rate, elapsed=float(epoch))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_what_a_criterion_finds_needs_no_zero(curve):
    curve = rounded(curve)
    expected = found(curve)
    for change in CHANGES:
        assert found(curve, *change) == expected, f"{curve.name}: {change}"


def test_the_curves_show_each_criterion_something_to_find():
    each = [found(rounded(curve)) for curve in CURVES]
    silent = {name for name in each[0] if not any(findings[name] for findings in each)}
    assert silent == {"non_finite_loss", "time_budget"}


@settings(max_examples=15)
@given(curves(), st.integers(-30, 30), st.integers(-12, 10), st.booleans())
def test_nor_does_it_on_any_other_curve(curve, exponent, constant, mirrored):
    train, val, rate = curve
    curve = rounded(LearningCurve("any", val, train, rate))
    factor = 2.0**exponent * (-1 if mirrored else 1)
    assert found(curve, factor, abs(factor) * 2.0**constant) == found(curve), str(curve)


@pytest.mark.parametrize("change", CHANGES)
def test_nor_does_what_compare_makes_of_a_rule(change):
    def outcomes(factor, by):
        mode = "max" if factor < 0 else "min"
        rules = [Settings(criteria=each, stop_on=tuple(Verdict), min_epochs=1, mode=mode) for each in FREE]
        runs = [run_of(changed(rounded(curve), factor, by)) for curve in CURVES]
        found = outcomes_of(runs, rules)
        return [outcome.spent for outcome in found], [outcome.lost for outcome in found]

    (spent, lost), (expected, loses) = outcomes(*change), outcomes(1.0, 0.0)
    assert spent == expected
    np.testing.assert_allclose(lost, loses, atol=1e-9)


def forecasts(curve, factor=1.0, by=0.0):
    """Levels to come as a criterion reads them, whatever the unit; the epochs that are left; how fast it converges."""
    mode, epochs = "max" if factor < 0 else "min", len(curve.val)
    levels, rest = [], []
    for of in ("judged", "train") if curve.train is not None else ("judged",):
        monitor, shown = Monitor(mode=mode, stop_on=(), max_epochs=2 * epochs), changed(curve, factor, by)
        for epoch, val in enumerate(shown.val.tolist()):
            monitor.update(val_loss=val, train_loss=None if shown.train is None else float(shown.train[epoch]))
            if epoch in {7, 20, epochs - 1} and (seen := monitor.forecast(of)) is not None:
                ends = [(each.low, each.value, each.high) for each in (seen.end, seen.asymptote)]
                levels += [sorted((level - by) / factor for level in each) for each in ends]
                rest.append((seen.epochs_left, seen.rate.kind))
    return np.array(levels), rest


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_where_a_training_is_going_needs_no_zero(curve):
    levels, rest = forecasts(rounded(curve))
    for change in CHANGES:
        others, same = forecasts(rounded(curve), *change)
        np.testing.assert_allclose(others, levels, rtol=1e-6, atol=1e-6, err_msg=f"{curve.name}: {change}")
        assert same == rest, f"{curve.name}: {change}"
