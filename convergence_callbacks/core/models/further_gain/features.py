"""The learning curve in scale-free numbers, as the fitted model of the further gain reads it.

Losses enter as shares of what the run has gained, times in bins of the bounded curve, learning rates against the
highest so far. What is not known (a schedule, a budget, a train loss) is NaN.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np

from convergence_callbacks.core.curve.curve import FEWEST_BINS, Curve
from convergence_callbacks.core.curve.reading import Reading, Readings
from convergence_callbacks.core.curve.schedule import rates_ahead
from convergence_callbacks.core.curve.series import Series, medians, noises
from convergence_callbacks.core.curve.shapes import forecast
from convergence_callbacks.core.models.table import Columns, Table, columns_of
from convergence_callbacks.core.observation import Observation

WINDOWS = (3, 6, 12, 25, 50)
"""Bins over which slope, level and spread are taken."""

SHARES = (0.25, 0.5, 0.75, 0.875)
"""Of the run so far: how much of the gain was still to come then."""

DISTANCES = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Of the best, as shares of the gain: since when the lowest loss has been nearer than that."""

LEAST_GAIN = 0.02
"""Share of the starting level that stands for the gain of a run that has gained nothing."""

LEAST_RATE = 1e-9
"""Share of the highest learning rate that stands for a rate of zero, which has no logarithm."""

LARGEST = 1e6
"""Shares beyond are all the same."""

NOISE_BINS = 40
"""Latest bins from which noise is taken: it changes with the learning rate."""


def features(reading: Reading) -> Mapping[str, float]:
    """The features of one run by name."""
    return dict(table(Readings.of([reading])).each()[0])


@functools.cache
def names() -> tuple[str, ...]:
    """Names of all features, in order: those of any curve."""
    curve = Curve()
    for epoch in range(FEWEST_BINS):
        curve.add(epoch, 1 / (epoch + 1), 1 / (epoch + 1), 0.1)
    return tuple(features(Reading(observation=Observation(step=FEWEST_BINS - 1), curve=curve)))


def table(runs: Readings) -> Table:
    """The features of several runs, rounded so that the unit of the loss changes none of them."""
    return Table.of(_columns(runs.since(runs.first_stable_bin)), len(runs.each), _rounded)


def _rounded(numbers: Series) -> Series:
    return np.asarray(np.round(np.clip(numbers, -LARGEST, LARGEST), 9))


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # what is beyond all numbers is clipped
def _columns(runs: Readings) -> Columns:
    start = runs.first_level  # a trivial predictor's would be another number than the model learnt from
    losses, train = runs.losses, runs.train_losses
    gain, size = _gain(start, runs.best, start), np.maximum(np.abs(start), math.ulp(0.0))
    both, lowest = np.stack([losses, train]), np.stack([runs.lowest, train])
    each = _shape(both, lowest, np.stack([gain, _gain(train[..., 0], train.min(axis=-1), start)]))
    return {
        "epochs": math.log(runs.count),
        "wait": np.log1p(runs.wait),
        "wait_share": runs.wait / runs.count,
        "gained": np.minimum(1.0, gain / size),
        "first_loss": (losses[..., 0] - runs.best) / gain,
        "train_level": np.minimum(3.0, train.min(axis=-1) / size),
        "gap": (medians(losses[..., -5:]) - medians(train[..., -5:])) / gain,
        "gap_now": (losses[..., -1] - train[..., -1]) / gain,
        **{f"val_{name}": value[0] for name, value in each.items()},
        **{f"train_{name}": value[1] for name, value in each.items()},
        **_rates(runs.rates),
        **columns_of(runs.each, _circumstances),
        **_forecast(runs, gain),
    }


def _circumstances(reading: Reading) -> dict[str, float]:
    """What is read of each run by itself: the learning rate to come, and the budget."""
    return {**_rates_ahead(reading), **_budget(reading)}


def _gain(first: Series, best: Series, start: Series) -> Series:
    """Fall from the first to the best, at least a share of the starting level; that share where the first is NaN."""
    fall, least = first - best, LEAST_GAIN * np.abs(start)
    return np.where(fall > least, fall, np.maximum(least, math.ulp(0.0)))


def _shape(losses: Series, lowest: Series, gain: Series) -> dict[str, Series]:
    """Noise, slopes, levels and progress of a loss."""
    bins, lowest = losses.shape[-1], np.minimum.accumulate(lowest, axis=-1)
    best = lowest[..., -1]
    shape = {"noise": noises(losses[..., -NOISE_BINS:])}
    for window in WINDOWS:
        recent = losses[..., -window:]
        shape[f"slope_{window}"] = _slope(recent) * recent.shape[-1]
        shape[f"level_{window}"] = medians(recent) - best
        shape[f"spread_{window}"] = recent.std(axis=-1)
        shape[f"progress_{window}"] = lowest[..., max(0, bins - 1 - window)] - best
    for share in SHARES:
        shape[f"progress_since_{share:g}"] = lowest[..., max(0, int(share * bins) - 1)] - best
    for parts in (8, 4):
        window = max(1, bins // parts)
        before = losses[..., max(0, bins - 2 * window) : max(1, bins - window)]
        shape[f"fall_{parts}"] = before.mean(axis=-1) - losses[..., -window:].mean(axis=-1)
    return {**_ages(lowest, gain), **{name: size / gain for name, size in shape.items()}}


def _ages(lowest: Series, gain: Series) -> dict[str, Series]:
    """Since when the lowest loss has been nearer than some distances to its best."""
    levels = lowest[..., -1] + np.multiply.outer(DISTANCES, gain)
    ages = (lowest < levels[..., None]).sum(axis=-1)
    return {
        **{f"within_{distance:g}_share": age / lowest.shape[-1] for distance, age in zip(DISTANCES, ages, strict=True)},
        **{f"within_{distance:g}": age for distance, age in zip(DISTANCES, np.log1p(ages), strict=True)},
    }


def _rates(rates: Series) -> dict[str, Series]:
    """The learning rate now and before; NaN where one is not known."""
    bins, top = rates.shape[-1], rates.max(axis=-1)
    top = np.where(top > 0, top, math.nan)
    floor = LEAST_RATE * top
    now = np.maximum(rates[..., -1], floor)
    moved = (np.abs(np.diff(rates)) > (1e-3 * top)[..., None])[..., ::-1]
    age = np.where(moved.any(axis=-1), np.argmax(moved, axis=-1) + 1, bins) if bins > 1 else np.full(top.shape, 1)
    return {
        "rate": now / top,
        "rate_fell": np.log10(now / np.maximum(rates[..., max(0, bins - 6)], floor)),
        "rate_age": np.where(np.isfinite(top), age / bins, math.nan),
    }


def _rates_ahead(reading: Reading) -> dict[str, float]:
    """The learning rate to come; NaN where it is not known."""
    unknown = dict.fromkeys(("rate_least", "rate_most", "rate_soon", "rate_mean", "rate_spent"), math.nan)
    step, past = reading.observation.step, reading.rates
    ahead = rates_ahead(reading.lr_schedule, step, reading.max_epochs)
    top = float(past.max())
    if ahead is None or not top > 0:
        return unknown
    spent, left = float(past.mean()) * (step + 1), _epochs_left(reading) * float(ahead.mean()) if len(ahead) else 0.0
    floor = LEAST_RATE * top
    now, ahead = max(float(past[-1]), floor), np.maximum(ahead if len(ahead) else past[-1:], floor)
    return {
        "rate_least": math.log10(float(ahead.min()) / now),
        "rate_most": math.log10(float(ahead.max()) / now),
        "rate_soon": math.log10(float(ahead[: 1 + len(ahead) // 8].min()) / now),
        "rate_mean": float(ahead.mean()) / top,
        "rate_spent": spent / (spent + left),
    }


def _epochs_left(reading: Reading) -> float:
    """Epochs to the end of the budget; NaN where there is none."""
    return math.nan if reading.max_epochs is None else max(0, reading.max_epochs - reading.observation.step - 1)


def _budget(reading: Reading) -> dict[str, float]:
    """How much of the budget is spent and left; NaN where there is none."""
    spent, left = reading.observation.step + 1, _epochs_left(reading)
    return {"budget_spent": spent / (spent + left), "epochs_left": math.log1p(left)}


def _forecast(runs: Readings, gain: Series) -> dict[str, Series]:
    """What curves of the usual shapes expect."""
    expected = forecast(runs.epochs, runs.losses, most=2 * gain)
    return {"forecast": expected.gain / gain, "forecast_std": expected.std / gain}


def _slope(losses: Series) -> Series:
    """Of the least-squares line, a bin."""
    time = np.arange(losses.shape[-1]) - (losses.shape[-1] - 1) / 2
    slope: Series = losses @ time / max(float(time @ time), 1.0)
    return slope
