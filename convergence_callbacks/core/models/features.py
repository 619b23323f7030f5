"""The learning curve in numbers, as both fitted models read it.

Losses are measured in units of their own fall, or of their noise if that is more, so that neither the unit nor a
constant added to the loss changes a feature. Only `baseline_loss`, if given, tells how much of it is left. Times are in
bins of the bounded curve, learning rates in units of the highest so far. What is not known (a schedule, a budget, a
train loss, a baseline) is NaN.

The features of each loss (of train loss only those that either model needs):

- ``clear``: how far it fell, in units of its noise; ``late_clear``: how far in the later half;
- ``within_0.01`` and the like: since when the lowest loss has been nearer to its best than that, in bins;
- ``level_6`` and the like: its mean over the latest bins, above its best; ``level_end``: over the last twelfth;
- ``progress_12`` and ``progress_since_0.5``: what the lowest loss gained over the latest bins, or since that share of
  the run;
- ``fall_4``: by how much the mean of the last quarter is below that of the quarter before;
- ``fall_after_8``: how far it had fallen after so many epochs; ``most_after``: epochs that most of it took (log);
- ``spread_12``: its standard deviation over the latest bins; ``highest_rise``: from one bin to the next;
- ``line``, ``line_late``: how much of it is a straight line in the sum of the learning rates, whole and in its later
  half: what a rate that is far too low makes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading, Readings
from convergence_callbacks.core.curve.schedule import rates_ahead
from convergence_callbacks.core.curve.series import Series, medians, noises
from convergence_callbacks.core.observation import Observation

LEVELS = (3, 6, 12)
"""Latest bins whose mean is a level."""

TWELFTHS = 12
"""Parts of the run; the first shows where a loss began, the last where it is."""

PROGRESS = (3, 12, 50)
"""Latest bins over which the progress of the lowest loss is taken."""

SHARES = (0.5, 0.75)
"""Shares of the run since which that progress is taken too."""

DISTANCES = (0.01, 0.03, 0.1)
"""Distances from the best, in units of the fall: since when has the lowest loss been nearer than that?"""

EPOCHS = (2, 4, 8, 16)
"""Epochs after which the fall so far is read: a good learning rate has brought most of it by then."""

MOST_SHARE = 0.9
"""Share of the fall that is most of it."""

LEAST_NOISES = 4.0
"""Times its noise below which a fall counts as that much: it may be none."""

LEAST_NOISE = 1e-6
"""Noise of a curve that has none, as a share of how far it moves."""

ROUNDING = 1e-9
"""Share of a loss below which a move is a rounding error."""

NOISE_BINS = 40
"""Latest bins from which noise is taken: it changes with the learning rate."""

SPREAD_BINS = 12
"""Latest bins over which a standard deviation is taken."""

EARLY_BINS = 6
"""First bins, or the first quarter if more, over which both losses are correlated: overfitting comes later."""

SHARED_MOST = 10.0
"""Times the fall of train loss above which the fall of validation loss counts as that much."""

GAP_BINS = 5
"""Latest bins whose median is the generalisation gap."""

LEAST_RATE = 1e-9
"""Share of the highest learning rate that stands for a rate of zero, which has no logarithm."""

LOWEST_RATE = 1e-4
"""Highest learning rate below which it is not read: fine-tuning has other rates than training from scratch."""

LARGEST = 1e6
"""Larger numbers count as this one."""

Columns = Mapping[str, Series | float]
"""Numbers by name: one for each run, or one for all."""


@dataclass(frozen=True, eq=False)
class Table:
    """Features of several runs.

    Args:
        names: Their names, in order.
        rows: A row of them for each run; NaN where one is not known.
    """

    names: tuple[str, ...]
    rows: Series

    def columns(self, names: tuple[str, ...]) -> Series:
        """Some of the features, in the order of the names."""
        return self.rows.take(_index_of(self.names, names), axis=1)

    def each(self) -> list[Mapping[str, float]]:
        """The features of each run by name."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows.tolist()]


@functools.cache
def _index_of(names: tuple[str, ...], asked: tuple[str, ...]) -> NDArray[np.intp]:
    return np.array([names.index(name) for name in asked])


@functools.lru_cache(maxsize=1)  # both models ask for the same
def read(runs: Readings) -> Table:
    """The features of several runs, rounded so that neither unit nor offset of the loss changes any of them."""
    columns = _columns(runs.since(runs.first_stable_bin))
    rows = np.empty((len(runs.each), len(columns)))
    for place, column in enumerate(columns.values()):
        rows[:, place] = column
    return Table(tuple(columns), np.asarray(np.round(np.minimum(np.maximum(rows, -LARGEST), LARGEST), 6)))


def features(reading: Reading) -> Mapping[str, float]:
    """The features of one run by name."""
    return read(Readings.of([reading])).each()[0]


@functools.cache
def names() -> tuple[str, ...]:
    """Names of all features, in order; every curve has the same."""
    curve = Curve()
    for epoch in range(SPREAD_BINS):
        curve.add(epoch, 1 / (epoch + 1), 1 / (epoch + 1), 0.1)
    return tuple(features(Reading(observation=Observation(step=SPREAD_BINS - 1), curve=curve)))


@dataclass(frozen=True, slots=True)
class _Both:
    """Validation and train loss of each run on one axis, so that whatever is computed is computed of both.

    Args:
        losses: Of each bin, of shape (2, runs, bins).
        least: The least of them.
        lowest: The lowest of any epoch so far, by bin.
        moves: From each bin to the next.
        means: Levels and falls, as `_means` weighs the bins.
        noise: Standard deviation around the trend.
        fall: From the first level to the lowest of any epoch.
        unit: What all sizes are shares of.
    """

    losses: Series
    least: Series
    lowest: Series
    moves: Series
    means: Series
    noise: Series
    fall: Series
    unit: Series

    @classmethod
    def of(cls, runs: Readings) -> _Both:
        train = _train_losses(runs)
        losses = np.array([runs.losses, train])
        lowest = np.minimum.accumulate(np.array([runs.lowest, train]), axis=-1)
        most, least = np.maximum.reduce(losses, axis=-1), np.minimum.reduce(losses, axis=-1)
        rounding = ROUNDING * np.maximum(most, -least)
        noise = np.maximum(noises(losses[..., -NOISE_BINS:]), LEAST_NOISE * (most - least + rounding) + math.ulp(0.0))
        fall = np.array([runs.first_level, train[..., 0]]) - lowest[..., -1]
        unit = np.maximum(np.maximum(fall, LEAST_NOISES * noise), rounding)
        means = losses @ _means(losses.shape[-1])
        return cls(losses, least, lowest, losses[..., 1:] - losses[..., :-1], means, noise, fall, unit)


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # infinite features are clipped
def _columns(runs: Readings) -> Columns:
    both = _Both.of(runs)
    series = np.concatenate([both.losses, _learning_time(runs)[None]])
    together, together_late = _correlations(series), _correlations(series[..., series.shape[-1] // 2 :])
    each = {
        "clear": np.maximum(both.fall, 0.0) / both.noise,
        **_one_loss(both, runs.width),
        "line": _straightness(together[:2, 2]),
        "line_late": _straightness(together_late[:2, 2]),
    }
    return {
        "epochs": runs.count,
        "wait": runs.wait,
        **{f"val_{name}": value[0] for name, value in each.items()},
        **{f"train_{name}": value[1] for name, value in each.items() if name not in OF_VALIDATION},
        "agreement": together[0, 1],
        **_both_losses(both, np.argmin(runs.lowest, axis=-1)),
        **_circumstances_of(runs),
    }


def _train_losses(runs: Readings) -> Series:
    """Train loss by bin, its first value repeated for the bins before it; NaN where there is none."""
    train, count = runs.train_losses, runs.trains_known
    missing = train.shape[-1] - count
    if missing <= 0 or not count:
        return train
    first = np.repeat(train[..., missing : missing + 1], missing, axis=-1)
    return np.concatenate([first, train[..., missing:]], axis=-1)


def _one_loss(both: _Both, width: int) -> dict[str, Series]:
    """The features of one loss alone."""
    losses, lowest, unit = both.losses, both.lowest, both.unit
    bins, first, best = losses.shape[-1], losses[..., :1], lowest[..., -1:]
    places = _places(bins, width)
    sizes = np.concatenate(
        [
            both.means[..., : len(LEVELS) + 1] - best,
            both.means[..., len(LEVELS) + 1 : -2],
            lowest[..., places[: len(PROGRESS) + len(SHARES)]] - best,
            first - losses[..., places[len(PROGRESS) + len(SHARES) :]],
            _spreads(losses[..., -SPREAD_BINS:])[..., None],
            np.maximum.reduce(both.moves[..., bins // 4 :], axis=-1, initial=0.0)[..., None],
        ],
        axis=-1,
    )
    ages = (lowest[..., None, :] < best[..., None] + (unit[..., None] * np.array(DISTANCES))[..., None]).sum(axis=-1)
    most = losses <= first - MOST_SHARE * (first - both.least[..., None]) + LEAST_NOISE * unit[..., None]
    return {
        **_by_name(_SIZES, sizes / unit[..., None]),
        **_by_name(_AGES, ages),
        "most_after": np.log10(1 + most.argmax(axis=-1) * width),
        "late_clear": both.means[..., -2] / both.noise,
    }


_SIZES = (
    *(f"level_{window}" for window in LEVELS),
    "level_end",
    "fall_4",
    *(f"progress_{window}" for window in PROGRESS),
    *(f"progress_since_{share:g}" for share in SHARES),
    *(f"fall_after_{epoch}" for epoch in EPOCHS),
    f"spread_{SPREAD_BINS}",
    "highest_rise",
)
_AGES = tuple(f"within_{distance:g}" for distance in DISTANCES)

OF_VALIDATION = frozenset(
    (*_AGES, *(f"progress_{window}" for window in PROGRESS), *("level_end", "fall_4", "late_clear", "line_late"))
)
"""Features of validation loss alone: neither model needs those of train loss."""


def _by_name(names: Sequence[str], numbers: Series) -> dict[str, Series]:
    return dict(zip(names, numbers.transpose(2, 0, 1), strict=True))


def _means_of(series: Series) -> Series:
    """The mean of each row, with an axis for its numbers; numpy's own takes four times as long for one of a few."""
    return np.asarray(np.add.reduce(series, axis=-1, keepdims=True) / series.shape[-1])


def _spreads(series: Series) -> Series:
    """The standard deviation of each row."""
    off = series - _means_of(series)
    return np.asarray(np.sqrt(np.add.reduce(off * off, axis=-1) / series.shape[-1]))


@functools.lru_cache(maxsize=256)
def _means(bins: int) -> Series:
    """Weights that make a curve of so many bins its levels, and its falls: by quarter, in the later half, and whole."""
    place = np.arange(bins)[:, None]
    levels = (place >= bins - np.minimum(LEVELS, bins)) / np.minimum(LEVELS, bins)
    part, quarter = max(1, bins // TWELFTHS), max(1, bins // 4)
    end = (place >= bins - part) / part
    before = (place >= bins - 2 * quarter) & (place < max(1, bins - quarter))
    middle = (place >= bins // 2) & (place < bins // 2 + part)
    fall_4 = before / before.sum() - (place >= bins - quarter) / quarter
    return np.concatenate([levels, end, fall_4, middle / middle.sum() - end, (place < part) / part - end], axis=1)


@functools.lru_cache(maxsize=1024)
def _places(bins: int, width: int) -> NDArray[np.intp]:
    """Bins at which progress and fall are read."""
    latest, shares = bins - 1 - np.array(PROGRESS), (bins * np.array(SHARES)).astype(int) - 1
    places: NDArray[np.intp] = np.concatenate([latest, shares, np.array(EPOCHS) // width]).clip(0, bins - 1)
    return places


def _both_losses(both: _Both, best: NDArray[np.intp]) -> dict[str, Series]:
    """The features of both losses together."""
    val, train = both.losses
    bins, unit, falls = val.shape[-1], both.unit, both.means[..., -1]
    shared = falls[0] / np.maximum(falls[1], both.noise[1])
    early = max(EARLY_BINS, bins // 4)
    steps = np.add.reduce(np.abs(both.moves), axis=-1)
    at_best = train[np.arange(len(best)), best]
    return {
        "gap": medians((val - train)[..., -GAP_BINS:]) / unit[1],
        "gap_next": (val[..., 0] - train[..., min(1, bins - 1)]) / unit[0],
        "units": unit[1] / unit[0],
        "steps": steps[0] / steps[1],
        "agreement_early": _correlations(both.losses[..., :early])[0, 1],
        "shared_fall": np.maximum(np.minimum(shared, SHARED_MOST), -SHARED_MOST),
        "best_place": best / bins,
        "train_fall_to_best": (train[..., 0] - at_best) / unit[1],
        "train_fall_since_best": (at_best - _means_of(train[..., -3:])[..., 0]) / unit[1],
    }


def _learning_time(runs: Readings) -> Series:
    """Sum of learning rates so far; where they are not known, the number of epochs."""
    rates = np.maximum(runs.rates[..., -runs.losses.shape[-1] :], 0.0)
    top = rates.max(axis=-1, keepdims=True)
    is_known = (top > 0) & np.isfinite(top)  # the highest of rates of which one is NaN is NaN
    return np.asarray(np.cumsum(np.where(is_known, rates / top, 1.0), axis=-1))


def _straightness(correlation: Series) -> Series:
    """Share of the variance that a line explains, negative where it rises."""
    return np.asarray(-np.copysign(correlation * correlation, correlation))


def _correlations(series: Series) -> Series:
    """The correlation of each series with each: 0 where one does not move, NaN where one is not known.

    Args:
        series: Of shape (series, runs, points).
    """
    count = series.shape[-1]
    off = series - np.add.reduce(series, axis=-1, keepdims=True) / count
    products = np.einsum("k...i,l...i->kl...", off, off)
    own = np.einsum("kk...->k...", products)
    rest = own <= (ROUNDING * series[..., 0]) ** 2 * count
    rests = rest[:, None] | rest
    return np.where(rests & np.isfinite(products), 0.0, products / np.sqrt(np.where(rests, 1.0, own[:, None] * own)))


def _circumstances_of(runs: Readings) -> Columns:
    begin = runs.first_stable_bin
    if len(runs.each) == 1:
        return _circumstances(runs.each[0], begin)
    each = [_circumstances(reading, begin) for reading in runs.each]
    rows = np.array([list(numbers.values()) for numbers in each])
    return dict(zip(each[0], rows.T, strict=True))


def _circumstances(reading: Reading, begin: int) -> dict[str, float]:
    """The features of a run's learning rates, its budget and its baseline."""
    return {**_rates(reading), **_budget(reading), **_baseline(reading, begin)}


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
    if budget is None:
        return math.nan
    ahead = rates_ahead(reading.lr_schedule, step, budget)
    if ahead is None:
        return math.nan
    spent = float(reading.rates.mean()) * (step + 1)
    left = float(ahead.mean()) * max(0, budget - step - 1) if len(ahead) else 0.0
    return spent / (spent + left) if spent + left > 0 else math.nan


def _budget(reading: Reading) -> dict[str, float]:
    """How much of the budget is spent and left; NaN where there is none."""
    if reading.max_epochs is None:
        return {"budget_spent": math.nan, "epochs_left": math.nan}
    spent = reading.taken
    left = max(0, reading.max_epochs - spent)
    return {"budget_spent": spent / (spent + left), "epochs_left": left}


def _baseline(reading: Reading, begin: int) -> Mapping[str, float]:
    """How much of a trivial predictor's loss is left, from a bin on; NaN where that loss is not known."""
    base = reading.baseline
    if base is None:
        return _NO_BASELINE
    train, scale = reading.train_losses, max(abs(base), math.ulp(0.0))
    losses = (reading.losses[begin], reading.curve.best, reading.loss, train[begin], train.min(), train[-1])
    return {name: 1 - (base - float(loss)) / scale for name, loss in zip(_NO_BASELINE, losses, strict=True)}


_NO_BASELINE: Mapping[str, float] = {
    f"{loss}_of_baseline": math.nan for loss in ("start", "left", "now", "train_start", "train_left", "train_now")
}
