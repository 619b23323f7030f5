"""The learning curve in scale-free numbers, as the fitted model of the further gain reads it.

Losses enter as shares of what the run has gained, times in bins of the bounded curve, learning rates against the
highest so far. What is not known (a schedule, a budget, a train loss) is NaN.
"""

from __future__ import annotations

import math

import numpy as np

from convergence_callbacks.core.forecast import forecast
from convergence_callbacks.core.schedule import rates_ahead
from convergence_callbacks.core.signals import Series, Signals, first_level, median, noise_of, once_an_epoch

FEWEST = 3
"""Bins from which on a curve has a shape."""

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

BLOWN_UP = 30.0
"""A loss that falls by such a factor …"""

EARLY = 12
"""… within so many epochs was blown up at the start: …"""

BACK = 2.0
"""… what is gained is counted from where it first comes as near to its best as that."""


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # what is beyond all numbers is clipped below
@once_an_epoch
def features(signals: Signals) -> dict[str, float]:
    """Numbers by name, rounded so that the unit of the loss changes none of them."""
    begin = _begin(signals)
    losses, lowest, train = (
        series[begin:] for series in (signals.losses, np.array(signals.curve.lowest), signals.train_losses)
    )
    # A trivial predictor's level would be another number than the model learnt from.
    start = first_level(signals.curve.first if begin == 0 else float(losses[0]), float(train[0]))
    gain = _gain(start, signals.curve.best, start)
    known = {
        "epochs": math.log(signals.curve.count),
        "wait": math.log1p(signals.wait),
        "wait_share": signals.wait / signals.curve.count,
        "gained": min(1.0, gain / max(abs(start), math.ulp(0.0))),
        "first_loss": float(losses[0] - signals.curve.best) / gain,
        "train_level": float(np.minimum(3.0, train.min() / max(abs(start), math.ulp(0.0)))),
        "gap": (median(losses[-5:]) - median(train[-5:])) / gain,
        "gap_now": float(losses[-1] - train[-1]) / gain,
        **_shape("val", losses, lowest, gain),
        **_shape("train", train, train, _gain(float(train[0]), float(train.min()), start)),
        **_rates(signals),
        **_budget(signals),
        **_forecast(signals.epochs[begin:], losses, gain),
    }
    return dict(zip(known, np.round(np.clip(list(known.values()), -LARGEST, LARGEST), 9).tolist(), strict=True))


def _begin(signals: Signals) -> int:
    """The first bin that is no part of a blown-up start, such as comes from a rate that is too high at first."""
    lowest = np.array(signals.curve.lowest)
    early = lowest[signals.epochs <= max(EARLY, signals.curve.width)].min()
    blown_up = 0 < early < signals.curve.first / BLOWN_UP and lowest.min() > 0
    back = int(np.argmax(signals.losses <= BACK * lowest.min())) if blown_up else 0
    return min(back, len(lowest) - FEWEST)


def _gain(first: float, best: float, start: float) -> float:
    """Fall from the first to the best, at least a share of the starting level; NaN where the first is."""
    return first - best if first - best > LEAST_GAIN * abs(start) else max(LEAST_GAIN * abs(start), math.ulp(0.0))


def _shape(name: str, losses: Series, lowest: Series, gain: float) -> dict[str, float]:
    """Noise, slopes, levels and progress of one loss."""
    bins, best, lowest = len(losses), lowest.min(), np.minimum.accumulate(lowest)
    shape = {f"{name}_noise": noise_of(losses[-NOISE_BINS:]) / gain}
    for distance in DISTANCES:
        age = bins - int(np.searchsorted(-lowest, -(best + distance * gain), side="right"))
        shape[f"{name}_within_{distance:g}_share"] = age / bins
        shape[f"{name}_within_{distance:g}"] = math.log1p(age)
    for window in WINDOWS:
        recent = losses[-window:]
        shape[f"{name}_slope_{window}"] = _slope(recent) * len(recent) / gain
        shape[f"{name}_level_{window}"] = (median(recent) - best) / gain
        shape[f"{name}_spread_{window}"] = float(recent.std()) / gain
        shape[f"{name}_progress_{window}"] = float(lowest[max(0, bins - 1 - window)] - best) / gain
    for share in SHARES:
        shape[f"{name}_progress_since_{share:g}"] = float(lowest[max(0, int(share * bins) - 1)] - best) / gain
    for parts in (8, 4):
        window = max(1, bins // parts)
        before = losses[max(0, bins - 2 * window) : max(1, bins - window)]
        shape[f"{name}_fall_{parts}"] = float(before.mean() - losses[-window:].mean()) / gain
    return shape


def _rates(signals: Signals) -> dict[str, float]:
    """The learning rate now, before and to come."""
    names = ("rate", "rate_fell", "rate_age", "rate_least", "rate_most", "rate_soon", "rate_mean", "rate_spent")
    unknown = dict.fromkeys(names, math.nan)
    past = signals.rates
    top = float(past.max())
    if not top > 0 or not np.isfinite(past).all():
        return unknown
    floor = LEAST_RATE * top
    now = max(float(past[-1]), floor)
    moved = np.flatnonzero(np.abs(np.diff(past)) > 1e-3 * top)
    known = {
        "rate": now / top,
        "rate_fell": math.log10(now / max(float(past[max(0, len(past) - 6)]), floor)),
        "rate_age": (len(past) - 1 - (int(moved[-1]) if len(moved) else -1)) / len(past),
    }
    step = signals.observation.step
    ahead = rates_ahead(signals.lr_schedule, step, signals.max_epochs)
    if ahead is None:
        return unknown | known
    spent, left = float(past.mean()) * (step + 1), _epochs_left(signals) * float(ahead.mean()) if len(ahead) else 0.0
    ahead = np.maximum(ahead if len(ahead) else past[-1:], floor)
    return known | {
        "rate_least": math.log10(float(ahead.min()) / now),
        "rate_most": math.log10(float(ahead.max()) / now),
        "rate_soon": math.log10(float(ahead[: 1 + len(ahead) // 8].min()) / now),
        "rate_mean": float(ahead.mean()) / top,
        "rate_spent": spent / (spent + left),
    }


def _epochs_left(signals: Signals) -> float:
    """Epochs to the end of the budget; NaN where there is none."""
    return math.nan if signals.max_epochs is None else max(0, signals.max_epochs - signals.observation.step - 1)


def _budget(signals: Signals) -> dict[str, float]:
    """How much of the budget is spent and left; NaN where there is none."""
    spent, left = signals.observation.step + 1, _epochs_left(signals)
    return {"budget_spent": spent / (spent + left), "epochs_left": math.log1p(left)}


def _forecast(epochs: Series, losses: Series, gain: float) -> dict[str, float]:
    """What curves of the usual shapes expect."""
    expected = forecast(epochs, losses, most=2 * gain)
    return {"forecast": expected.gain / gain, "forecast_std": expected.std / gain}


def _slope(losses: Series) -> float:
    """Of the least-squares line, a bin."""
    time = np.arange(len(losses)) - (len(losses) - 1) / 2
    return float(time @ losses / max(float(time @ time), 1.0))
