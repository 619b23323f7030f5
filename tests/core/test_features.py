"""The numbers that both fitted models read: what they say, and what changes none of them."""

import math

import numpy as np
import pytest

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.models.features import features
from convergence_callbacks.core.observation import Observation


def features_of(val, train=None, rates=None, max_epochs=None, baseline=None):
    curve = Curve()
    train = val if train is None else train
    for epoch in range(len(val)):
        rate = math.nan if rates is None else rates[epoch]
        curve.add(epoch, float(val[epoch]), float(train[epoch]), rate)
    observation = Observation(step=len(val) - 1)
    return features(Reading(observation, curve, max_epochs=max_epochs, lr_schedule=rates, baseline=baseline))


FALLS = np.array([1.0, 0.8, 0.6, 0.5, 0.52, 0.51])


def noisy(epochs=60, noise=0.03):
    t, rng = np.arange(epochs), np.random.default_rng(0)
    return 0.2 + np.exp(-t / 8) + rng.normal(0, noise, epochs), 0.1 + np.exp(-t / 10) + rng.normal(0, noise, epochs)


def test_losses_enter_in_units_of_what_they_have_fallen():
    features = features_of(FALLS)
    assert (features["epochs"], features["wait"]) == (6, 2)
    assert features["val_progress_3"] == pytest.approx((0.6 - 0.5) / 0.5)
    assert features["val_level_3"] == pytest.approx((0.51 - 0.5) / 0.5)
    assert features["val_fall_after_4"] == pytest.approx((1.0 - 0.52) / 0.5)
    assert features["val_within_0.1"] == 3


@pytest.mark.parametrize("factor", [2.0**-100, 0.5, 2.0**100])
@pytest.mark.parametrize("epochs", [3, 60, 500])
def test_the_unit_of_the_loss_changes_nothing(factor, epochs):
    val, train = noisy(epochs)
    assert features_of(factor * val, factor * train) == pytest.approx(features_of(val, train), nan_ok=True)


@pytest.mark.parametrize("constant", [-50.0, -0.5, 16.0, 1000.0])
@pytest.mark.parametrize("epochs", [3, 60, 500])
def test_a_constant_added_to_both_losses_changes_nothing(constant, epochs):
    val, train = noisy(epochs)
    shifted = features_of(val + constant, train + constant)
    assert shifted == pytest.approx(features_of(val, train), rel=1e-4, abs=1e-5, nan_ok=True)


def test_what_is_not_known_is_missing():
    features = features_of(FALLS, np.full(6, np.nan))
    missing = {name for name, value in features.items() if math.isnan(value)}
    assert {"gap", "train_clear", "train_level_3", "rate", "rate_spent", "budget_spent", "epochs_left"} <= missing
    assert {"left_of_baseline", "now_of_baseline"} <= missing
    assert not any(name.startswith(("val_", "wait")) for name in missing)


def test_the_schedule_shows_how_much_of_its_work_is_done():
    features = features_of(FALLS, rates=[0.1] * 6 + [0.01] * 6, max_epochs=12)
    assert (features["rate"], features["rate_top"]) == (1.0, -1.0)
    assert features["rate_spent"] == pytest.approx(10 / 11)
    assert (features["budget_spent"], features["epochs_left"]) == (0.5, 6)


def test_a_rate_that_fell_is_seen():
    assert features_of(FALLS, rates=[0.1, 0.1, 0.1, 0.1, 0.01, 0.01])["rate_fell"] == pytest.approx(-1.0)


def test_a_trivial_predictor_s_loss_shows_how_much_of_it_is_left():
    features = features_of(FALLS, FALLS - 0.1, baseline=2.0)
    assert features["left_of_baseline"] == pytest.approx(0.25)
    assert features["now_of_baseline"] == pytest.approx(0.255)
    assert features["train_left_of_baseline"] == pytest.approx(0.2)


@pytest.mark.parametrize("level", [0.0, 1e-300, 1.0, -3.0, 1e100])
def test_a_loss_that_does_not_move_has_numbers_too(level):
    features = features_of(np.full(20, level))
    assert features["val_clear"] == features["val_level_6"] == features["agreement"] == features["val_line"] == 0.0


@pytest.mark.parametrize("val", [np.zeros(5), np.full(5, -3.0), np.array([0, 1e90, -1e90, 0, 1.0])])
def test_no_curve_is_without_features(val):
    assert not any(math.isinf(value) for value in features_of(val).values())


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 128, 129, 1000])
def test_there_are_as_many_for_a_run_of_any_length(epochs):
    assert features_of(*noisy(epochs)).keys() == features_of(*noisy()).keys()


def test_a_straight_fall_is_straight():
    line = features_of(np.linspace(1, 0.5, 40))
    assert line["val_line"] == line["val_line_late"] == 1.0
    assert features_of(np.linspace(0.5, 1, 40))["val_line"] == -1.0


def test_a_blown_up_start_is_no_gain():
    sound = features_of(FALLS)
    blown_up = features_of(np.concatenate([[7e4, 900.0, 400.0], FALLS]))
    names = ("val_clear", "val_progress_3", "val_level_3")
    assert [blown_up[name] for name in names] == [sound[name] for name in names]


def test_a_fast_start_is_one():
    assert features_of(np.array([10.0, *FALLS]))["val_progress_since_0.5"] == pytest.approx(0.3 / 9.5, abs=1e-6)
