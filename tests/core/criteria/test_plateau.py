import numpy as np
import pytest

from convergence_callbacks import Monitor, Plateau
from tests.curves import stop_epoch

T = np.arange(60)
SETTLED = 1 / 2.0 ** np.minimum(T, 20)
"""Halves until epoch 20, and rests from then on."""


def stop(train, val, criterion=None, rate=None):
    monitor = Monitor(criteria=criterion or Plateau(10), stop_on=["converged"])
    losses = zip(T, train, val, strict=True)
    return stop_epoch(
        [monitor.update(train_loss=t, val_loss=v, lr=None if rate is None else rate[e]) for e, t, v in losses]
    )


def test_both_losses_at_rest_are_a_plateau():
    assert stop(SETTLED, SETTLED, Plateau(10, share=1e-9)) == 30
    assert stop(SETTLED, SETTLED, Plateau(20, share=1e-9)) == 40
    assert stop([None] * 60, SETTLED, Plateau(10, share=1e-9)) == 30


@pytest.mark.parametrize("falls", ["train", "val"])
def test_one_that_still_falls_is_none(falls):
    falling = 1 - T / 60
    losses = {"train": SETTLED, "val": SETTLED, falls: falling}
    assert stop(**losses) is None


def test_a_fall_of_just_the_share_is_rest():
    losses = np.where(T < 25, 1.0, np.where(T < 30, 0.25, 0.0))  # the second step is a quarter of the gain
    assert stop(losses, losses, Plateau(10, share=0.25)) == 35
    assert stop(losses, losses, Plateau(10, share=0.24)) == 40


def test_a_rate_that_has_just_dropped_re_arms_it():
    rate = np.where(T < 28, 0.1, 0.01)
    assert stop(SETTLED, SETTLED, Plateau(10, share=1e-9), rate) > 35


def test_a_loss_that_never_left_its_level_is_no_plateau():
    assert stop(np.ones(60), np.ones(60)) is None
