"""Symptoms: the learning curve in scale-free numbers, as the fitted diagnosis reads it.

Both losses are described alike: how far they got, how steadily, when, and what they do now. Levels enter as
shares of the starting level, changes as shares of what was gained, noise against both. Time is in shares of the run
so far, or in epochs on a log scale. What is not known (a learning rate, a budget) is NaN.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading, Readings
from convergence_callbacks.core.curve.series import Series, medians, noises
from convergence_callbacks.core.models.diagnosis.scales import (
    LEAST,
    ROUNDING,
    compressed,
    correlation,
    magnitude,
    quotient,
    scaled,
    signed,
    straightness,
    within,
)
from convergence_callbacks.core.models.table import Columns, Table, columns_of
from convergence_callbacks.core.observation import Observation

PLACES = (0.25, 0.5, 0.75, 0.9)
"""Shares of the run at which the level of a loss is read."""

EPOCHS = (1, 2, 4, 8, 16)
"""Epochs after which the gain so far is read: a good learning rate has gained most of it by then."""

MOST = 0.9
"""Share of the gain that is most of it."""

MANY = 1e4
"""More times the noise than anybody needs to know."""

TINY = 1e-280
"""Starting level of a loss that is zero: shares of it must still be numbers."""

FEWEST = 5
"""Epochs before which a curve may become anything."""

LOWEST_RATE = 1e-4
"""Highest learning rate of a run below which it says nothing: fine-tuning has others than training from scratch."""


def symptoms(reading: Reading) -> Mapping[str, float]:
    """The symptoms of one run by name."""
    return dict(table(Readings.of([reading])).each()[0])


@functools.cache
def names() -> tuple[str, ...]:
    """Names of all symptoms, in order: those of any curve."""
    curve = Curve()
    for epoch in range(FEWEST):
        curve.add(epoch, 1.0, 1.0, 1.0)
    return tuple(symptoms(Reading(observation=Observation(step=FEWEST - 1), curve=curve)))


def table(runs: Readings) -> Table:
    """The symptoms of several runs, rounded so that the unit of the loss changes none of them."""
    return Table.of(_columns(runs), len(runs.each), _rounded)


def _rounded(numbers: Series) -> Series:
    return np.asarray(np.round(numbers, 6))


def _columns(runs: Readings) -> Columns:
    both = np.stack([runs.losses, _train_losses(runs)])  # what is computed of one is computed of the other at once
    val, train = both
    unit, time = _unit(both), _learning_time(runs)
    drop, fall = _drop(both), _fall(both)
    each = _one_loss(both, drop, time, unit, runs.width)
    columns: dict[str, Series | float] = {
        **{f"val_{name}": value[0] for name, value in each.items()},
        **{f"train_{name}": value[1] for name, value in each.items()},
        **{f"both_{name}": value for name, value in _both_losses(both, drop, fall, unit).items()},
        **_since_best(runs.lowest, both, drop[0], unit),
        **_against_noise(both, drop[0], fall[0], unit),
        "level_of_least": _level_of_least(val, train, unit),
        **columns_of(runs.each, _circumstances),
    }
    if not runs.trains_known:
        columns |= {name: math.nan for name in columns if name.startswith(("train_", "both_"))}
    return columns


def _train_losses(runs: Readings) -> Series:
    """Train loss by bin; its first value stands for what was before it, the judged loss where there is none."""
    train, bins = runs.train_losses, runs.train_losses.shape[-1]
    if not runs.trains_known:
        return runs.losses
    first = bins - runs.trains_known
    return np.concatenate([np.repeat(train[..., first : first + 1], first, axis=-1), train[..., first:]], axis=-1)


def _unit(both: Series) -> Series:
    """The starting level; where a loss may be negative or near zero, that says nothing, and its range stands for it."""
    start = np.abs(both[..., 0].max(axis=0))
    span = _range(both).max(axis=0)
    falls = _drop(both).sum(axis=0)
    return np.asarray(np.maximum(np.maximum(start, np.minimum(0.2 * span, falls)), TINY))


def _learning_time(runs: Readings) -> Series:
    """Sum of learning rates so far: at far too low ones the loss is a straight line in it."""
    rates = np.maximum(runs.rates, 0.0)
    top = rates.max(axis=-1, keepdims=True)
    is_known = (top > 0) & np.isfinite(top)  # the highest of rates of which one is NaN is NaN
    shares = np.where(is_known, rates, 1.0) / np.where(is_known, top, 1.0)
    return np.asarray(np.cumsum(shares, axis=-1))


def _one_loss(loss: Series, drop: Series, time: Series, unit: Series, width: int) -> dict[str, Series]:
    """What a loss says by itself."""
    return {
        **_how_far(loss, unit, np.maximum(drop, LEAST * unit)),
        **_how_steadily(loss, time, unit),
        **_when(loss, drop, unit, width),
        **_now(loss, unit),
    }


def _how_far(loss: Series, unit: Series, gain: Series) -> dict[str, Series]:
    """Gain, levels and rises."""
    first, low, high, end = loss[..., 0], loss.min(axis=-1), loss.max(axis=-1), _end(loss)
    settled = medians(loss[..., 1:4]) if loss.shape[-1] > 3 else first  # the very first may be anything
    late_gain = np.maximum(settled - low, LEAST * unit)
    return {
        **scaled(
            magnitude,
            {
                "gain": gain,
                "late_gain": late_gain,
                "remains": low,
                "rise": end - low,
                "highest": high - first,
                "fallen_from_highest": high - end,
            },
            unit,
        ),
        "late_gain_share": within(late_gain / gain, MANY),
        "level": compressed(end / unit),
        "rise_share": compressed((end - low) / gain),
    }


def _how_steadily(loss: Series, time: Series, unit: Series) -> dict[str, Series]:
    """Noise, jumps and straightness."""
    bins, sizes = loss.shape[-1], np.abs(np.diff(loss))
    if bins < 4:
        unknown = np.full(loss.shape[:-1], math.nan)
        return dict.fromkeys(("noise", "step", "jump", "spread", "line", "line_late"), unknown)
    return {
        **scaled(
            magnitude,
            {
                "noise": noises(loss[..., -max(8, bins // 2) :]),
                "step": medians(sizes),
                "jump": sizes[..., bins // 4 :].max(axis=-1),
                "spread": loss[..., (3 * bins) // 4 :].std(axis=-1),
            },
            unit,
        ),
        "line": straightness(time, loss),
        "line_late": straightness(time[..., bins // 2 :], loss[..., bins // 2 :]),
    }


def _when(loss: Series, drop: Series, unit: Series, width: int) -> dict[str, Series]:
    """How early the gain came, and the levels on the way."""
    bins, window, first = loss.shape[-1], _window(loss), loss[..., 0]
    reached = np.argmax(loss <= (first - MOST * drop)[..., None], axis=-1)
    levels = {f"at_{place:g}": loss[..., int(bins * place) : int(bins * place) + window] for place in PLACES}
    unknown = np.full(first.shape, math.nan)
    places = {f"fall_{epoch}": epoch // width for epoch in EPOCHS}
    falls = {name: first - loss[..., place] if place < bins else unknown for name, place in places.items()}
    return {
        "most_after": np.log10(1 + reached * width),
        "most_after_share": reached / bins,
        **scaled(compressed, {name: medians(level) for name, level in levels.items()}, unit),
        **scaled(signed, falls, unit),
    }


def _now(loss: Series, unit: Series) -> dict[str, Series]:
    """Where the loss is going."""
    half, quarter = loss.shape[-1] // 2, (3 * loss.shape[-1]) // 4
    late, end = loss[..., half] - loss[..., -1], loss[..., quarter] - loss[..., -1]
    path = np.abs(np.diff(loss[..., half:])).sum(axis=-1)
    moves = path > ROUNDING * unit
    return {
        "directness": moves * late / np.where(moves, path, 1.0),  # 1: only falls, 0: gets nowhere, -1: only rises
        **scaled(signed, {"fall_late": late, "fall_end": end}, unit),
    }


def _both_losses(both: Series, drop: Series, fall: Series, unit: Series) -> dict[str, Series]:
    """What both losses say of each other."""
    val, train = both
    bins, least = val.shape[-1], LEAST * unit
    early = max(6, bins // 4)
    gain, train_gain = np.maximum(drop, least)
    step, train_step = _mean(np.abs(np.diff(both))[..., bins // 4 :])
    gap = medians(val[..., -_window(val) :] - train[..., -_window(val) :])
    next_gap = val[..., 0] - train[..., 1] if bins > 1 else np.full(val.shape[:-1], math.nan)
    return {
        "gap_next": signed(next_gap / unit),
        "gap_of_gain": compressed(gap / gain),
        "gains": magnitude(train_gain / gain),
        "starts": magnitude(np.abs(val[..., 0]) / np.maximum(np.abs(train[..., 0]), least)),
        "steps": magnitude(train_step / np.maximum(step, least)),
        "agreement": correlation(val, train),
        "agreement_early": correlation(val[..., :early], train[..., :early]),
        # In sound training validation gains what train loss does, with broken labels nothing.
        "shared_gain": quotient(fall[0], fall[1], least),
    }


def _since_best(lowest: Series, both: Series, drop: Series, unit: Series) -> dict[str, Series]:
    """What both did since the best epoch."""
    gain = np.maximum(drop, LEAST * unit)
    fall, train_fall = _level_around(both, np.argmin(lowest, axis=-1)) - _end(both)
    return {
        "train_fall_since_best": signed(train_fall / unit),
        "rise_since_best": compressed((0.0 - fall) / gain),  # -fall would make a negative zero of none
    }


def _level_around(both: Series, place: NDArray[np.intp]) -> Series:
    """The median of a bin and its neighbours."""
    last = both.shape[-1] - 1
    around = np.stack([np.maximum(place - 1, 0), place, np.minimum(place + 1, last)], axis=-1)
    levels = np.take_along_axis(both, np.stack([around, around]), axis=-1)
    is_inside = (place > 0) & (place < last)
    return np.where(is_inside, medians(levels), (levels[..., 0] + levels[..., 2]) / 2)


def _level_of_least(val: Series, train: Series, unit: Series) -> Series:
    """Where the judged loss is now, as a share of the lower of both first losses."""
    least = np.maximum(np.minimum(np.abs(val[..., 0]), np.abs(train[..., 0])), LEAST * unit)
    return compressed(_end(val) / least)


def _against_noise(both: Series, drop: Series, fall: Series, unit: Series) -> dict[str, Series]:
    """Gains in units of the mean change from one epoch's trend to the next, which noise makes."""
    bins = both.shape[-1]
    noise, train_noise = np.maximum(_mean(np.abs(np.diff(both, 2))) / 2, ROUNDING * unit)
    late, train_late = _fall(both[..., bins // 2 :], bins)
    shares = {
        "gain_of_noise": fall / noise,
        "best_of_noise": drop / noise,
        "late_gain_of_noise": late / noise,
        "train_late_gain_of_noise": train_late / train_noise,
    }
    return scaled(signed, {name: within(share, MANY) for name, share in shares.items()})


def _circumstances(reading: Reading) -> dict[str, float]:
    """Budget and learning rate, read of each run by itself."""
    rates = reading.rates[np.isfinite(reading.rates)]
    top = float(rates.max()) if len(rates) else math.nan
    budget = reading.max_epochs
    return {
        "budget": math.log10(budget) if budget else math.nan,
        "spent": min(1.0, (reading.observation.step + 1) / budget) if budget else math.nan,
        "rate_top": math.log10(top) if top >= LOWEST_RATE else math.nan,
        "rate_now": max(0.0, float(rates[-1])) / top if top > 0 else math.nan,
    }


def _window(loss: Series) -> int:
    """Bins whose median is the level at a place."""
    bins: int = loss.shape[-1]
    return max(1, bins // 12)


def _end(loss: Series) -> Series:
    return medians(loss[..., -_window(loss) :])


def _fall(loss: Series, bins: int = 0) -> Series:
    """From the level at the beginning to that at the end, in windows of a curve of so many bins."""
    window = max(1, (bins or loss.shape[-1]) // 12)
    return medians(loss[..., :window]) - medians(loss[..., -window:])


def _drop(loss: Series) -> Series:
    """From the first to the lowest."""
    drop: Series = loss[..., 0] - loss.min(axis=-1)
    return drop


def _range(loss: Series) -> Series:
    span: Series = loss.max(axis=-1) - loss.min(axis=-1)
    return span


def _mean(values: Series) -> Series:
    return np.asarray(values.mean(axis=-1)) if values.shape[-1] else np.zeros(values.shape[:-1])
