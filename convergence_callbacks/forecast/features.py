"""What the forecast reads from a loss curve: numbers free of the loss's unit and of where its zero is.

Losses enter as distances from the present level, in units of the scale on which the loss moves now, so that a loss that
is negative, tiny or far above zero reads as any other. Times are ratios of epochs. What is not known is NaN.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.curve.series import Series, change_along_line, noise_of
from convergence_callbacks.core.curve.shapes import fitted_shapes, shapes_at

FEWEST = 5
"""Epochs from which on a curve is drawn on."""

PLACES = (0.1, 0.25, 0.5, 0.625, 0.75, 0.875)
"""Shares of the run so far at which the loss is read."""

WINDOWS = (4, 8, 16, 32)
"""Latest bins over which its slope and spread are taken."""

DRAWN = 60
"""Points of the curve that is drawn on."""

LEAST = 1e-4
"""Share of the whole range below which no movement counts."""

TINY = 1e-280
"""Scale of a loss that never moved: shares of it must still be numbers."""

LARGEST = 1e6
"""Shares beyond are all the same."""


@dataclass(frozen=True)
class Past:
    """One loss up to now.

    Args:
        epochs: Number of the last epoch of each bin, from 1.
        losses: The loss that is forecast, by bin, lower is better; all finite.
        other: The other loss by bin, NaN where there is none.
        rates: Learning rate by bin, NaN where unknown.
        best: Lowest loss so far.
        best_epoch: Number of the epoch that had it.
        is_train: Whether it is the train loss.
    """

    epochs: Series
    losses: Series
    other: Series
    rates: Series
    best: float
    best_epoch: int
    is_train: bool = False

    @property
    def count(self) -> int:
        """Epochs so far."""
        return int(self.epochs[-1])

    @functools.cached_property
    def level(self) -> float:
        """Where the loss is: the median of its latest epochs."""
        return float(np.median(self.losses[self.epochs > self.count - level_window(self.count)]))

    @functools.cached_property
    def noise(self) -> float:
        """Standard deviation of the loss around its recent trend."""
        return noise_of(self.losses[-max(8, len(self.losses) // 2) :])

    @functools.cached_property
    def range(self) -> float:
        """How far the loss moved in all; a single explosion does not count."""
        return float(np.quantile(self.losses, 0.95) - self.losses.min())

    @functools.cached_property
    def scale(self) -> float:
        """How far the loss moves now: over the latter half of the run, or by its noise."""
        moved = abs(self._at(0.5) - self.level)
        return max(moved, self.noise, LEAST * self.range, 1e-12 * abs(self.level), TINY)

    @property
    def moves(self) -> bool:
        """Whether the loss ever moved; nobody knows by how much one will that never did."""
        return float(np.ptp(self.losses)) > 0

    def _at(self, share: float) -> float:
        """The level when that share of the epochs so far was over."""
        place, half = int(share * (len(self.losses) - 1)), max(1, len(self.losses) // 24)
        return float(np.median(self.losses[max(0, place - half) : place + half + 1]))

    @functools.cached_property
    def _shapes(self) -> tuple[Series, Series]:
        return fitted_shapes(self.epochs, self.losses)

    @functools.cached_property
    def features(self) -> dict[str, float]:
        """What does not depend on how far one looks ahead."""
        train = self.other[np.isfinite(self.other)]
        return {
            "is_train": float(self.is_train),
            "epochs": math.log(self.count),
            "noise": self.noise / self.scale,
            "range": math.log(max(self.range, LEAST * self.scale) / self.scale),
            "best": (self.level - self.best) / self.scale,
            "wait": (self.count - self.best_epoch) / self.count,
            **{f"at_{share:g}": (self._at(share) - self.level) / self.scale for share in PLACES},
            **{f"slope_{window}": change_along_line(self.losses[-window:]) / self.scale for window in WINDOWS},
            **{f"spread_{window}": float(self.losses[-window:].std()) / self.scale for window in WINDOWS},
            **self._beside(train),
            **self._rates(),
        }

    def _beside(self, other: Series) -> dict[str, float]:
        """What the other loss does meanwhile, in the same units and in its own."""
        names = ("gap", "gap_widens", "other_falls", "other_falls_last", "other_fell")
        bins = len(other)
        if bins < FEWEST or bins < len(self.losses) // 2:
            return dict.fromkeys(names, math.nan)
        window = max(1, bins // 12)
        now, half = float(np.median(other[-window:])), float(np.median(other[bins // 2 : bins // 2 + window]))
        late = float(np.median(other[(7 * bins) // 8 - window // 2 :][:window]))
        whole = max(float(np.quantile(other, 0.95) - other.min()), LEAST * self.scale)
        gap, gap_half = self.level - now, self._at(0.5) - half
        return {
            "gap": gap / self.scale,
            "gap_widens": (gap - gap_half) / self.scale,
            "other_falls": (half - now) / self.scale,
            "other_falls_last": (late - now) / self.scale,
            "other_fell": (half - now) / whole,
        }

    def _rates(self) -> dict[str, float]:
        """The learning rate so far."""
        rates = self.rates
        top = float(np.max(rates))
        if not top > 0:  # true of NaN too
            return dict.fromkeys(("rate", "rate_fell", "rate_age"), math.nan)
        moved = np.flatnonzero(np.abs(np.diff(rates)) > 1e-3 * top)
        return {
            "rate": float(rates[-1]) / top,
            "rate_fell": _log_ratio(rates[-1], rates[max(0, len(rates) - 6)], top),
            "rate_age": (len(rates) - 1 - (int(moved[-1]) if len(moved) else -1)) / len(rates),
        }

    def features_for(self, epoch: float, budget: float, ahead: Series | None) -> dict[str, float]:
        """All features, for a look ahead.

        Args:
            epoch: The epoch looked ahead to, later than now.
            budget: Number of the last epoch; NaN where unknown.
            ahead: Learning rates from now until then, None where unknown.
        """
        drawn_on, spread = _falls_until(epoch / self.count, self._shapes)
        by_name = {
            **self.features,
            "ahead": math.log(epoch / self.count),
            "epochs_ahead": math.log(epoch - self.count),
            "spent": self.count / budget,
            "until": epoch / budget,
            "drawn_on": drawn_on / self.scale,
            "drawn_on_spread": spread / self.scale,
            **self._rates_ahead(ahead),
        }
        return dict(zip(by_name, np.round(np.clip(list(by_name.values()), -LARGEST, LARGEST), 6).tolist(), strict=True))

    def features_of_tolerance(self, epoch: float, tolerance: float) -> dict[str, float]:
        """What the epochs that are left depend on besides: the tolerance, and when the usual shapes come within it.

        Args:
            epoch: The epoch until which the gain counts, later than now.
            tolerance: Share of the whole gain that is not worth waiting for.
        """
        ahead = np.geomspace(1.0, epoch / self.count, DRAWN)
        lowest = np.minimum(self.best, self.level - _falls_along(ahead, self._shapes))
        enough = lowest[-1] + tolerance * max(float(self.losses[0]) - lowest[-1], 0.0)
        left = math.log(ahead[int(np.argmax(lowest <= enough))])
        return {"tolerance": math.log(tolerance), "drawn_left": round(left, 6)}

    def _rates_ahead(self, ahead: Series | None) -> dict[str, float]:
        """The learning rate to come."""
        top = float(np.max(self.rates))
        if ahead is None or not len(ahead) or not top > 0:
            return dict.fromkeys(("rate_mean", "rate_least", "rate_last", "rate_most"), math.nan)
        now = float(self.rates[-1])
        return {
            "rate_mean": _log_ratio(float(ahead.mean()), now, top),
            "rate_least": _log_ratio(float(ahead.min()), now, top),
            "rate_last": _log_ratio(float(ahead[-1]), now, top),
            "rate_most": _log_ratio(float(ahead.max()), now, top),
        }


@functools.cache
def names() -> tuple[str, ...]:
    """Names of the features that say what the loss does ahead, in order: those of any loss."""
    return tuple(_any_past().features_for(FEWEST + 1, math.nan, None))


@functools.cache
def names_with_tolerance() -> tuple[str, ...]:
    """Names of the further features that the epochs that are left depend on, in order."""
    return tuple(_any_past().features_of_tolerance(FEWEST + 1, 0.01))


def _any_past() -> Past:
    unknown = np.full(FEWEST, math.nan)
    epochs = np.arange(1.0, FEWEST + 1)
    return Past(epochs, losses=1 / epochs, other=unknown, rates=unknown, best=1 / FEWEST, best_epoch=FEWEST)


def past_of_train(past: Past) -> Past:
    """The run with the roles of both losses exchanged; the other loss must be finite from some epoch on."""
    is_finite = np.isfinite(past.other)
    train, epochs = past.other[is_finite], past.epochs[is_finite]
    best = int(train.argmin())
    return dataclasses.replace(
        past,
        epochs=epochs,
        losses=train,
        other=past.losses[is_finite],
        rates=past.rates[is_finite],
        best=float(train[best]),
        best_epoch=int(epochs[best]),
        is_train=True,
    )


def level_window(epochs: int) -> int:
    """Latest epochs whose median is the level of a loss."""
    return max(3, epochs // 20)


def _log_ratio(rate: float, other: float, top: float) -> float:
    """Orders of magnitude between two rates; a rate of zero is a billionth of the highest."""
    return math.log10(max(rate, 1e-9 * top) / max(other, 1e-9 * top))


def _falls_until(ahead: float, fitted: tuple[Series, Series]) -> tuple[float, float]:
    """How far the shapes fall until a later epoch, and the standard deviation of that over the shapes.

    Args:
        ahead: The later epoch, in units of the present one.
        fitted: What `fitted_shapes` gave.
    """
    gains, weights = fitted
    falls = -gains * shapes_at(np.array([ahead]))[:, 0]
    fall = float(weights @ falls)
    return fall, math.sqrt(float(weights @ (falls - fall) ** 2))


def _falls_along(ahead: Series, fitted: tuple[Series, Series]) -> Series:
    """How far the fitted shapes fall by several epochs ahead."""
    gains, weights = fitted
    return np.asarray(-(weights * gains) @ shapes_at(ahead))
