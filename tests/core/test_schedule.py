import numpy as np
import pytest

from convergence_callbacks.core.schedule import LOOKS_AHEAD, rates_ahead


def test_nothing_is_known_without_a_schedule():
    assert rates_ahead(None, 3, 10) is None


def test_a_sequence_tells_the_rates_after_this_epoch():
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
