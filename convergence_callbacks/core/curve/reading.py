"""What a learning curve says at one epoch: for one run, or for many side by side by the same code.

Every criterion gets a `Reading`. What takes time to compute is computed once, when it is first asked for. Losses are
compared with what the run has gained, or with the curve's own noise, so no unit matters. What is read of many runs at
once is a function of `Readings`, which is passed to `Reading.ask`: a single run is a batch of one.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.schedule import (
    AHEAD_SHARE,
    JUST_OVER,
    RIGHT_AHEAD,
    Schedule,
    rate_is_moving,
    rate_steps_down,
    rate_warms_up,
    rates_ahead,
)
from convergence_callbacks.core.curve.series import Series, median, noise_of, noises
from convergence_callbacks.core.observation import Observation, is_finite

T = TypeVar("T")
Given = TypeVar("Given")

BEGUN_SHARE = 0.05
"""Least fall of a run that has begun to learn, as a share of a trivial predictor's loss, if that is known."""

LUCK_NOISES = 3.0
"""Times the noise of an epoch by which a fall must exceed what the lowest epoch owes to luck."""

CLEAR_ERRORS = 4.0
"""Standard errors by which the mean of the first epochs must lie above that of the later half."""

FURTHEST_EPOCHS = 20
"""Mean distance of observed steps above which they number something other than epochs."""

FIRST_BINS = 4
"""Bins whose mean stands for the start."""


class Metric(NamedTuple):
    """A metric that is read beside the judged one, and which way it improves."""

    name: str
    mode: Literal["auto", "min", "max"]


@dataclass(eq=False)
class Reading:
    """What can be read from a training at one epoch.

    Args:
        observation: What was measured, as the user gave it.
        curve: The judged losses so far, lower is better.
        sign: 1, or -1 where more is better: user's value = sign × loss on the curve.
        judged: Whether this epoch brought a finite judged loss.
        has_validation: Whether the judged loss is the validation loss.
        non_finite: Epochs in a row whose judged loss, or a train loss that was finite before, was NaN or infinite.
        max_epochs: Epochs the training may take, None where unknown.
        baseline: Loss of a trivial predictor on the curve's scale, None where unknown.
        lr_schedule: Learning rates to come, None where unknown.
        not_judged: Epochs without a finite judged loss.
        starts_over: Whether this is the first validation loss: train losses before it are no measure for it.
        metrics: What can be read of the metrics that criteria name.
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
    not_judged: int = 0
    starts_over: bool = False
    metrics: Mapping[Metric, Reading] = field(default_factory=dict)

    loss: float = field(init=False)
    """The judged loss of this epoch, lower is better; NaN before the first."""
    wait: int = field(init=False)
    """Judged epochs since the best."""
    is_looked_at: bool = field(init=False)
    """Whether the curve is judged anew: from the fiftieth bin on, once in a fiftieth of the run."""

    _answers: dict[Any, Any] = field(init=False, repr=False, default_factory=dict)
    _steps: dict[Any, Any] = field(init=False, repr=False, default_factory=dict)
    _beside: Readings | None = field(init=False, repr=False, default=None)
    """The runs that are read together with this one, set by `side_by_side`; by default itself alone."""

    def __post_init__(self) -> None:
        curve = self.curve
        self.loss = curve.latest
        self.wait = curve.count - curve.best_epoch
        self.is_looked_at = self.judged and curve.filled == curve.width and curve.bins % curve.stride == 0

    @functools.cached_property
    def losses(self) -> Series:
        """Judged loss by bin."""
        return self.curve.rows[0, : self.curve.bins]

    @functools.cached_property
    def lowest(self) -> Series:
        """Lowest judged loss of each bin."""
        return self.curve.rows[1, : self.curve.bins]

    @functools.cached_property
    def train_losses(self) -> Series:
        """Train loss by bin, NaN where there was none."""
        return self.curve.train

    @functools.cached_property
    def rates(self) -> Series:
        """Learning rate by bin, NaN where unknown."""
        return self.curve.rows[3, : self.curve.bins]

    @property
    def taken(self) -> int:
        """Epochs so far: from the number of the step, or counted where that numbers something else, such as updates."""
        step, shown = self.observation.step, self.curve.count + self.not_judged
        since = step - self.curve.first_step if shown > 1 else step
        are_epochs = not shown or since <= FURTHEST_EPOCHS * max(1, shown - 1)
        return step + 1 if are_epochs else shown

    @functools.cached_property
    def finite_train_losses(self) -> Series:
        """Train loss by bin from the first finite one on, empty where there is none."""
        train = self.train_losses
        return train if len(train) and math.isfinite(train[0]) else train[np.isfinite(train)]

    @functools.cached_property
    def epochs(self) -> Series:
        """Number of the last epoch of each bin, counted from 1 in judged epochs."""
        return self.curve.epoch

    def rate_is_moving(self, window: int) -> bool:
        """Whether the learning rate warms up, dropped within the latest epochs, or will change within as many.

        Args:
            window: Judged epochs.
        """
        return rate_is_moving(self.rates, self._rates_of_latest(window + 1), self._rates_of_next(window))

    @property
    def rate_steps_down(self) -> bool:
        """Whether the learning rate just fell in one step, or is about to do so for the first time."""
        ahead = self._rates_of_next(max(RIGHT_AHEAD, int(AHEAD_SHARE * self.curve.count)))
        return rate_steps_down(self.rates, self._rates_of_latest(JUST_OVER + 2), ahead)

    @functools.cached_property
    def rate_warms_up(self) -> bool:
        """Whether the learning rate is higher than ever before: how the loss falls at it is not yet known."""
        return rate_warms_up(self.rates)

    def _rates_of_latest(self, epochs: int) -> Series:
        latest = self.curve.latest_epochs(epochs)
        return self.rates[-math.ceil(epochs / self.curve.width) - 1 :] if latest is None else latest[1]

    def _rates_of_next(self, window: int) -> Series | None:
        if self.lr_schedule is None:
            return None
        step = self.observation.step
        end = step + 1 + math.ceil(window * self.curve.spacing)
        return rates_ahead(self.lr_schedule, step, end if self.max_epochs is None else min(end, self.max_epochs))

    def best_before(self, window: int) -> float | None:
        """The lowest judged loss up to a number of judged epochs ago, None where the run is shorter."""
        lowest = self.lowest[self.epochs <= self.curve.count - window]
        return float(lowest.min()) if len(lowest) else None

    @functools.cached_property
    def total_gain(self) -> float:
        """Gain so far: the first loss, or a trivial predictor's if known and higher, less the best loss."""
        start = self.curve.first if self.baseline is None else max(self.baseline, self.curve.first)
        return start - self.curve.best

    @functools.cached_property
    def start(self) -> float:
        """The starting level: a trivial predictor's loss where known, else that of the first losses."""
        return self.first_level if self.baseline is None else self.baseline

    @functools.cached_property
    def first_level(self) -> float:
        """The higher of both first losses.

        The train loss of the first epoch is its running mean, so it still holds some of what a fast
        learner's validation loss no longer shows.
        """
        first = float(self.curve.rows[2, 0]) if self.curve.bins else math.nan
        return self.curve.first if math.isnan(first) else max(self.curve.first, first)

    @functools.cached_property
    def gained(self) -> float:
        """Gain from the starting level to the best, as a share of that level."""
        return (self.start - self.curve.best) / max(abs(self.start), math.ulp(0.0))

    @property
    def has_begun(self) -> bool:
        """Whether the judged loss has left its starting level, beyond its noise.

        The fall as a share of that level says nothing, since a loss may have any floor; but if the level is that of a
        trivial predictor, it must be a twentieth.
        """
        fall = (self.curve.first if self.baseline is None else self.baseline) - self.curve.best
        if self.baseline is not None and fall < BEGUN_SHARE * abs(self.baseline):
            return False
        return fall > self.luck(LUCK_NOISES) or self._falls_clearly(self.losses, self.noise)

    @property
    def train_has_begun(self) -> bool:
        """Whether the train loss has left its first level, beyond its noise; False where there is none."""
        train, noise = self.finite_train_losses, self.train_noise
        if not len(train):
            return False
        return bool(train[0] - train.min() > luck(len(train), noise, LUCK_NOISES) or self._falls_clearly(train, noise))

    def _falls_clearly(self, losses: Series, noise: float) -> bool:
        """Whether the later half of a loss is below its first epochs by more than chance."""
        later = losses[len(losses) // 2 :]
        if len(later) < FIRST_BINS or losses.max() == losses.min():  # of what is constant, means differ by rounding
            return False
        error = noise * math.sqrt(1 / FIRST_BINS + 1 / len(later))
        return bool(losses[:FIRST_BINS].mean() - later.mean() > CLEAR_ERRORS * error)

    def luck(self, noises: float) -> float:
        """How far below its level the lowest epoch of a flat loss may lie.

        Args:
            noises: Times the noise of an epoch to add to what is expected.
        """
        return luck(self.curve.count, self.noise * math.sqrt(self.curve.width), noises)

    @functools.cached_property
    def noise(self) -> float:
        """Standard deviation of the judged loss around its trend, from second differences."""
        is_alone = self._beside is None or len(self._beside.each) == 1
        return noise_of(self.losses) if is_alone else self.ask(_noises)

    @functools.cached_property
    def train_noise(self) -> float:
        """Standard deviation of the train loss around its trend; 0 where there is none."""
        return noise_of(self.finite_train_losses)

    def summary(self) -> dict[str, float]:
        """The numbers reported at every epoch, in the user's unit; unknown ones are left out."""
        if not self.curve.count:
            return {}
        numbers = {"epochs_since_best": self.wait, "total_gain": self.total_gain, "noise": self.noise}
        return numbers if math.isnan(self.gap) else {**numbers, "generalization_gap": self.sign * self.gap}

    @functools.cached_property
    def fall_per_epoch(self) -> float:
        """Mean fall of the judged loss an epoch over the later half of the bins."""
        later = self.losses[len(self.losses) // 2 :]
        return float(later[0] - later[-1]) / max(1, (len(later) - 1) * self.curve.width)

    def level(self, window: int) -> float:
        """Median judged loss of the latest epochs."""
        latest = self.curve.latest_epochs(window)
        return median(self.losses[self.epochs > self.curve.count - window] if latest is None else latest[0])

    @functools.cached_property
    def gap(self) -> float:
        """Generalisation gap of this epoch, validation loss minus train loss; NaN without both."""
        train = self.observation.train_loss
        if not self.has_validation or train is None or not is_finite(train):
            return math.nan
        return self.loss - self.sign * train

    def ask(self, read: Callable[[Readings], Sequence[T]]) -> T:
        """What a function reads from this run; computed once, for all runs beside it together.

        Args:
            read: Gives a value for each of the runs.
        """
        answers = self._answers
        if read not in answers:
            beside = self._beside = self._beside or Readings.of([self])
            for reading, answer in zip(beside.each, read(beside), strict=True):
                reading._answers[read] = answer
        found: T = answers[read]
        return found

    def once(self, step: Callable[[Given, Reading], T], given: Given) -> T:
        """What a pure function makes of a value at this epoch; computed once for all rules that ask.

        Args:
            step: The function, of the value and this reading.
            given: The value, such as the state before this epoch.
        """
        steps: list[tuple[Any, T]] = self._steps.setdefault(step, [])
        for before, after in steps:
            if before is given or before == given:
                return after
        after = step(given, self)
        steps.append((given, after))
        return after


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """Readings of runs that are equally long, as arrays with a row for each run.

    Args:
        each: The readings.
        count: Judged epochs.
        width: Epochs in a full bin.
        first_stable_bin: The first bin after a blown-up start.
        trains_known: Bins that have a train loss.
        epochs: Number of the last epoch of each bin, the same for all runs.
        losses: Mean judged loss of each bin, of shape (runs, bins).
        lowest: Lowest judged loss of each bin.
        train_losses: Mean train loss of each bin, NaN where there was none.
        rates: Learning rate of each bin, NaN where unknown.
        best: Lowest judged loss of each run.
        wait: Judged epochs since then.
        first_level: The higher of both first losses.
    """

    each: Sequence[Reading]
    count: int
    width: int
    first_stable_bin: int
    trains_known: int
    epochs: Series
    losses: Series
    lowest: Series
    train_losses: Series
    rates: Series
    best: Series
    wait: Series
    first_level: Series

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> Readings:
        """The readings of runs that agree in `_length`."""
        first = readings[0].curve
        rows = first.rows[:, None, : first.bins]
        if len(readings) > 1:
            rows = np.stack([reading.curve.rows[:, : first.bins] for reading in readings], axis=1)
        numbers = np.array([(reading.curve.best, reading.wait, reading.first_level) for reading in readings])
        return cls(
            each=readings,
            count=first.count,
            width=first.width,
            first_stable_bin=first.first_stable_bin,
            trains_known=len(readings[0].finite_train_losses),
            epochs=readings[0].epochs,
            losses=rows[0],
            lowest=rows[1],
            train_losses=rows[2],
            rates=rows[3],
            best=numbers[:, 0],
            wait=numbers[:, 1],
            first_level=numbers[:, 2],
        )

    def since(self, begin: int) -> Readings:
        """The readings without the bins before one, as if the runs had begun there."""
        if begin == 0:
            return self
        losses, train_losses = self.losses[:, begin:], self.train_losses[:, begin:]
        return dataclasses.replace(
            self,
            epochs=self.epochs[begin:],
            losses=losses,
            lowest=self.lowest[:, begin:],
            train_losses=train_losses,
            first_level=np.fmax(losses[:, 0], train_losses[:, 0]),
        )


def luck(epochs: int, noise: float, noises: float) -> float:
    """How far the lowest of so many epochs of pure noise lies below their mean, plus some times the noise."""
    return (math.sqrt(2 * math.log(epochs)) + noises) * noise


def side_by_side(readings: Iterable[Reading]) -> None:
    """Let readings of several runs answer together, in groups that are equally long.

    The numbers are those of each run by itself, in a fraction of the time: numpy takes hardly longer for a dozen short
    curves than for one.
    """
    groups: dict[tuple[int, int, int], list[Reading]] = {}
    for reading in readings:
        if reading.curve.count:
            groups.setdefault(_length(reading), []).append(reading)
    for group in groups.values():
        together = Readings.of(group)
        for reading in group:
            reading._beside = together


def _length(reading: Reading) -> tuple[int, int, int]:
    """What runs side by side have in common: epochs, bins with a train loss, first stable bin."""
    return reading.curve.count, len(reading.finite_train_losses), reading.curve.first_stable_bin


def _noises(runs: Readings) -> list[float]:
    """Noise of the judged loss of each run."""
    return noises(runs.losses).tolist()  # type: ignore[no-any-return]
