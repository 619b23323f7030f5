"""The rate that is advised: how many times too low or high, and in numbers."""

import numpy as np
import pytest

from convergence_callbacks.core.curve.advised_rate import higher_rate, highest_rate, lower_rate
from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.observation import Observation


def seen(losses, rates=None, **known):
    curve, rates = Curve(), [None] * len(losses) if rates is None else rates
    for epoch, (loss, rate) in enumerate(zip(losses, rates, strict=True)):
        curve.add(epoch, loss, np.nan, np.nan if rate is None else rate)
    return Reading(observation=Observation(step=len(losses) - 1, lr=rates[-1] if rates else None), curve=curve, **known)


@pytest.mark.parametrize(("gained", "times"), [(0.5, 10), (0.05, 30), (0.01, 100), (0.001, 300), (0.0, 300)])
def test_the_less_a_slow_run_gained_the_more_its_rate_is_too_low(gained, times):
    numbers = higher_rate(seen(np.linspace(1, 1 - gained, 20), [0.001] * 20, baseline=1.0), 0.5)
    assert numbers == {"times_too_low": times, "advised_rate": pytest.approx(0.001 * times), "rate_falls": 0.0}


@pytest.mark.parametrize(("late", "times"), [(0.5, 100), (0.2, 100), (0.19, 10), (-0.1, 10)])
def test_where_no_trivial_predictor_is_known_the_later_the_gain_came_the_more_its_rate_is_too_low(late, times):
    for floor in (0.0, 1e3):
        assert higher_rate(seen(floor + np.linspace(1, 0.5, 20), [0.001] * 20), late)["times_too_low"] == times


@pytest.mark.parametrize(("first", "times"), [(2.0, 10), (500.0, 30)])
def test_a_run_that_its_first_steps_threw_off_needs_a_far_lower_rate(first, times):
    numbers = lower_rate(seen([first, *[1.0, 1.2] * 10], [0.3] * 21))
    assert numbers == {"times_too_high": times, "advised_rate": pytest.approx(0.3 / times), "rate_falls": 0.0}


@pytest.mark.parametrize(("rate", "times"), [(0.01, 3), (0.049, 3), (0.05, 10), (None, 10)])
def test_a_low_rate_is_hardly_far_too_high(rate, times):
    assert lower_rate(seen([2.0, *[1.0, 1.2] * 10], [rate] * 21))["times_too_high"] == times


def test_of_a_run_that_never_had_a_finite_loss_no_rate_is_made_up():
    assert lower_rate(seen([])) == {}


def test_of_a_schedule_the_highest_rate_is_advised_not_the_one_that_it_ends_with():
    numbers = higher_rate(seen(np.linspace(1, 0.5, 3), [0.1, 0.05, 1e-9]), 0.1)
    assert numbers == {"times_too_low": 10, "advised_rate": pytest.approx(1.0), "rate_falls": 1.0}


@pytest.mark.parametrize("rate", [None, 0.0, np.nan, -1.0])
def test_without_a_known_rate_no_number_is_made_up(rate):
    reading = seen([1.0, 0.8], [rate] * 2)
    assert highest_rate(reading) is None
    assert higher_rate(reading, 0.1) == {"times_too_low": 10}
