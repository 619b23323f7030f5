"""Where a training is going: the loss to come, the epochs that are left, and how fast it converges.

Quantile regression trees (Meinshausen 2006 for the idea, Friedman 2001 for the trees), fitted on recorded trainings,
read the curve so far and say how far its level will have moved by a later epoch. How much wider than their own
quantiles the intervals have to be is taken from data sets left out of the fit, as conformal prediction does (Romano,
Patterson & Candès 2019).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.schedule import rates_ahead
from convergence_callbacks.core.curve.series import Series
from convergence_callbacks.core.forecast import Estimate, Forecast, Loss
from convergence_callbacks.forecast.features import FEWEST, Past, past_of_train
from convergence_callbacks.forecast.model import change, fitted, stage
from convergence_callbacks.forecast.rate import convergence_rate

LONG_RUN = 10
"""Times the epochs so far, after which a loss has come to where it stays: the recorded trainings reach no further."""

ALONG = (0.05, 0.15, 0.3, 0.5, 0.75, 1.0)
"""Shares of the way to the end, on a logarithmic scale of epochs, at which the path is given."""


def forecast_loss(reading: Reading, tolerance: float, of: Loss = "judged") -> Forecast | None:
    """Where a training is going.

    Args:
        reading: What can be read from it.
        tolerance: Share of the total gain that is not worth waiting for.
        of: Which loss.

    Returns:
        The forecast; None before the fifth epoch of that loss, and while it is no finite number.
    """
    past = past_of(reading, of)
    if past is None or past.count < FEWEST or reading.non_finite:
        return None
    to_step = functools.partial(_step, reading, past)
    budget = _budget(reading, past)
    horizon = LONG_RUN * past.count if math.isnan(budget) else budget
    ahead = _Ahead(past, budget, _rates_until(reading, past, horizon), reading.sign)
    ends_here = horizon <= past.count
    now = Estimate(*[reading.sign * past.level] * 3)
    path = [] if ends_here else [past.count * (horizon / past.count) ** share for share in ALONG]
    levels = tuple((to_step(epoch), ahead.level(epoch)) for epoch in path)
    left = Estimate(0.0, 0.0, 0.0) if ends_here else ahead.epochs_left(horizon, tolerance)
    return Forecast(
        step=reading.observation.step,
        end=None if math.isnan(budget) else levels[-1][1] if levels else now,
        asymptote=_Ahead(past, math.nan, None, reading.sign).level(LONG_RUN * past.count),
        epochs_left=Estimate(*[reading.curve.spacing * end for end in (left.low, left.value, left.high)]),
        rate=convergence_rate(past.epochs, past.losses),
        path=levels,
        bounds=_bounds(reading.sign * past.losses, reading.sign),
    )


def _bounds(values: Series, sign: float) -> tuple[float, float]:
    """What a loss that was never negative, and a score that was never outside 0 and 1, may be expected to keep to."""
    if values.min() < 0:
        return -math.inf, math.inf
    return 0.0, 1.0 if sign < 0 and values.max() <= 1 else math.inf


def past_of(reading: Reading, of: Loss) -> Past | None:
    """One loss up to now; None where it was not measured."""
    curve = reading.curve
    if not curve.count or (of == "train" and not len(reading.finite_train_losses)):
        return None
    past = Past(
        epochs=reading.epochs,
        losses=reading.losses,
        other=reading.train_losses,
        rates=reading.rates,
        best=curve.best,
        best_epoch=curve.best_epoch,
        is_train=not reading.has_validation,
    )
    return past_of_train(past) if of == "train" and reading.has_validation else past


@dataclass(frozen=True)
class _Ahead:
    """A loss looked ahead from, in the user's unit.

    Args:
        past: The loss up to now.
        budget: Number of the last epoch; NaN where unknown.
        rates: Learning rates from now to the end, evenly thinned; None where unknown.
        sign: 1, or -1 where more is better.
    """

    past: Past
    budget: float
    rates: Series | None
    sign: float

    def level(self, epoch: float) -> Estimate:
        """The level of the loss at a later epoch."""
        moves = self._widened(fitted().level.predict(self._known(epoch)), fitted().level_wider, epoch)
        levels = self.sign * (self.past.level + change(moves) * self.past.scale * self.past.moves)
        return Estimate(*np.sort(levels).tolist())

    def epochs_left(self, epoch: float, tolerance: float) -> Estimate:
        """Epochs until the lowest loss is within the tolerance of the lowest until a later epoch."""
        features = {**self._known(epoch), **self.past.features_of_tolerance(epoch, tolerance)}
        shares = self._widened(fitted().left.predict(features), fitted().left_wider, epoch)
        left = np.clip(self.past.count * np.expm1(np.maximum(shares, 0.0)), 0.0, epoch - self.past.count)
        return Estimate(*left.tolist())

    def _widened(self, quantiles: Series, wider: Series, epoch: float) -> Series:
        """In order, and as much wider as left-out data sets asked for."""
        low, middle, high = np.sort(quantiles)
        factor = wider[int(self.past.is_train), stage(self.past.count / epoch)]
        return np.array([middle - factor * (middle - low), middle, middle + factor * (high - middle)])

    def _known(self, epoch: float) -> dict[str, float]:
        rates = self.rates
        if rates is not None and self.budget > epoch:
            share = (epoch - self.past.count) / (self.budget - self.past.count)
            rates = rates[: max(1, round(share * len(rates)))]
        return self.past.features_for(epoch, self.budget, rates)


def _budget(reading: Reading, past: Past) -> float:
    """Number of the last epoch that will be judged; NaN where unknown."""
    if reading.max_epochs is None:
        return math.nan
    return past.count + max(0, reading.max_epochs - 1 - reading.observation.step) / reading.curve.spacing


def _rates_until(reading: Reading, past: Past, epoch: float) -> Series | None:
    step = reading.observation.step
    return rates_ahead(reading.lr_schedule, step, 1 + round(_step(reading, past, epoch)))


def _step(reading: Reading, past: Past, epoch: float) -> float:
    """The step of a later epoch."""
    return reading.observation.step + reading.curve.spacing * (epoch - past.count)
