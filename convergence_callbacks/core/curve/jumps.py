"""How far a loss jumps, and whether it only came back from where its first steps threw it."""

from __future__ import annotations

import math

import numpy as np

from convergence_callbacks.core.curve.advised_rate import lower_rate
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.series import Series, median

JUMP_SHARE = 0.3
"""Mean jump that is too large, as a share of the gain after the first epochs."""

LATEST_BINS = 20
"""Bins that are looked at: jumps of long ago are over."""

AFTER_THE_FIRST_SHARE = 0.03
"""Share of its gain that a healthy run makes at least after its first epochs."""

FEWEST_BINS = 4
"""Bins from which on train loss can be compared."""


def jump(reading: Reading) -> float:
    """Mean jump of the judged loss, as a share of its gain after the first epochs."""
    return _jump(reading.losses)


def other_jump(reading: Reading) -> float:
    """Mean jump of the train loss beside a validation loss; of the judged loss where there is none."""
    return _jump(_other_loss(reading))


def only_recovered(reading: Reading) -> bool:
    """Whether both losses only came back from where the first steps threw them."""
    train, fall = _other_loss(reading), reading.start - reading.curve.best
    return _is_only_recovery(reading.losses, fall) and _is_only_recovery(train, float(np.ptp(train)))


def oscillation(reading: Reading) -> float:
    """Median distance of the latest losses from their median, as a share of it."""
    latest = reading.losses[-LATEST_BINS:]
    middle = median(latest)
    return median(np.abs(latest - middle)) / max(abs(middle), math.ulp(0.0))


def jump_numbers(reading: Reading, threshold: float = JUMP_SHARE) -> dict[str, float]:
    """The evidence of an unstable run: its jumps, and the rate that it should take.

    Args:
        reading: Of the run, of four bins at least.
        threshold: Jump that is too large, as a share of the gain after the first epochs.
    """
    return {
        "jump": jump(reading),
        "threshold": threshold,
        "only_recovered": float(only_recovered(reading)),
        "loss": reading.sign * reading.loss,
        "started_at": reading.sign * reading.start,
        "oscillation": oscillation(reading),
        **lower_rate(reading),
    }


def _other_loss(reading: Reading) -> Series:
    """Train loss beside validation loss, where there is enough of it; else the judged loss again."""
    train = reading.finite_train_losses if reading.has_validation else reading.losses
    return train if len(train) >= FEWEST_BINS else reading.losses


def _late_gain(losses: Series) -> float:
    """Gain after the first epochs; their median stands for them, since the very first may be anything."""
    return median(losses[1:4]) - float(losses.min())


def _is_only_recovery(losses: Series, fall: float) -> bool:
    return _late_gain(losses) < AFTER_THE_FIRST_SHARE * fall


def _jump(losses: Series) -> float:
    """Mean deviation of the latest losses from the mean of their neighbours, as a share of the late gain."""
    latest, gain = losses[-LATEST_BINS:], _late_gain(losses)
    off = float(np.abs(latest[1:-1] - (latest[2:] + latest[:-2]) / 2).mean())
    return off / gain if gain > 0 else float(off > 0)
