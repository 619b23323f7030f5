"""The learning curve in numbers, as both fitted models read it.

A loss has no zero: each loss enters in units of what it has fallen, at least of its noise, so that neither its unit nor
a constant added to it changes any of them. Only where a trivial predictor's loss is given (`baseline_loss`) is it read
how much of that is left. Times are in bins of the bounded curve, learning rates against the highest so far. What is not
known (a schedule, a budget, a train loss, a baseline) is NaN.

Of each loss is read:

- ``clear``: how far it fell, in units of its noise;
- ``within_0.01`` and the like: since when the lowest loss has been nearer to its best than that, in bins (log);
- ``level_6`` and the like: its mean over the latest bins, above its best;
- ``progress_12`` and ``progress_since_0.5``: what the lowest loss gained over the latest bins, or since that share of
  the run;
- ``fall_4``: by how much the mean of the last quarter is below that of the quarter before;
- ``fall_after_8``: how far it had fallen after so many epochs;
- ``spread_12``: its standard deviation over the latest bins;
- ``line``, ``line_late``: how much of it is a straight line in the sum of the learning rates, whole and in its later
  half: what a rate that is far too low makes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading, Readings
from convergence_callbacks.core.curve.schedule import rates_ahead
from convergence_callbacks.core.curve.series import Series, medians, noises
from convergence_callbacks.core.models.table import Columns, Table, columns_of
from convergence_callbacks.core.observation import Observation

LEVELS = (3, 6, 12, 50)
"""Latest bins whose mean is a level."""

PROGRESS = (3, 12, 50)
"""Latest bins over which the progress of the lowest loss is taken."""

SHARES = (0.5, 0.75)
"""Shares of the run since which it is taken too."""

DISTANCES = (0.01, 0.03, 0.1)
"""From the best, in units of the fall: since when the lowest loss has been nearer than that."""

EPOCHS = (4, 8, 16)
"""Epochs after which the fall so far is read: a good learning rate has brought most of it by then."""

LEAST_NOISES = 4.0
"""Times its noise that stand for the fall of a loss that fell by less: that may be nothing."""

LEAST_NOISE = 1e-6
"""Noise of a curve that has none, as a share of how far it moves."""

ROUNDING = 1e-9
"""Share of a loss that is an error of rounding: moves below are none."""

NOISE_BINS = 40
"""Latest bins from which noise is taken: it changes with the learning rate."""

SPREAD_BINS = 12
"""Latest bins over which a standard deviation is taken."""

GAP_BINS = 5
"""Latest bins whose median is the generalisation gap."""

LEAST_RATE = 1e-9
"""Share of the highest learning rate that stands for a rate of zero, which has no logarithm."""

LOWEST_RATE = 1e-4
"""Highest learning rate of a run below which it says nothing: fine-tuning has others than training from scratch."""

LARGEST = 1e6
"""Numbers beyond are all the same."""


@functools.lru_cache(maxsize=1)  # both models ask for the same
def read(runs: Readings) -> Table:
    """The features of several runs, rounded so that neither unit nor offset of the loss changes any of them."""
    return Table.of(_columns(runs.since(runs.first_stable_bin)), len(runs.each), _rounded)


def features(reading: Reading) -> Mapping[str, float]:
    """The features of one run by name."""
    return dict(read(Readings.of([reading])).each()[0])


@functools.cache
def names() -> tuple[str, ...]:
    """Names of all features, in order: those of any curve."""
    curve = Curve()
    for epoch in range(SPREAD_BINS):
        curve.add(epoch, 1 / (epoch + 1), 1 / (epoch + 1), 0.1)
    return tuple(features(Reading(observation=Observation(step=SPREAD_BINS - 1), curve=curve)))


def _rounded(numbers: Series) -> Series:
    return np.asarray(np.round(np.minimum(np.maximum(numbers, -LARGEST), LARGEST), 6))


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # what is beyond all numbers is cut off
def _columns(runs: Readings) -> Columns:
    train = _train_losses(runs)
    both = np.stack([runs.losses, train])  # what is computed of one is computed of the other at once
    lowest = np.minimum.accumulate(np.stack([runs.lowest, train]), axis=-1)
    noise = np.maximum(noises(both[..., -NOISE_BINS:]), LEAST_NOISE * np.ptp(both, axis=-1) + math.ulp(0.0))
    fall = np.stack([runs.first_level, train[..., 0]]) - lowest[..., -1]
    unit = np.maximum(np.maximum(fall, LEAST_NOISES * noise), ROUNDING * np.abs(both).max(axis=-1))
    each = {"clear": np.maximum(fall, 0.0) / noise, **_one_loss(both, lowest, unit, _learning_time(runs), runs.width)}
    return {
        "epochs": runs.count,
        "wait": runs.wait,
        **{f"val_{name}": value[0] for name, value in each.items()},
        **{f"train_{name}": value[1] for name, value in each.items()},
        **_both_losses(both, unit, np.argmin(runs.lowest, axis=-1)),
        **columns_of(runs.each, _circumstances),
    }


def _train_losses(runs: Readings) -> Series:
    """Train loss by bin; its first value stands for what was before it; NaN where there is none."""
    train, known = runs.train_losses, runs.trains_known
    missing = train.shape[-1] - known
    if missing <= 0 or not known:
        return train
    first = np.repeat(train[..., missing : missing + 1], missing, axis=-1)
    return np.concatenate([first, train[..., missing:]], axis=-1)


def _one_loss(losses: Series, lowest: Series, unit: Series, time: Series, width: int) -> dict[str, Series]:
    """What a loss says by itself."""
    bins, best = losses.shape[-1], lowest[..., -1]
    means, places = losses @ _means(bins), _places(bins, width)
    progress = lowest[..., places[: len(PROGRESS) + len(SHARES)]] - best[..., None]
    falls = losses[..., :1] - losses[..., places[len(PROGRESS) + len(SHARES) :]]
    sizes = np.concatenate(
        [
            means[..., : len(LEVELS)] - best[..., None],
            means[..., len(LEVELS) :],
            progress,
            falls,
            losses[..., -SPREAD_BINS:].std(axis=-1)[..., None],
        ],
        axis=-1,
    )
    near = best[..., None] + unit[..., None] * np.array(DISTANCES)
    ages = (lowest[..., None, :] < near[..., None]).sum(axis=-1)
    return {
        **_by_name(_SIZES, sizes / unit[..., None]),
        **_by_name(_AGES, ages),
        "line": _straightness(time, losses),
        "line_late": _straightness(time[..., bins // 2 :], losses[..., bins // 2 :]),
    }


_SIZES = (
    *(f"level_{window}" for window in LEVELS),
    "fall_4",
    *(f"progress_{window}" for window in PROGRESS),
    *(f"progress_since_{share:g}" for share in SHARES),
    *(f"fall_after_{epoch}" for epoch in EPOCHS),
    f"spread_{SPREAD_BINS}",
)
_AGES = tuple(f"within_{distance:g}" for distance in DISTANCES)


def _by_name(names: Sequence[str], numbers: Series) -> dict[str, Series]:
    return {name: numbers[..., place] for place, name in enumerate(names)}


@functools.lru_cache(maxsize=256)
def _means(bins: int) -> Series:
    """Weights that make a curve of so many bins its levels, and its fall from quarter to quarter."""
    place = np.arange(bins)[:, None]
    levels = (place >= bins - np.minimum(LEVELS, bins)) / np.minimum(LEVELS, bins)
    quarter = max(1, bins // 4)
    before = (place >= bins - 2 * quarter) & (place < max(1, bins - quarter))
    after = place >= bins - quarter
    return np.concatenate([levels, before / before.sum() - after / after.sum()], axis=1)


@functools.lru_cache(maxsize=1024)
def _places(bins: int, width: int) -> NDArray[np.intp]:
    """Bins at which progress and fall are read."""
    latest = [max(0, bins - 1 - window) for window in PROGRESS]
    shares = [max(0, int(share * bins) - 1) for share in SHARES]
    return np.array([*latest, *shares, *(min(bins - 1, epoch // width) for epoch in EPOCHS)])


def _both_losses(both: Series, unit: Series, best: NDArray[np.intp]) -> dict[str, Series]:
    """What both losses say of each other."""
    val, train = both
    bins = val.shape[-1]
    steps = np.abs(np.diff(both)).sum(axis=-1)
    at_best = np.take_along_axis(train, best[..., None], axis=-1)[..., 0]
    return {
        "gap": medians((val - train)[..., -GAP_BINS:]) / unit[1],
        "gap_next": (val[..., 0] - train[..., min(1, bins - 1)]) / unit[0],
        "units": unit[1] / unit[0],
        "steps": steps[0] / steps[1],
        "agreement": _correlation(val, train),
        "train_fall_since_best": (at_best - train[..., -3:].mean(axis=-1)) / unit[1],
    }


def _learning_time(runs: Readings) -> Series:
    """Sum of learning rates so far; of epochs where they are not known."""
    rates = np.maximum(runs.rates, 0.0)[..., -runs.losses.shape[-1] :]
    top = rates.max(axis=-1, keepdims=True)
    is_known = (top > 0) & np.isfinite(top)  # the highest of rates of which one is NaN is NaN
    return np.asarray(np.cumsum(np.where(is_known, rates / top, 1.0), axis=-1))


def _straightness(time: Series, losses: Series) -> Series:
    """Share of the variance that a line explains, negative where it rises."""
    together = _correlation(time, losses)
    return np.asarray(-np.copysign(together * together, together))


def _correlation(one: Series, other: Series) -> Series:
    """Of two series; 0 where one of them does not move, NaN where one is not known."""
    a, b = one - one.mean(axis=-1, keepdims=True), other - other.mean(axis=-1, keepdims=True)
    aa, bb, ab = (np.einsum("...i,...i->...", *pair) for pair in ((a, a), (b, b), (a, b)))
    moves = (aa > _rounding(one)) & (bb > _rounding(other))
    return np.where(np.isfinite(ab), np.where(moves, ab, 0.0) / np.sqrt(np.where(moves, aa * bb, 1.0)), math.nan)


def _rounding(series: Series) -> Series:
    return np.asarray((ROUNDING * series[..., 0]) ** 2 * series.shape[-1])


def _circumstances(reading: Reading) -> dict[str, float]:
    """What is read of each run by itself: learning rates, the budget, and how much of the baseline is left."""
    return {**_rates(reading), **_budget(reading), **_baseline(reading)}


def _rates(reading: Reading) -> dict[str, float]:
    """Learning rates so far and to come."""
    rates = reading.rates
    top, now = float(rates.max()), float(rates[-1])
    if not top > 0:  # true of NaN too
        return dict.fromkeys(("rate", "rate_fell", "rate_top", "rate_spent"), math.nan)
    before, least = float(rates[max(0, len(rates) - 6)]), LEAST_RATE * top
    return {
        "rate": now / top,
        "rate_fell": math.log10(max(now, least) / max(before, least)),
        "rate_top": math.log10(top) if top >= LOWEST_RATE else math.nan,
        "rate_spent": _rate_spent(reading),
    }


def _rate_spent(reading: Reading) -> float:
    """Share of the sum of all learning rates that is spent; NaN where the schedule or its end is not known."""
    step, budget = reading.observation.step, reading.max_epochs
    ahead = rates_ahead(reading.lr_schedule, step, budget)
    if ahead is None or budget is None:
        return math.nan
    spent = float(reading.rates.mean()) * (step + 1)
    left = float(ahead.mean()) * max(0, budget - step - 1) if len(ahead) else 0.0
    return spent / (spent + left) if spent + left > 0 else math.nan


def _budget(reading: Reading) -> dict[str, float]:
    """How much of the budget is spent and left; NaN where there is none."""
    if reading.max_epochs is None:
        return {"budget_spent": math.nan, "epochs_left": math.nan}
    spent = reading.observation.step + 1
    left = max(0, reading.max_epochs - spent)
    return {"budget_spent": spent / (spent + left), "epochs_left": left}


def _baseline(reading: Reading) -> dict[str, float]:
    """How much of a trivial predictor's loss is left; NaN where that is not known."""
    losses = {
        "left_of_baseline": reading.curve.best,
        "now_of_baseline": reading.loss,
        "train_left_of_baseline": float(reading.train_losses.min()),
    }
    base = reading.baseline
    if base is None:
        return dict.fromkeys(losses, math.nan)
    return {name: 1 - (base - loss) / max(abs(base), math.ulp(0.0)) for name, loss in losses.items()}
