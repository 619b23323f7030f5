"""The numbers that criteria judge by, computed from the bounded curve, each at most once an epoch.

All are free of scale: losses enter as shares of what the run has gained, or against the curve's own noise.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.curve import Curve
from convergence_callbacks.core.observation import Observation, is_finite
from convergence_callbacks.core.schedule import Schedule, rates_ahead

Series = NDArray[np.float64]


@dataclass(frozen=True)
class Signals:
    """What can be read from a training at one epoch.

    Args:
        observation: What was measured, as the user gave it.
        curve: The judged losses so far, lower is better.
        sign: 1, or -1 where more is better: user's value = sign × loss on the curve.
        judged: Whether this epoch brought a finite judged loss.
        has_validation: Whether the judged loss is the validation loss.
        non_finite: Epochs in a row whose judged loss was NaN or infinite.
        max_epochs: Epochs the training may take, None where unknown.
        baseline: Loss of a trivial predictor on the curve's scale, None where unknown.
        lr_schedule: Learning rates to come, None where unknown.
    """

    observation: Observation
    curve: Curve
    sign: float = 1.0
    judged: bool = True
    has_validation: bool = True
    non_finite: int = 0
    max_epochs: int | None = None
    baseline: float | None = None
    lr_schedule: Schedule | None = None

    @property
    def loss(self) -> float:
        """The judged loss of this epoch, lower is better; NaN before the first."""
        return self.curve.latest

    @property
    def wait(self) -> int:
        """Judged epochs since the best."""
        return self.curve.count - self.curve.best_epoch

    @functools.cached_property
    def losses(self) -> Series:
        """Judged loss by bin."""
        return np.array(self.curve.loss)

    @functools.cached_property
    def train_losses(self) -> Series:
        """Train loss by bin, NaN where there was none."""
        return np.array(self.curve.train)

    @functools.cached_property
    def epochs(self) -> Series:
        """Number of the last epoch of each bin, counted from 1 in judged epochs."""
        return np.array(self.curve.epoch, dtype=float)

    @functools.cached_property
    def rates(self) -> Series:
        """Learning rate by bin, NaN where unknown."""
        return np.array(self.curve.lr)

    @functools.cached_property
    def rates_ahead(self) -> Series | None:
        """Learning rates to come, at most 64 of them, None where unknown."""
        return rates_ahead(self.lr_schedule, self.observation.step, self.max_epochs)

    @functools.cached_property
    def epochs_left(self) -> float:
        """Judged epochs until the budget ends, infinite where there is none."""
        if self.max_epochs is None:
            return math.inf
        return max(0.0, (self.max_epochs - 1 - self.curve.latest_step) / self.curve.spacing)

    @functools.cached_property
    def total_gain(self) -> float:
        """What the run has gained so far: trivial level, or else first loss, less the best loss."""
        start = self.curve.first if self.baseline is None else max(self.baseline, self.curve.first)
        return start - self.curve.best

    @functools.cached_property
    def noise(self) -> float:
        """Standard deviation of the judged loss around its trend, from its own second differences."""
        return noise_of(self.losses)

    @functools.cached_property
    def gap(self) -> float:
        """Generalisation gap of this epoch, validation loss minus train loss; NaN without both."""
        train = self.observation.train_loss
        if not self.has_validation or train is None or not is_finite(train):
            return math.nan
        return self.loss - self.sign * train


def noise_of(series: Series) -> float:
    """Robust standard deviation of a series around a smooth trend.

    The second difference of white noise has 6 times its variance, and a smooth trend leaves next to
    nothing in it; the median makes single jumps harmless (Rousseeuw & Croux 1993 for 1.4826).
    """
    if len(series) < 4:
        return 0.0
    second = np.abs(series[2:] - 2 * series[1:-1] + series[:-2])
    return float(1.4826 * np.median(second) / math.sqrt(6))
