"""How far a loss jumps, and whether it only recovered from its first steps."""

from __future__ import annotations

import numpy as np

from convergence_callbacks.core.curve.advised_rate import lower_rate
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.series import Series, median

JUMP_SHARE = 0.3
"""Mean jump that is too large, as a share of the gain after the first epochs."""

LATEST_BINS = 20
"""Latest bins in which jumps count: earlier ones are over."""

AFTER_THE_FIRST_SHARE = 0.03
"""Least share of its gain that a healthy run makes after its first epochs."""

FEWEST_BINS = 4
"""Bins from which on train loss can be compared."""


def jump(reading: Reading) -> float:
    """Mean jump of the judged loss, as a share of its gain after the first epochs."""
    return _jump(reading.losses)


def other_jump(reading: Reading) -> float:
    """Mean jump of the train loss beside a validation loss; without one, of the judged loss."""
    return _jump(_other_loss(reading))


def only_recovered(reading: Reading) -> bool:
    """Whether both losses only recovered from the first steps, which threw them off."""
    train, fall = _other_loss(reading), reading.start - reading.curve.best
    return _is_only_recovery(reading.losses, fall) and _is_only_recovery(train, float(np.ptp(train)))


def jump_numbers(reading: Reading, threshold: float = JUMP_SHARE) -> dict[str, float]:
    """The evidence of an unstable run: its jumps, and the rate that it should take.

    Args:
        reading: Of the run, which has four bins or more.
        threshold: Jump that is too large, as a share of the gain after the first epochs.
    """
    return {
        "jump": jump(reading),
        "threshold": threshold,
        "only_recovered": float(only_recovered(reading)),
        "loss": reading.sign * reading.loss,
        "started_at": reading.sign * reading.start,
        **lower_rate(reading),
    }


def _other_loss(reading: Reading) -> Series:
    """Train loss beside validation loss, where there is enough of it; else the judged loss."""
    train = reading.finite_train_losses if reading.has_validation else reading.losses
    return train if len(train) >= FEWEST_BINS else reading.losses


def _late_gain(losses: Series) -> float:
    """Gain since the median of the first epochs; the very first may be anything."""
    return median(losses[1:4]) - float(losses.min())


def _is_only_recovery(losses: Series, fall: float) -> bool:
    return _late_gain(losses) < AFTER_THE_FIRST_SHARE * fall


def _jump(losses: Series) -> float:
    """Mean deviation of the latest losses from the mean of their neighbours, as a share of the late gain."""
    latest, gain = losses[-LATEST_BINS:], _late_gain(losses)
    off = float(np.abs(latest[1:-1] - (latest[2:] + latest[:-2]) / 2).mean())
    return off / gain if gain > 0 else float(off > 0)
