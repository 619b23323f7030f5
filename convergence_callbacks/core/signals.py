"""The numbers that criteria judge by, computed from the bounded curve, each at most once an epoch.

All are free of scale: losses enter as shares of what the run has gained, or against the curve's own noise.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.curve import Curve
from convergence_callbacks.core.observation import Observation, is_finite
from convergence_callbacks.core.schedule import (
    RIGHT_AHEAD,
    Schedule,
    rate_is_moving,
    rate_steps_down,
    rate_warms_up,
    rates_ahead,
)

Series = NDArray[np.float64]
Read = TypeVar("Read")

BEGUN = 0.05
"""A loss that fell by this share of its starting level, and by more than its noise, has begun to learn."""


@dataclass(frozen=True)
class Signals:
    """What can be read from a training at one epoch.

    Args:
        observation: What was measured, as the user gave it.
        curve: The judged losses so far, lower is better.
        sign: 1, or -1 where more is better: user's value = sign × loss on the curve.
        judged: Whether this epoch brought a finite judged loss.
        has_validation: Whether the judged loss is the validation loss.
        non_finite: Epochs in a row whose judged loss, or a train loss that was known before, was NaN or infinite.
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
    def is_due(self) -> bool:
        """Whether the curve has something new to say: a long run is looked at once a bin, at most a 64th of it."""
        return self.judged and self.curve.bin_is_full

    @property
    def spent(self) -> float:
        """Share of the budget that is spent, 0 where it is not known."""
        return (self.observation.step + 1) / self.max_epochs if self.max_epochs else 0.0

    @property
    def wait(self) -> int:
        """Judged epochs since the best."""
        return self.curve.count - self.curve.best_epoch

    @functools.cached_property
    def losses(self) -> Series:
        """Judged loss by bin."""
        return np.array(self.curve.loss)

    @functools.cached_property
    def lowest(self) -> Series:
        """Lowest judged loss of each bin."""
        return np.array(self.curve.lowest)

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

    def rate_is_moving(self, window: int) -> bool:
        """Whether the learning rate warms up, dropped within the latest epochs, or will change within as many.

        Args:
            window: Judged epochs.
        """
        return rate_is_moving(self.rates, math.ceil(window / self.curve.width), self._rates_of_next(window))

    @property
    def rate_steps_down(self) -> bool:
        """Whether the learning rate just fell in one step, or is right ahead of the first."""
        return rate_steps_down(self.rates, self._rates_of_next(RIGHT_AHEAD))

    @property
    def rate_warms_up(self) -> bool:
        """Whether the learning rate is higher than it ever was: how the loss falls at it is yet to be seen."""
        return rate_warms_up(self.rates)

    def _rates_of_next(self, window: int) -> Series | None:
        step = self.observation.step
        end = step + 1 + math.ceil(window * self.curve.spacing)
        return rates_ahead(self.lr_schedule, step, end if self.max_epochs is None else min(end, self.max_epochs))

    def best_before(self, window: int) -> float | None:
        """The lowest judged loss up to a number of judged epochs ago, None where the run is shorter."""
        lowest = self.lowest[self.epochs <= self.curve.count - window]
        return float(lowest.min()) if len(lowest) else None

    @functools.cached_property
    def total_gain(self) -> float:
        """What the run has gained so far: trivial level, or else first loss, less the best loss."""
        start = self.curve.first if self.baseline is None else max(self.baseline, self.curve.first)
        return start - self.curve.best

    @property
    def start(self) -> float:
        """Level at which learning begins: a trivial predictor's where known, else that of the first losses."""
        return self.first_level if self.baseline is None else self.baseline

    @functools.cached_property
    def first_level(self) -> float:
        """The higher of both first losses.

        The train loss of the first epoch is its running mean, so it still holds some of what a fast
        learner's validation loss no longer shows.
        """
        first = self.curve.train[0] if self.curve.train else math.nan
        return self.curve.first if math.isnan(first) else max(self.curve.first, first)

    @property
    def gained(self) -> float:
        """Gain from the starting level to the best, as a share of that level."""
        return (self.start - self.curve.best) / max(abs(self.start), math.ulp(0.0))

    @property
    def has_begun(self) -> bool:
        """Whether the judged loss has left its starting level by a twentieth of it, and by more than its noise."""
        return self.gained >= BEGUN and self.start - self.curve.best >= 4 * self.noise

    @property
    def train_has_begun(self) -> bool:
        """The same of the train loss; False where there is none."""
        train = self.known_train_losses
        return len(train) > 0 and train[0] - train.min() >= max(BEGUN * abs(train[0]), 4 * self.train_noise)

    @functools.cached_property
    def noise(self) -> float:
        """Standard deviation of the judged loss around its trend, from its own second differences."""
        return noise_of(self.losses)

    @functools.cached_property
    def train_noise(self) -> float:
        """The same of the train loss; 0 where there is none."""
        return noise_of(self.known_train_losses)

    @functools.cached_property
    def known_train_losses(self) -> Series:
        """Train loss by bin from the first known one on, empty where there is none."""
        return self.train_losses[np.isfinite(self.train_losses)]

    def summary(self) -> dict[str, float]:
        """The numbers that are told at every epoch, in the user's unit: those that are not known are left out."""
        if not self.curve.count:
            return {}
        known = {
            "epochs_since_best": self.wait,
            "total_gain": self.total_gain,
            "noise": self.noise,
            "generalization_gap": self.sign * self.gap,
        }
        return {name: value for name, value in known.items() if math.isfinite(value)}

    def level(self, window: int) -> float:
        """Median judged loss of the latest epochs."""
        return median(self.losses[self.epochs > self.curve.count - window])

    @functools.cached_property
    def gap(self) -> float:
        """Generalisation gap of this epoch, validation loss minus train loss; NaN without both."""
        train = self.observation.train_loss
        if not self.has_validation or train is None or not is_finite(train):
            return math.nan
        return self.loss - self.sign * train


def once_an_epoch(function: Callable[[Signals], Read]) -> Callable[[Signals], Read]:
    """Remembers what was read from the signals of an epoch: several rules may ask for it."""
    name = _name_of(function)

    @functools.wraps(function)
    def remembered(signals: Signals) -> Read:
        known: dict[str, Any] = vars(signals)
        if name not in known:
            known[name] = function(signals)
        read: Read = known[name]
        return read

    return remembered


def remember(function: Callable[[Signals], Read], signals: Signals, read: Read) -> None:
    """Let a function that reads once an epoch give what was read in another way: of many runs at once."""
    vars(signals)[_name_of(function)] = read


def remember_properties(signals: Signals, **known: Any) -> None:
    """The same for properties."""
    vars(signals).update(known)


def _name_of(function: Callable[[Signals], Any]) -> str:
    return f"read by {function.__module__}.{function.__qualname__}"


def roughness_of(series: Series) -> float:
    """Mean second difference over mean first difference: below 1 for a steady descent, about 1.7 for noise."""
    first = np.abs(np.diff(series))
    return float(np.abs(np.diff(series, 2)).mean() / first.mean()) if len(first) > 1 and first.any() else 2.0


def median(series: Series) -> float:
    """The median, as numpy's but without what that does for other shapes: it is asked for a hundred times an epoch.

    >>> median(np.array([3.0, 1.0])), median(np.array([1.0, np.nan]))
    (2.0, nan)
    """
    count = len(series)
    if count == 0:
        return math.nan
    ordered = np.sort(series)
    low, high = float(ordered[(count - 1) // 2]), float(ordered[count // 2])
    return math.nan if math.isnan(ordered[-1]) else low if low == high else (low + high) / 2


def noise_of(series: Series) -> float:
    """Robust standard deviation of a series around a smooth trend.

    The second difference of white noise has 6 times its variance, and a smooth trend leaves next to
    nothing in it; the median makes single jumps harmless (Rousseeuw & Croux 1993 for 1.4826).
    """
    if len(series) < 4:
        return 0.0
    second = np.abs(series[2:] - 2 * series[1:-1] + series[:-2])
    return 1.4826 * median(second) / math.sqrt(6)


def medians(curves: Series) -> Series:
    """The median of each row, of a single series its own; NaN where there is a NaN."""
    count = curves.shape[-1]
    if count == 0:
        return np.full(curves.shape[:-1], math.nan)
    ordered = np.sort(curves)
    middle: Series = (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2 + 0 * ordered[..., -1]
    return middle


def noises(curves: Series) -> Series:
    """What `noise_of` says of each row, of a single series its own."""
    if curves.shape[-1] < 4:
        return np.zeros(curves.shape[:-1])
    second = np.abs(curves[..., 2:] - 2 * curves[..., 1:-1] + curves[..., :-2])
    return 1.4826 * medians(second) / math.sqrt(6)
