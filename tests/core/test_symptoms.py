"""The numbers that the diagnosis reads: what they say, and what changes none of them."""

import math

import numpy as np
import pytest

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.models.diagnosis.features import symptoms
from convergence_callbacks.core.observation import Observation


def seen(val, train=None, lr=None, max_epochs=None):
    curve = Curve()
    for epoch, loss in enumerate(val):
        curve.add(
            epoch, float(loss), math.nan if train is None else float(train[epoch]), math.nan if lr is None else lr
        )
    return symptoms(Reading(Observation(step=len(val) - 1, val_loss=float(val[-1])), curve, max_epochs=max_epochs))


def noisy(epochs=60, noise=0.03):
    t, rng = np.arange(epochs), np.random.default_rng(0)
    return 0.2 + np.exp(-t / 8) + rng.normal(0, noise, epochs), 0.1 + np.exp(-t / 10) + rng.normal(0, noise, epochs)


@pytest.mark.parametrize("factor", [1e-30, 1e-3, 7.0, 1e30])
def test_the_unit_of_the_loss_changes_nothing(factor):
    val, train = noisy()
    assert seen(factor * val, factor * train) == pytest.approx(seen(val, train), abs=2e-6, nan_ok=True)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 128, 129, 1000])
def test_there_are_as_many_for_a_run_of_any_length(epochs):
    found = seen(*noisy(epochs))
    assert found.keys() == seen(*noisy()).keys()
    assert not any(map(math.isinf, found.values()))


@pytest.mark.parametrize("level", [0.0, 1e-300, 1.0, -3.0, 1e100])
def test_a_loss_that_does_not_move_has_numbers_too(level):
    found = seen(np.full(20, level), np.full(20, level))
    assert found["val_rise"] == found["val_noise"] == -6.0 and found["both_agreement"] == found["gain_of_noise"] == 0.0


def test_without_train_loss_nothing_is_said_of_it():
    found = seen(noisy()[0])
    unknown = {name for name, value in found.items() if math.isnan(value)}
    assert all(name.startswith(("train_", "both_", "budget", "spent", "rate_")) for name in unknown)
    assert {"train_gain", "both_gap_of_gain"} <= unknown


def test_what_is_not_known_of_budget_and_rate_is_missing():
    assert math.isnan(seen(*noisy())["budget"]) and math.isnan(seen(*noisy())["rate_top"])
    known = seen(*noisy(), lr=0.01, max_epochs=120)
    assert (known["spent"], known["rate_top"], known["rate_now"]) == (0.5, -2.0, 1.0)


def test_a_straight_fall_is_straight_and_direct():
    line = seen(np.linspace(1, 0.5, 40))
    assert line["val_line"] == line["val_line_late"] == line["val_directness"] == 1.0
    assert seen(np.linspace(0.5, 1, 40))["val_line"] == -1.0


def test_levels_are_shares_of_the_start_and_rises_powers_of_ten_of_it():
    val = np.r_[1.0, [0.5] * 30, [0.6] * 30]
    found = seen(val)
    assert found["val_gain"] == pytest.approx(math.log10(0.5), abs=1e-6)
    assert found["val_rise"] == pytest.approx(-1.0, abs=1e-6)
    assert found["val_at_0.25"] == pytest.approx(math.log1p(0.5), abs=1e-6)


def test_shared_labels_are_learnt_by_both_and_broken_ones_by_train_loss_alone():
    t, rng = np.arange(60), np.random.default_rng(0)
    train = np.exp(-t / 20)
    assert seen(0.1 + train, train)["both_shared_gain"] == pytest.approx(1.0, abs=0.01)
    assert abs(seen(1 + rng.normal(0, 0.01, 60), train)["both_shared_gain"]) < 0.05
