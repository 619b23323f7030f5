"""The speed of convergence is reported with an interval, or not at all."""

import numpy as np
import pytest

from convergence_callbacks.forecast.rate import convergence_rate


def curve(losses, noise=0.0, seed=0):
    epochs = np.arange(1.0, 101.0)
    return epochs, losses(epochs) + noise * np.random.default_rng(seed).standard_normal(100)


@pytest.mark.parametrize("exponent", [0.25, 0.5, 1.0, 2.0])
def test_a_power_of_time_is_sublinear_with_its_exponent(exponent):
    rate = convergence_rate(*curve(lambda t: 3 + t**-exponent))
    assert rate.kind == "sublinear" and rate.half_life is None
    assert rate.exponent.low <= exponent <= rate.exponent.high < 1.5 * rate.exponent.low


@pytest.mark.parametrize("half_life", [5, 12, 30])
def test_an_exponential_is_linear_with_its_half_life(half_life):
    rate = convergence_rate(*curve(lambda t: 3 + 0.5 ** (t / half_life)))
    assert rate.kind == "linear" and rate.exponent is None
    assert rate.half_life.low <= half_life <= rate.half_life.high < 1.2 * rate.half_life.low


@pytest.mark.parametrize("seed", range(5))
def test_noise_widens_the_interval_or_hides_all(seed):
    quiet = convergence_rate(*curve(lambda t: t**-0.5, 0.001, seed)).exponent
    noisy = convergence_rate(*curve(lambda t: t**-0.5, 0.01, seed))
    assert noisy.kind != "sublinear" or noisy.exponent.high / noisy.exponent.low > quiet.high / quiet.low
    assert convergence_rate(*curve(lambda t: 0 * t, 0.01, seed)).kind == "stalled"


@pytest.mark.parametrize("losses", [lambda t: 1 + 0 * t, lambda t: t, lambda t: 0 * t], ids=["flat", "rising", "zero"])
def test_what_does_not_fall_is_stalled(losses):
    assert convergence_rate(*curve(losses)).kind == "stalled"


def test_few_epochs_give_no_rate():
    epochs = np.arange(1.0, 8.0)
    assert str(convergence_rate(epochs, 1 / epochs)) == "too early to know the rate"


@pytest.mark.parametrize(
    ("exponent", "words"),
    [
        (0.2, "slower than the 1/√t"),
        (0.5, "1/√t is what theory"),
        (0.7, "faster than the 1/√t"),
        (1.0, "1/t is the best"),
    ],
)
def test_theory_is_named_beside_it(exponent, words):
    assert words in str(convergence_rate(*curve(lambda t: t**-exponent)))
