"""What is expected of a training, from the fitted model."""

import pytest

from convergence_callbacks.core.models.further_gain.model import fitted, further_gain
from convergence_callbacks.core.rule.expected_gain import weight_of
from convergence_callbacks.core.rule.guards import WORTH_OF_WAITING, worth_of_waiting


def test_the_less_training_on_is_worth_the_less_is_expected():
    expected = [further_gain(worth / 100) for worth in range(0, 160, 2)]
    assert [gain.mean for gain in expected] == sorted(gain.mean for gain in expected)
    assert all(gain.mean <= gain.most for gain in expected if gain.mean > 0.001)
    assert further_gain(-1.0).mean < 0.002 < 0.05 < further_gain(1.3).mean
    assert further_gain(fitted().levels[-1] + 0.01).mean == 1.0


def test_a_single_low_estimate_counts_little_in_a_long_run():
    assert weight_of(1, 10, budget=100) == 1
    assert weight_of(1, 100, budget=100) == pytest.approx(1 / 10)


def test_without_a_budget_more_epochs_have_to_agree():
    assert weight_of(1, 10, budget=None) == pytest.approx(1 / 5)
    assert weight_of(1, 100, budget=None) == weight_of(1, 100, budget=100)


def test_an_estimate_counts_for_all_bins_since_the_last_look():
    once = weight_of(1, 100, budget=100)
    assert weight_of(3, 100, budget=100) == pytest.approx(1 - (1 - once) ** 3)


@pytest.mark.parametrize(
    ("level", "noise", "worth"),
    [(0.5, 0.2, WORTH_OF_WAITING), (0.5, 0.05, 0.1), (0.3, 0.2, 0.1), (0.4, 0.2, 0.1), (0.5, 0.1, 0.1)],
)
def test_a_validation_loss_that_was_thrown_off_may_come_back(level, noise, worth):
    assert worth_of_waiting(0.1, {"val_level_12": level, "val_clear": 1 / noise}) == worth
