"""The curves of one run, or of several that are equally long: what is computed of one is computed of all at once.

Each step of numpy takes hardly longer for a dozen short curves than for one, so many runs are replayed side by side in
a fraction of the time. Of one run, curves are series and numbers have no axis; of several, they have a row
for each run.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.curve import CAPACITY
from convergence_callbacks.core.signals import Series, Signals, remember_properties

Numbers = Mapping[str, Series | float]
"""Numbers by name: of each run one, or one that is the same for all."""


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What is remembered of the losses; lower is better.

    Args:
        count: Judged epochs.
        width: Epochs in a full bin.
        epochs: Number of the last epoch of each bin.
        losses: Mean judged loss of each bin.
        lowest: Lowest judged loss of each bin.
        train_losses: Mean train loss of each bin, NaN where there was none.
        rates: Learning rate of each bin, NaN where unknown.
        best: Lowest judged loss.
        wait: Judged epochs since then.
        first_level: The higher of both first losses.
        trains_known: Bins that have a train loss.
    """

    count: int
    width: int
    epochs: Series
    losses: Series
    lowest: Series
    train_losses: Series
    rates: Series
    best: Series
    wait: Series
    first_level: Series
    trains_known: int

    @classmethod
    def of(cls, signals: Signals) -> Curves:
        """The curves of one run."""
        curve = signals.curve
        return cls(
            count=curve.count,
            width=curve.width,
            epochs=signals.epochs,
            losses=signals.losses,
            lowest=signals.lowest,
            train_losses=signals.train_losses,
            rates=signals.rates,
            best=np.float64(curve.best),  # type: ignore[arg-type]
            wait=np.float64(signals.wait),  # type: ignore[arg-type]
            first_level=np.float64(signals.first_level),  # type: ignore[arg-type]
            trains_known=len(signals.known_train_losses),
        )

    @classmethod
    def side_by_side(cls, runs: Sequence[Signals]) -> Curves:
        """The curves of several runs of which `length_of` is the same."""
        curves = [signals.curve for signals in runs]
        return cls(
            count=curves[0].count,
            width=curves[0].width,
            epochs=runs[0].epochs,
            losses=np.array([signals.losses for signals in runs]),
            lowest=np.array([signals.lowest for signals in runs]),
            train_losses=np.array([signals.train_losses for signals in runs]),
            rates=np.array([signals.rates for signals in runs]),
            best=np.array([curve.best for curve in curves]),
            wait=np.array([signals.wait for signals in runs], dtype=float),
            first_level=np.array([signals.first_level for signals in runs]),
            trains_known=length_of(runs[0])[1],
        )

    def since(self, begin: int) -> Curves:
        """The same without the bins before one, as if the run had begun there."""
        if begin == 0:
            return self
        losses, train_losses = self.losses[..., begin:], self.train_losses[..., begin:]
        return dataclasses.replace(
            self,
            epochs=self.epochs[begin:],
            losses=losses,
            lowest=self.lowest[..., begin:],
            train_losses=train_losses,
            first_level=np.fmax(losses[..., 0], train_losses[..., 0]),
        )


def length_of(signals: Signals) -> tuple[int, int, int]:
    """What runs have to have in common to stand side by side: epochs, bins with a train loss, where they are calm."""
    train = signals.curve.train
    known = len(train) if not math.isnan(train[0]) else len(signals.known_train_losses)
    return signals.curve.count, known, signals.curve.calm_from  # one that is known once is known from then on


class GrowingCurve:
    """A curve as arrays that are kept up as it grows, which is faster than to make them anew at each epoch."""

    def __init__(self) -> None:
        self._all = np.empty((4, CAPACITY))
        self._bins, self._width = 0, 1

    def hand_to(self, signals: Signals) -> None:
        """Let the signals of the latest epoch read from the arrays; they hold until the next one."""
        curve = signals.curve
        bins = len(curve.loss)
        if curve.width != self._width or bins < self._bins:
            self._all[:, :bins] = curve.loss, curve.lowest, curve.train, curve.lr
        elif bins:
            self._all[:, bins - 1] = curve.loss[-1], curve.lowest[-1], curve.train[-1], curve.lr[-1]
        self._bins, self._width = bins, curve.width
        losses, lowest, train_losses, rates = self._all[:, :bins]
        remember_properties(signals, losses=losses, lowest=lowest, train_losses=train_losses, rates=rates)


def numbers_of(runs: Sequence[Signals], read: Callable[[Signals], Mapping[str, float]]) -> Numbers:
    """Numbers that are read of each run by itself, side by side."""
    each = [read(signals) for signals in runs]
    return {name: np.array([known[name] for known in each]) for name in each[0]}


def rows_of(numbers: Numbers, runs: int) -> Series:
    """Numbers as a table with a row for each run."""
    rows = np.empty((runs, len(numbers)))
    for column, each in enumerate(numbers.values()):
        rows[:, column] = each
    return rows
