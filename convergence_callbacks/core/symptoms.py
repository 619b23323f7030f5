"""Symptoms: the learning curve in scale-free numbers, as the fitted diagnosis reads it.

Both losses are described alike: how far they got, how steadily, when, and what they do now. Levels enter as
shares of the starting level, changes as shares of what was gained, noise against both. Time is in shares of the run
so far, or in epochs on a log scale. What is not known (a learning rate, a budget) is NaN.
"""

from __future__ import annotations

import math

import numpy as np

from convergence_callbacks.core.signals import Series, Signals, median, noise_of

PLACES = (0.25, 0.5, 0.75, 0.9)
"""Shares of the run at which the level of a loss is read."""

EPOCHS = (1, 2, 4, 8, 16)
"""Epochs after which the gain so far is read: a good learning rate has gained most of it by then."""

MOST = 0.9
"""Share of the gain that is most of it."""

LEAST = 1e-6
"""Smallest share that is told from nothing; single-precision losses carry no more."""

MANY = 1e4
"""More times the noise than anybody needs to know."""

TINY = 1e-280
"""Starting level of a loss that is zero: shares of it must still be numbers."""

LOWEST_RATE = 1e-4
"""Highest learning rate of a run below which it says nothing: fine-tuning has others than training from scratch."""

ROUNDING = 1e-9
"""Share of the starting level that is an error of rounding: noise of a curve that has none."""


def symptoms(signals: Signals) -> dict[str, float]:
    """Numbers by name, rounded so that the unit of the loss changes none of them."""
    val, train = signals.losses, _train_losses(signals)
    unit, time = _unit(val, train), _learning_time(signals)
    known = {
        **{f"val_{name}": value for name, value in _one_loss(val, time, unit, signals.curve.width).items()},
        **{f"train_{name}": value for name, value in _one_loss(train, time, unit, signals.curve.width).items()},
        **{f"both_{name}": value for name, value in _both_losses(val, train, unit).items()},
        **_since_best(signals, val, train, unit),
        **_against_noise(val, train, unit),
        "level_of_least": _level_of_least(val, train, unit),
        **_circumstances(signals),
    }
    if not len(signals.known_train_losses):
        known |= {name: math.nan for name in known if name.startswith(("train_", "both_"))}
    return dict(zip(known, np.round(list(known.values()), 6).tolist(), strict=True))


def _train_losses(signals: Signals) -> Series:
    """Train loss by bin; its first value stands for what was before it, the judged loss where there is none."""
    train, known = signals.train_losses, signals.known_train_losses
    if not len(known):
        return signals.losses
    return train if len(known) == len(train) else np.where(np.isfinite(train), train, known[0])


def _unit(val: Series, train: Series) -> float:
    """The starting level; where a loss may be negative or near zero, that says nothing, and its range stands for it."""
    start = abs(max(float(val[0]), float(train[0])))
    span = max(_range(val), _range(train))
    falls = float(val[0] - val.min()) + float(train[0] - train.min())
    return max(start, min(0.2 * span, falls), TINY)


def _learning_time(signals: Signals) -> Series:
    """Sum of learning rates so far: at far too low ones the loss is a straight line in it."""
    rates = np.maximum(signals.rates, 0.0)
    if not np.isfinite(rates).all() or not rates.max() > 0:
        return np.arange(len(rates), dtype=float)
    return np.cumsum(rates / rates.max())


def _one_loss(loss: Series, time: Series, unit: float, width: int) -> dict[str, float]:
    """What a loss says by itself."""
    gain = max(float(loss[0] - loss.min()), LEAST * unit)
    return {
        **_how_far(loss, unit, gain),
        **_how_steadily(loss, time, unit),
        **_when(loss, unit, gain, width),
        **_now(loss, unit),
    }


def _how_far(loss: Series, unit: float, gain: float) -> dict[str, float]:
    """Gain, levels and rises."""
    first, low, high, end = float(loss[0]), float(loss.min()), float(loss.max()), _end(loss)
    settled = median(loss[1:4]) if len(loss) > 3 else first  # the very first may be anything
    late_gain = max(settled - low, LEAST * unit)
    return {
        "gain": _magnitude(gain / unit),
        "late_gain": _magnitude(late_gain / unit),
        "late_gain_share": _within(late_gain / gain, MANY),
        "remains": _magnitude(low / unit),
        "level": _compressed(end / unit),
        "rise": _magnitude((end - low) / unit),
        "rise_share": _compressed((end - low) / gain),
        "highest": _magnitude((high - first) / unit),
        "fallen_from_highest": _magnitude((high - end) / unit),
    }


def _how_steadily(loss: Series, time: Series, unit: float) -> dict[str, float]:
    """Noise, jumps and straightness."""
    bins, sizes = len(loss), np.abs(np.diff(loss))
    if bins < 4:
        return dict.fromkeys(("noise", "step", "jump", "spread", "line", "line_late"), math.nan)
    return {
        "noise": _magnitude(noise_of(loss[-max(8, bins // 2) :]) / unit),
        "step": _magnitude(median(sizes) / unit),
        "jump": _magnitude(float(sizes[bins // 4 :].max()) / unit),
        "spread": _magnitude(float(loss[(3 * bins) // 4 :].std()) / unit),
        "line": _straightness(time, loss),
        "line_late": _straightness(time[bins // 2 :], loss[bins // 2 :]),
    }


def _when(loss: Series, unit: float, gain: float, width: int) -> dict[str, float]:
    """How early the gain came, and the levels on the way."""
    bins, window = len(loss), _window(loss)
    reached = int(np.argmax(loss <= loss[0] - MOST * (loss[0] - loss.min())))
    levels = {f"at_{place:g}": loss[int(bins * place) : int(bins * place) + window] for place in PLACES}
    falls = {f"fall_{epoch}": epoch // width for epoch in EPOCHS}
    return {
        "most_after": math.log10(1 + reached * width),
        "most_after_share": reached / bins,
        **{name: _compressed(median(level) / unit) for name, level in levels.items()},
        **{
            name: _signed(float(loss[0] - loss[place]) / unit) if place < bins else math.nan
            for name, place in falls.items()
        },
    }


def _now(loss: Series, unit: float) -> dict[str, float]:
    """Where the loss is going."""
    half, quarter = len(loss) // 2, (3 * len(loss)) // 4
    late, end = float(loss[half] - loss[-1]), float(loss[quarter] - loss[-1])
    path = float(np.abs(np.diff(loss[half:])).sum())
    return {
        "directness": late / path if path > ROUNDING * unit else 0.0,  # 1: only falls, 0: gets nowhere, -1: only rises
        "fall_late": _signed(late / unit),
        "fall_end": _signed(end / unit),
    }


def _both_losses(val: Series, train: Series, unit: float) -> dict[str, float]:
    """What both losses say of each other."""
    bins, early = len(val), max(6, len(val) // 4)
    gain, train_gain = (max(float(loss[0] - loss.min()), LEAST * unit) for loss in (val, train))
    step, train_step = (_mean(np.abs(np.diff(loss)[bins // 4 :])) for loss in (val, train))
    gap = median(val[-_window(val) :] - train[-_window(val) :])
    return {
        "gap_next": _signed(float(val[0] - train[1]) / unit) if bins > 1 else math.nan,
        "gap_of_gain": _compressed(gap / gain),
        "gains": _magnitude(train_gain / gain),
        "starts": _magnitude(abs(float(val[0])) / max(abs(float(train[0])), LEAST * unit)),
        "steps": _magnitude(train_step / max(step, LEAST * unit)),
        "agreement": _correlation(val, train),
        "agreement_early": _correlation(val[:early], train[:early]),
        # In sound training validation gains what train loss does, with broken labels nothing.
        "shared_gain": _share(_fall(val), _fall(train), LEAST * unit),
    }


def _since_best(signals: Signals, val: Series, train: Series, unit: float) -> dict[str, float]:
    """What both did since the best epoch."""
    best = int(np.argmin(np.array(signals.curve.lowest)))
    around = slice(max(0, best - 1), best + 2)
    gain = max(float(val[0] - val.min()), LEAST * unit)
    return {
        "train_fall_since_best": _signed((median(train[around]) - _end(train)) / unit),
        "rise_since_best": _compressed((_end(val) - median(val[around])) / gain),
    }


def _level_of_least(val: Series, train: Series, unit: float) -> float:
    """Where the judged loss is now, as a share of the lower of both first losses."""
    least = max(min(abs(float(val[0])), abs(float(train[0]))), LEAST * unit)
    return _compressed(_end(val) / least)


def _against_noise(val: Series, train: Series, unit: float) -> dict[str, float]:
    """Gains in units of the mean change from one epoch's trend to the next, which noise makes."""
    noise, train_noise = (max(_mean(np.abs(np.diff(loss, 2))) / 2, ROUNDING * unit) for loss in (val, train))
    half = len(val) // 2
    return {
        "gain_of_noise": _signed(_within(_fall(val) / noise, MANY)),
        "best_of_noise": _signed(_within(float(val[0] - val.min()) / noise, MANY)),
        "late_gain_of_noise": _signed(_within(_fall(val[half:], len(val)) / noise, MANY)),
        "train_late_gain_of_noise": _signed(_within(_fall(train[half:], len(train)) / train_noise, MANY)),
    }


def _circumstances(signals: Signals) -> dict[str, float]:
    """Budget and learning rate."""
    rates = signals.rates[np.isfinite(signals.rates)]
    top = float(rates.max()) if len(rates) else math.nan
    budget = signals.max_epochs
    return {
        "budget": math.log10(budget) if budget else math.nan,
        "spent": min(1.0, (signals.observation.step + 1) / budget) if budget else math.nan,
        "rate_top": math.log10(top) if top >= LOWEST_RATE else math.nan,
        "rate_now": max(0.0, float(rates[-1])) / top if top > 0 else math.nan,
    }


def _window(loss: Series) -> int:
    """Bins whose median is the level at a place."""
    return max(1, len(loss) // 12)


def _end(loss: Series) -> float:
    return median(loss[-_window(loss) :])


def _fall(loss: Series, bins: int = 0) -> float:
    """From the level at the beginning to that at the end, in windows of a curve of so many bins."""
    window = max(1, (bins or len(loss)) // 12)
    return median(loss[:window]) - median(loss[-window:])


def _range(loss: Series) -> float:
    return float(loss.max() - loss.min())


def _mean(values: Series) -> float:
    return float(values.mean()) if len(values) else 0.0


def _straightness(time: Series, loss: Series) -> float:
    """Share of the variance that a line explains, negative where it rises."""
    if len(loss) < 4:
        return math.nan
    together = _correlation(time, loss)
    return -math.copysign(together * together, together)


def _correlation(one: Series, other: Series) -> float:
    """Of two series; 0 where one of them does not move."""
    a, b = one - one.mean(), other - other.mean()
    aa, bb = float(a @ a), float(b @ b)
    moves = aa > ROUNDING**2 * float(one @ one) and bb > ROUNDING**2 * float(other @ other)
    return float(a @ b) / math.sqrt(aa * bb) if moves and len(a) > 2 else 0.0


def _share(part: float, whole: float, least: float) -> float:
    """A quotient within bounds; what is below the least counts as nothing."""
    if abs(whole) < least:
        return math.copysign(3.0, part) if abs(part) >= least else 0.0
    return _within(part / whole, 3.0)


def _within(number: float, most: float) -> float:
    return min(max(number, -most), most)


def _magnitude(share: float) -> float:
    """Order of magnitude of a share, from a millionth to a million."""
    return math.log10(min(max(share, LEAST), 1 / LEAST))


def _signed(share: float) -> float:
    """The same with a sign; 0 for nothing."""
    return math.copysign(_magnitude(abs(share)) - math.log10(LEAST), share)


def _compressed(share: float) -> float:
    """A share as it is near 0, its logarithm where it is huge."""
    return math.copysign(math.log1p(abs(share)), share)
