"""A learning curve in bounded memory.

A run of up to 128 epochs is kept as it is. When that is full, neighbouring epochs are merged into their
means, so that a longer run is seen in bins of 2, 4, 8, … epochs: resolution stays in proportion to length,
and the size of the state does not depend on it. Loss and rate of the latest epochs are kept as well, for criteria that
ask about a few epochs.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convergence_callbacks.core.curve.series import Series, noise_of

CAPACITY = 128
"""Bins kept; even, so that all of them merge in pairs. Four numbers a bin stay far below 16 kB."""

BLOWN_UP_TIMES = 300.0
"""A loss was blown up at the start if it fell then by more than so many times what it moved later."""

STILL_FALLS_NOISES = 5.0
"""Times its noise by which such a loss still falls later: else that was the whole fall, not only a start."""

EARLY_EPOCHS = 12
"""Epochs within which a loss recovers from a blown-up start."""

STABLE_BINS = 6
"""Bins after that which show that it stays low."""

LATEST_EPOCHS = 32
"""Latest epochs that are kept where bins hold several: more than any criterion asks for by default."""

FEWEST_BINS = 3
"""Bins from which on a curve has a shape."""

LOOKS = 50
"""Bins of a run that add one bin to the wait for the next look at it: smaller changes are not worth the work."""

SERIES = ("loss", "lowest", "train", "lr")
"""What is kept of each bin, in the order of the rows."""

_BIN = np.arange(1, CAPACITY + 1, dtype=float)


def _empty() -> Series:
    return np.full((len(SERIES), CAPACITY), math.nan)


@dataclass(slots=True, eq=False)
class Curve:
    """What is remembered of the losses; lower is better (the monitor turns the sign for ``mode="max"``).

    Args:
        count: Epochs with a finite judged loss (validation loss where there is one, else train loss).
        width: Epochs in a full bin.
        filled: Epochs in the latest bin.
        bins: How many bins there are.
        first: First judged loss.
        worst: Largest judged loss.
        latest: Latest judged loss.
        best: Lowest judged loss.
        best_step: Step of the lowest judged loss.
        best_epoch: Number (from 1) of the epoch with the lowest judged loss.
        first_step: Step of the first judged epoch.
        latest_step: Step of the latest judged epoch.
        rows: The bins' numbers, a row for each of `SERIES`; columns beyond the latest bin mean nothing.
        recent: Judged loss and learning rate of each of the latest epochs, where bins hold several.
    """

    count: int = 0
    width: int = 1
    filled: int = 0
    bins: int = 0
    first: float = math.nan
    worst: float = math.nan
    latest: float = math.nan
    best: float = math.nan
    best_step: int = -1
    best_epoch: int = 0
    first_step: int = -1
    latest_step: int = -1
    rows: Series = field(default_factory=_empty)
    recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=LATEST_EPOCHS))

    def add(self, step: int, loss: float, train: float, lr: float) -> None:
        """Take in one epoch. ``loss`` is finite; ``train`` and ``lr`` may be NaN."""
        self._add_extremes(step, loss)
        if self.filled == self.width or not self.bins:
            self._open_bin()
        self.filled += 1
        rows, last = self.rows, self.bins - 1
        mean, lowest, train_mean, _ = rows[:, last].tolist()
        rows[0, last] = mean + (loss - mean) / self.filled
        if loss < lowest:
            rows[1, last] = loss
        if not math.isnan(train):  # a missing train loss repeats the bin's, so that a gap in the log is no jump
            is_first = self.filled == 1 or math.isnan(train_mean)
            rows[2, last] = train if is_first else train_mean + (train - train_mean) / self.filled
        if not math.isnan(lr):
            rows[3, last] = lr
        if self.width > 1:
            self.recent.append((loss, float(rows[3, last])))

    def latest_epochs(self, epochs: int) -> Series | None:
        """Rows of judged losses and learning rates of the latest epochs; None where only their bins are kept."""
        if self.width == 1:
            return self.rows[[0, 3], max(0, self.bins - epochs) : self.bins]
        return np.array(self.recent).T[:, -epochs:] if epochs <= len(self.recent) else None

    @property
    def train(self) -> Series:
        """Mean train loss of each bin; NaN where there was none yet."""
        return self.rows[2, : self.bins]

    @property
    def epoch(self) -> Series:
        """Number (from 1, in judged epochs) of the last epoch of each bin."""
        numbers = self.width * _BIN[: self.bins]
        if self.bins:
            numbers[-1] = self.count
        return numbers

    @property
    def stride(self) -> int:
        """Bins from one look at the run to the next."""
        return 1 + self.bins // LOOKS

    def bins_since(self, epoch: int) -> float:
        """Bins from an epoch (its number) to the latest one."""
        return (self.count - epoch) / self.width

    @property
    def spacing(self) -> float:
        """Steps from one judged epoch to the next, on average."""
        return (self.latest_step - self.first_step) / (self.count - 1) if self.count > 1 else 1.0

    @property
    def first_stable_bin(self) -> int:
        """The first bin after a blown-up start, as too high a rate makes it; 0 where there was none.

        From there on the curve moves by a small part of what it fell before.
        """
        begin = 0
        while (back := self._bins_blown_up(begin)) > 0:
            begin += back
        return begin

    def _bins_blown_up(self, begin: int) -> int:
        """Bins that a blown-up start from this bin on takes, 0 where there is none."""
        losses, limit = self.rows[0, begin : self.bins], max(EARLY_EPOCHS, self.width)
        early = min(len(losses) - STABLE_BINS, limit // self.width)
        if early < 1:
            return 0
        first = float(losses[0]) if begin else self.first
        later = float(losses[early:].max())
        if not first - later > BLOWN_UP_TIMES * (later - self.best):
            return 0
        highest_from = np.maximum.accumulate(losses[::-1])[::-1][: early + 1]
        back = int((first - highest_from > BLOWN_UP_TIMES * (highest_from - self.best)).argmax())
        falls_on = losses[back] - self.best > STILL_FALLS_NOISES * noise_of(losses[back:])
        return back if falls_on else 0

    def _add_extremes(self, step: int, loss: float) -> None:
        self.count += 1
        if self.count == 1:
            self.first, self.worst, self.first_step = loss, loss, step
        if not loss >= self.best:  # also true while best is NaN
            self.best, self.best_step, self.best_epoch = loss, step, self.count
        self.worst = max(self.worst, loss)
        self.latest, self.latest_step = loss, step

    def _open_bin(self) -> None:
        if self.bins == CAPACITY:
            self._halve()
        rows, new = self.rows, self.bins
        rows[0, new], rows[1, new] = 0.0, math.inf
        rows[2:, new] = rows[2:, new - 1] if new else math.nan
        self.bins, self.filled = new + 1, 0

    def _halve(self) -> None:
        if self.width == 1:
            self.recent.extend(zip(*self.rows[[0, 3], -LATEST_EPOCHS:].tolist(), strict=True))
        rows, half = self.rows, CAPACITY // 2
        even, odd = rows[:, ::2].copy(), rows[:, 1::2].copy()
        rows[:, :half] = (even + odd) / 2
        rows[1, :half] = np.minimum(even[1], odd[1])
        rows[3, :half] = odd[3]
        self.bins, self.width = half, 2 * self.width

    def state_dict(self) -> dict[str, Any]:
        """The curve in plain types; NaN becomes None."""
        numbers = {name: _plain(getattr(self, name)) for name in _NUMBERS}
        rows = self.rows[:, : self.bins].tolist()
        series = {
            name: [None if math.isnan(value) else value for value in row]
            for name, row in zip(SERIES, rows, strict=True)
        }
        return {**numbers, **series, "recent": [[loss, _plain(rate)] for loss, rate in self.recent]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Curve:
        """The curve that `state_dict` described.

        Raises:
            KeyError, TypeError, ValueError, OverflowError: The state is damaged.
        """
        curve = cls()
        for name in _NUMBERS:
            setattr(curve, name, _restored(state[name], getattr(curve, name)))
        series = [[_restored(value, math.nan) for value in state[name]] for name in SERIES]
        curve.bins = len(series[0])
        if any(len(values) != curve.bins for values in series) or curve.bins > CAPACITY:
            raise ValueError("its series differ in length")
        curve.rows[:, : curve.bins] = series
        for loss, rate in state.get("recent", ()):
            curve.recent.append((_restored(loss, math.nan), _restored(rate, math.nan)))
        if not (0 <= curve.filled <= curve.width and 0 <= curve.best_epoch <= curve.count):
            raise ValueError("its counts do not fit together")
        if curve.count != max(0, curve.bins - 1) * curve.width + curve.filled or (curve.count and not curve.best_epoch):
            raise ValueError("its epochs do not fit together")
        return curve


_NUMBERS = tuple(f.name for f in dataclasses.fields(Curve) if f.name not in {"bins", "rows", "recent"})
"""What is saved beside the series."""


def _plain(value: Any) -> Any:
    return None if math.isnan(value) else value


def _restored(value: Any, like: float) -> Any:
    """A saved number; an error where it is none, or too large for a float."""
    if isinstance(like, int):
        return int(value)
    if value is None:
        return math.nan
    float(value + 0)
    return value
