"""What both losses did since the best epoch: whether validation loss still gains from training."""

from __future__ import annotations

import numpy as np

from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.series import median

LEVEL_EPOCHS = 3
"""Epochs whose median is the present level of a loss."""


def gap_widening(reading: Reading) -> float:
    """Rise of the generalisation gap since the best epoch, as a share of the total gain; 0 without both losses."""
    gain = reading.start - reading.curve.best
    if not reading.has_validation or not gain > 0:
        return 0.0
    gaps = reading.losses - reading.train_losses
    at_best = gaps[_best_bin(reading)]
    if not np.isfinite(at_best):
        return 0.0
    return float((median(gaps[-LEVEL_EPOCHS:]) - at_best) / gain)


def train_fall(reading: Reading) -> float:
    """Fall of the train loss since the best epoch, as a share of its own total gain; 0 where there is none."""
    train = reading.train_losses
    total = train[0] - np.nanmin(train) if np.isfinite(train[0]) else 0.0
    if not total > 0:
        return 0.0
    return float((train[_best_bin(reading)] - median(train[-LEVEL_EPOCHS:])) / total)


def rise_and_fall(reading: Reading) -> dict[str, float]:
    """Rise of validation loss since the best epoch, as a share of the total gain; fall of train loss, of its own."""
    rise = {"loss_rise_since_best": _rise(reading, LEVEL_EPOCHS)}
    at_best = reading.train_losses[_best_bin(reading)]
    return {**rise, "train_fall_since_best": train_fall(reading)} if np.isfinite(at_best) else rise


def overfitting_numbers(reading: Reading, window: int = LEVEL_EPOCHS) -> dict[str, float]:
    """The evidence of a run that overfits.

    Args:
        reading: Of the run.
        window: Epochs whose median is the present level of validation loss.
    """
    return {
        "validation_rise": _rise(reading, window),
        "train_fall": train_fall(reading),
        **rise_and_fall(reading),
    }


def generalization_loss(reading: Reading) -> float:
    """By how many percent the judged loss is above the best one; 0 where the best is 0."""
    best = abs(reading.curve.best)
    return 100 * (reading.loss - reading.curve.best) / best if best > 0 else 0.0


def _rise(reading: Reading, window: int) -> float:
    gain = reading.start - reading.curve.best
    return (reading.level(window) - reading.curve.best) / gain if gain > 0 else 0.0


def _best_bin(reading: Reading) -> int:
    return int(np.searchsorted(reading.epochs, reading.curve.best_epoch))
