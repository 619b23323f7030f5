import numpy as np
import pytest

from convergence_callbacks.core.curve.schedule import (
    JUST_OVER,
    LOOKS_AHEAD,
    rate_is_moving,
    rate_steps_down,
    rates_ahead,
)


def test_nothing_is_known_without_a_schedule():
    assert rates_ahead(None, 3, 10) is None


def test_a_sequence_gives_the_rates_after_this_epoch():
    np.testing.assert_allclose(rates_ahead([0.1, 0.2, 0.3, 0.4], 1, None), [0.3, 0.4])


def test_the_budget_ends_a_longer_sequence():
    np.testing.assert_allclose(rates_ahead([0.1, 0.2, 0.3, 0.4], 0, 3), [0.2, 0.3])


def test_a_function_is_asked_for_the_epochs_to_come():
    np.testing.assert_allclose(rates_ahead(lambda epoch: 1 / epoch, 1, 4), [1 / 2, 1 / 3])


def test_without_a_budget_a_function_is_asked_for_as_far_again():
    np.testing.assert_allclose(rates_ahead(float, 2, None), [3, 4, 5])


def test_at_the_end_there_is_nothing_to_come():
    assert len(rates_ahead([0.1, 0.2], 1, None)) == 0
    assert len(rates_ahead([0.1, 0.2], 7, 5)) == 0


def test_a_long_future_is_thinned_but_keeps_its_ends():
    rates = rates_ahead(float, 9, 100_000)
    assert (len(rates), rates[0], rates[-1]) == (LOOKS_AHEAD, 10, 99_999)


@pytest.mark.parametrize(
    "broken", [lambda epoch: 1 / 0, lambda epoch: None, lambda epoch: float("nan"), ["a", "b", "c"]]
)
def test_a_schedule_that_fails_is_an_unknown_one(broken):
    assert rates_ahead(broken, 0, 3) is None


@pytest.mark.parametrize(
    ("past", "ahead", "moving"),
    [
        ([0.1] * 10, None, False),
        ([0.01, 0.05, 0.1], None, True),  # warms up
        ([0.1] * 10 + [0.01], None, True),  # has just dropped
        ([0.1] + [0.01] * 4, None, True),
        ([0.1] + [0.01] * 5, None, False),  # dropped before the window
        ([0.1] * 10, [0.1, 0.01], True),  # is about to drop
        ([0.1] * 10, [0.1, 0.09], False),
        ([0.1] * 5 + [0.05] * 5, [0.1], True),  # is about to restart
        ([0.1] * 5 + [0.002] * 5, [0.0001], False),  # spent: a further drop changes nothing
        ([0.1] * 5 + [0.002] * 5, [0.006], True),  # but a restart does
        ([1.0] * 5 + [0.002] * 5, [0.006], False),  # one to a rate that is spent as well does not
        ([1.0] * 5 + [0.6], None, False),  # just not a drop, …
        ([1.0] * 5, [0.6], False),
        ([1.0, 1.001], None, False),  # … just not a warm-up, …
        ([1.0] * 3 + [0.05] * 2, None, True),  # … and just not spent
        ([0.1] * 10, [], False),
        ([np.nan] * 10, None, False),
    ],
)
def test_the_rate_moves_when_it_warms_up_drops_or_restarts(past, ahead, moving):
    ahead = None if ahead is None else np.array(ahead)
    assert rate_is_moving(np.array(past), np.array(past[-5:]), ahead) is moving


@pytest.mark.parametrize(
    ("past", "ahead", "steps_down"),
    [
        ([1, 1, 1, 1, 1], [1, 1, 1, 1, 0.5], True),
        ([1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], False),
        ([1, 1, 1, 1, 1], [0.9, 0.8, 0.7, 0.6, 0.5], False),
        ([1, 0.1, 0.1, 0.1], None, True),
        ([1, 0.1, 0.1, 0.1, 0.1], None, False),
        ([1, 1, 1, 0.04, 0.001], [0.001], True),
        ([1, 0.1, 0.1, 0.1, 0.1], [0.01], False),  # what a step brings is known from the first
        ([1, 0.8, 0.6, 0.4, 0.2], None, False),  # a line that ends at zero halves the rate at last, …
        ([1, 0.8, 0.6, 0.4, 0.2], [0.0], False),
        ([1, 0.95, 0.8, 0.6, 0.34, 0.14], [0.03], False),  # … and so does half a cosine
        ([1, 0.8, 0.6, 0.4, 0.2], [0.02, 0.02], False),
        ([1, 0.99, 0.98, 0.97, 0.96], [0.95, 0.3], True),
        ([np.nan, np.nan], None, False),
    ],
)
def test_a_step_of_the_rate_is_seen_three_epochs_back_and_where_it_is_ahead(past, ahead, steps_down):
    past, ahead = np.array(past, float), None if ahead is None else np.array(ahead, float)
    assert rate_steps_down(past, past[-JUST_OVER - 2 :], ahead) is steps_down
