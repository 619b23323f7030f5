"""The numbers that the model of the further gain reads."""

import math

import numpy as np
import pytest

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.models.further_gain.features import features
from convergence_callbacks.core.observation import Observation


def features_of(val, train=None, rates=None, max_epochs=None, scale=1.0):
    curve = Curve()
    train = val if train is None else train
    for epoch in range(len(val)):
        rate = math.nan if rates is None else rates[epoch]
        curve.add(epoch, scale * float(val[epoch]), scale * float(train[epoch]), rate)
    observation = Observation(step=len(val) - 1)
    return features(Reading(observation=observation, curve=curve, max_epochs=max_epochs, lr_schedule=rates))


FALLS = np.array([1.0, 0.8, 0.6, 0.5, 0.52, 0.51])


def test_progress_is_a_share_of_the_gain_since_an_earlier_bin():
    known = features_of(FALLS)
    assert known["wait"] == pytest.approx(math.log1p(2), abs=1e-8)
    assert known["wait_share"] == pytest.approx(2 / 6)
    assert known["gained"] == 0.5
    assert known["val_progress_3"] == pytest.approx((0.6 - 0.5) / 0.5)
    assert known["val_level_3"] == pytest.approx((0.51 - 0.5) / 0.5)
    assert known["val_within_0.1_share"] == pytest.approx(3 / 6)


@pytest.mark.parametrize("scale", [1e-9, 0.37, 3e7])
def test_the_unit_of_the_loss_changes_nothing(scale):
    train = FALLS - 0.1
    rates = [0.1] * 6
    assert features_of(FALLS, train, rates, 9, scale) == features_of(FALLS, train, rates, 9)


def test_what_is_not_known_is_missing():
    known = features_of(FALLS, np.full(6, np.nan))
    missing = {name for name, value in known.items() if math.isnan(value)}
    assert {"gap", "train_level", "train_noise", "rate", "rate_spent", "budget_spent", "epochs_left"} <= missing
    assert not any(name.startswith(("val_", "wait", "epochs", "forecast")) for name in missing - {"epochs_left"})


def test_the_schedule_tells_how_much_of_its_work_is_done():
    known = features_of(FALLS, rates=[0.1] * 6 + [0.01] * 6, max_epochs=12)
    assert known["rate"] == 1.0
    assert known["rate_least"] == pytest.approx(-1.0)
    assert known["rate_spent"] == pytest.approx(10 / 11)
    assert known["budget_spent"] == 0.5
    assert known["epochs_left"] == pytest.approx(math.log(7), abs=1e-8)


def test_a_rate_that_fell_is_seen():
    assert features_of(FALLS, rates=[0.1, 0.1, 0.1, 0.1, 0.01, 0.01])["rate_fell"] == pytest.approx(-1.0)
    assert features_of(FALLS, rates=[0.1, 0.1, 0.1, 0.1, 0.01, 0.01])["rate_age"] == pytest.approx(2 / 6)


@pytest.mark.parametrize("val", [np.zeros(5), np.full(5, -3.0), np.array([0, 1e90, -1e90, 0, 1.0])])
def test_no_curve_is_without_features(val):
    assert not any(math.isinf(value) for value in features_of(val).values())


def test_a_blown_up_start_is_no_gain():
    calm = features_of(FALLS)
    known = features_of(np.concatenate([[7e4, 900.0, 40.0], FALLS]))
    assert {name: known[name] for name in ("gained", "val_progress_3", "val_level_3", "val_noise")} == {
        name: calm[name] for name in ("gained", "val_progress_3", "val_level_3", "val_noise")
    }


def test_a_fast_start_is_one():
    assert features_of(np.array([10.0, *FALLS]))["gained"] == pytest.approx(1 - 0.5 / 10)
