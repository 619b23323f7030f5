"""A learning curve in bounded memory.

A run of up to 128 epochs is kept as it is. When that is full, neighbouring epochs are merged into their
means, so that a longer run is seen in bins of 2, 4, 8, … epochs: resolution stays in proportion to length,
and the size of the state does not depend on it.
"""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CAPACITY = 128
"""Bins kept; even, so that all of them merge in pairs. Four numbers a bin stay far below 16 kB."""

BLOWN_UP = 30.0
"""A loss that falls by such a factor …"""

EARLY = 12
"""… within so many epochs was blown up at the start: …"""

BACK = 2.0
"""… the curve counts from where it first comes as near to its best as that."""

FEWEST = 3
"""Bins from which on a curve has a shape."""


@dataclass(slots=True)
class Curve:
    """What is remembered of the losses; lower is better (the monitor turns the sign for ``mode="max"``).

    Args:
        count: Epochs with a finite judged loss (validation loss where there is one, else train loss).
        width: Epochs in a full bin.
        filled: Epochs in the last bin.
        epoch: Number (from 1, in judged epochs) of the last epoch of each bin.
        loss: Mean judged loss of each bin.
        lowest: Lowest judged loss of each bin.
        train: Mean train loss of each bin; NaN where there was none yet.
        lr: Learning rate at the end of each bin; NaN where unknown.
        first: First judged loss.
        worst: Largest judged loss.
        latest: Latest judged loss.
        best: Lowest judged loss.
        best_step: Step of the lowest judged loss.
        best_epoch: Number (from 1) of the epoch with the lowest judged loss.
        first_step: Step of the first judged epoch.
        latest_step: Step of the latest judged epoch.
    """

    count: int = 0
    width: int = 1
    filled: int = 0
    epoch: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    lowest: list[float] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    first: float = math.nan
    worst: float = math.nan
    latest: float = math.nan
    best: float = math.nan
    best_step: int = -1
    best_epoch: int = 0
    first_step: int = -1
    latest_step: int = -1

    def add(self, step: int, loss: float, train: float, lr: float) -> None:
        """Take in one epoch. ``loss`` is finite; ``train`` and ``lr`` may be NaN."""
        self.count += 1
        self._add_extremes(step, loss)
        if not self.loss or self.filled == self.width:
            self._open_bin()
        self.filled += 1
        self.epoch[-1] = self.count
        self.loss[-1] += (loss - self.loss[-1]) / self.filled
        self.lowest[-1] = min(self.lowest[-1], loss)
        # A missing train loss repeats the bin's, so that a gap in the log is no jump.
        self.train[-1] = _mean_with(self.train[-1], train, self.filled)
        self.lr[-1] = self.lr[-1] if math.isnan(lr) else lr

    @property
    def bin_is_full(self) -> bool:
        """Whether the latest bin holds all its epochs; true at every epoch of a run of up to 128."""
        return self.filled == self.width

    @property
    def spacing(self) -> float:
        """Steps from one judged epoch to the next, on average."""
        return (self.latest_step - self.first_step) / (self.count - 1) if self.count > 1 else 1.0

    @property
    def calm_from(self) -> int:
        """The first bin that is no part of a blown-up start, such as comes from a rate that is too high at first."""
        lowest = min(self.lowest[: bisect_right(self.epoch, max(EARLY, self.width))])
        if not (0 < lowest < self.first / BLOWN_UP and self.best > 0):
            return 0
        back = next((place for place, loss in enumerate(self.loss) if loss <= BACK * self.best), 0)
        return min(back, max(0, len(self.loss) - FEWEST))

    def _add_extremes(self, step: int, loss: float) -> None:
        if self.count == 1:
            self.first, self.worst, self.first_step = loss, loss, step
        if not loss >= self.best:  # also true while best is NaN
            self.best, self.best_step, self.best_epoch = loss, step, self.count
        self.worst = max(self.worst, loss)
        self.latest, self.latest_step = loss, step

    def _open_bin(self) -> None:
        if len(self.loss) == CAPACITY:
            self._halve()
        self.epoch.append(self.count)
        self.loss.append(0.0)
        self.lowest.append(math.inf)
        self.train.append(self.train[-1] if self.train else math.nan)
        self.lr.append(self.lr[-1] if self.lr else math.nan)
        self.filled = 0

    def _halve(self) -> None:
        self.epoch = self.epoch[1::2]
        self.loss = _pair_means(self.loss)
        self.lowest = [min(pair) for pair in zip(self.lowest[::2], self.lowest[1::2], strict=True)]
        self.train = _pair_means(self.train)
        self.lr = self.lr[1::2]
        self.width *= 2

    def state_dict(self) -> dict[str, Any]:
        """The curve in plain types; NaN becomes None."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Curve:
        """The curve that `state_dict` described.

        Raises:
            KeyError, TypeError, ValueError: The state is not one of a curve.
        """
        blank = cls()
        read = {f.name: _restored(state[f.name], getattr(blank, f.name)) for f in dataclasses.fields(cls)}
        curve = cls(**read)
        if not (0 <= curve.filled <= curve.width and 0 <= curve.best_epoch <= curve.count):
            raise ValueError("its counts do not fit together")
        if curve.count and not (curve.loss and curve.best_epoch <= curve.epoch[-1] == curve.count):
            raise ValueError("its epochs do not fit together")
        lengths = {len(series) for series in (curve.epoch, curve.loss, curve.lowest, curve.train, curve.lr)}
        if len(lengths) > 1 or max(lengths) > CAPACITY:
            raise ValueError("its series differ in length")
        return curve


def _mean_with(mean: float, value: float, count: int) -> float:
    if math.isnan(value):
        return mean
    return value if math.isnan(mean) or count == 1 else mean + (value - mean) / count


def _pair_means(values: list[float]) -> list[float]:
    return [(a + b) / 2 for a, b in zip(values[::2], values[1::2], strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _restored(value: Any, like: Any) -> Any:
    if isinstance(like, list):
        return [math.nan if item is None else _number(item) for item in value]
    if isinstance(like, float):
        return math.nan if value is None else _number(value)
    return int(value)


def _number(value: Any) -> float:
    """A number as it is; an error where it is none, or more than a float holds."""
    float(value + 0)
    return value  # type: ignore[no-any-return]
