"""What is promised in epochs is kept in epochs, however many there were before and however coarse their bins are."""

import dataclasses

import numpy as np
import pytest

from convergence_callbacks import ExplodingLoss, Monitor, Plateau, Verdict
from convergence_callbacks.core.curve.curve import CAPACITY, LATEST_EPOCHS, Curve

LENGTHS = [50, 5_000, 500_000]
each_length = pytest.mark.parametrize("length", LENGTHS[1:])


def curve_of(losses, rate=0.1):
    """The curve of a run, put together from its bins at once."""
    epochs, width = len(losses), 1
    while epochs > width * CAPACITY:
        width *= 2
    curve = Curve()
    for epoch in range(min(epochs, CAPACITY)):
        curve.add(epoch, losses[epoch], losses[epoch], rate)
    bins = -(-epochs // width)
    padded = np.concatenate([losses, np.full(bins * width - epochs, np.nan)]).reshape(bins, width)
    mean, lowest = np.nanmean(padded, axis=1), np.nanmin(padded, axis=1)
    curve.rows[:, :bins] = mean, lowest, mean, np.full(bins, rate)
    best = int(np.argmin(losses))
    more = {
        "count": epochs,
        "width": width,
        "filled": epochs - (bins - 1) * width,
        "bins": bins,
        "best_epoch": best + 1,
    }
    ends = {
        "best": losses[best],
        "best_step": best,
        "worst": losses.max(),
        "latest": losses[-1],
        "latest_step": epochs - 1,
    }
    curve = dataclasses.replace(curve, **more, **ends)
    if width > 1:
        curve.recent.extend((loss, rate) for loss in losses[-LATEST_EPOCHS:].tolist())
    return curve


def stop_after(length, losses, rates=0.1, **settings):
    """How many epochs after a run of a length a monitor ends it, that goes on with these losses; None where never."""
    before = 1 + np.exp(-np.arange(length) / (length / 5))
    monitor = Monitor(stop_on=tuple(Verdict), **settings)
    for epoch in range(6):
        monitor.update(step=epoch, val_loss=before[epoch], train_loss=before[epoch], lr=0.1)
    monitor._state.track.curve = curve_of(before)
    for name in ("diagnosis", "expected_gain"):
        monitor._state.diagnosis[name]["looked_at"] = length
    for epoch, (loss, rate) in enumerate(zip(losses, np.broadcast_to(rates, len(losses)), strict=True)):
        decision = monitor.update(step=length + epoch, val_loss=float(loss), train_loss=float(loss), lr=float(rate))
        if decision.stop and decision.criterion != "expected_gain":
            return epoch + 1
    return None


def test_the_curve_that_is_put_together_is_that_of_its_epochs():
    losses = 1 / (1 + np.arange(1_000.0))
    curve = Curve()
    for epoch, loss in enumerate(losses):
        curve.add(epoch, loss, loss, 0.1)
    ours, theirs = curve_of(losses).state_dict(), curve.state_dict()
    np.testing.assert_allclose(ours.pop("recent"), theirs.pop("recent"))
    assert ours == {name: pytest.approx(value) for name, value in theirs.items()}


@pytest.mark.parametrize("criteria", [None, ExplodingLoss()])
@each_length
def test_a_loss_that_explodes_is_found_after_five_epochs(length, criteria):
    exploding = 10.0 + 2.0 ** np.arange(20)
    assert stop_after(length, exploding, criteria=criteria) == stop_after(50, exploding, criteria=criteria) == 5


@pytest.mark.parametrize("epochs", [10, 16, 200])
@each_length
def test_a_plateau_is_found_after_its_epochs(length, epochs):
    falls = np.r_[np.linspace(0.9, 0.1, 9), np.full(300, 0.1)]
    found = stop_after(length, falls, criteria=Plateau(epochs))
    assert 9 + epochs <= found <= 9 + epochs + epochs / 16
    assert found == stop_after(50, falls, criteria=Plateau(epochs))


@each_length
def test_a_drop_of_the_rate_re_arms_a_plateau_for_its_epochs(length):
    falls, rates = np.r_[np.linspace(0.9, 0.1, 9), np.full(40, 0.1)], np.where(np.arange(49) < 16, 0.1, 0.01)
    found = stop_after(length, falls, rates, criteria=Plateau(10))
    assert found == stop_after(50, falls, rates, criteria=Plateau(10)) == 16 + 11
