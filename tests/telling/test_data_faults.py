"""Faults in data and gradients are put into words."""

import numpy as np
import pytest

from convergence_callbacks import Fault, Layer, check_data
from convergence_callbacks.data_check import CHECKS
from convergence_callbacks.telling.data_faults import ADVICE, REASONS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 5))


def broken(place):
    inputs = X.copy()
    inputs[place] = np.nan
    return inputs


def layers(*largest):
    return [Layer(f"layer{number}", 10, each) for number, each in enumerate(largest)]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            check_data(broken(np.s_[7:9, 3]))[0],
            "inputs of 2 of 400 examples are NaN or infinite, all in feature 3; the first is example 7",
        ),
        (check_data(broken(np.s_[0]))[0], "inputs of 1 of 400 examples are NaN or infinite; the first is example 0"),
        (check_data(np.ones((50, 2)))[0], "all 50 inputs looked at are the same"),
        (check_data(X, np.zeros(400))[0], "all 400 targets looked at are 0"),
        (check_data(X, np.zeros((400, 2)))[0], "all 400 targets looked at are the same"),
        (
            check_data(X * [1, 1, 1, 1, 1e6])[0],
            "1 of 5 input features are not scaled: feature 4 is about 1e+06",
        ),
        (
            check_data(X[:4], X[:4, 0], outputs=X[:4, :1])[0],
            "outputs of shape (4, 1) and targets of shape (4,) are compared as (4, 4): every output with every target",
        ),
        (
            check_data([], layers=layers(*[(0.0,)] * 5, (1.0,)))[0],
            "no gradient reaches 5 of 6 layers: layer0, layer1, layer2 and 2 more",
        ),
        (
            check_data([], layers=layers((float("nan"),), (1.0,)))[0],
            "gradients are NaN or infinite in 1 of 2 layers: layer0",
        ),
        (check_data([], layers=layers((0.0,)))[0], "no gradient reaches any weight: layer0"),
        (check_data([], layers=[Layer("head", 10, (0.0,), trainable=False)])[0], "all weights are frozen: head"),
    ],
)
def test_a_fault_is_reported_with_its_numbers(fault, reason):
    assert fault.reason == reason and fault.advice
    assert str(fault) == f"{fault.name}: {reason} | next: {fault.advice}"


def test_targets_that_only_have_another_shape_are_to_be_reshaped():
    fault = check_data(X[:4], X[:4, 0], outputs=X[:4, :1])[0]
    assert fault.advice == "give both the same shape, such as targets.reshape(4, 1)"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_has_its_words(check):
    assert check.__name__ in REASONS and check.__name__ in ADVICE


def test_a_fault_of_a_newer_version_is_named():
    assert Fault("upside_down_images", 1).reason == "upside down images"
