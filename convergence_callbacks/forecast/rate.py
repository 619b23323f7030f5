"""How fast a loss converges: linearly, like a power of time, or not at all.

An exponential and a power law, each with a floor of its own, are fitted to the latter part of the curve for all their
speeds; those that explain it nearly as well as the best give the interval (profile likelihood). What theory promises:

- steps that shrink as Robbins & Monro (1951) ask for converge like 1/t on a strongly convex loss, and averaging the
  weights makes that as good as noisy gradients allow (Polyak & Juditsky 1992);
- on a loss that is only convex it is 1/√t (Nemirovski, Juditsky, Lan & Shapiro 2009);
- linear convergence needs gradients without noise; at a constant rate it ends at a floor that the noise sets.
"""

from __future__ import annotations

import math

import numpy as np

from convergence_callbacks.core.curve.series import Series, noise_of
from convergence_callbacks.core.forecast import ConvergenceRate, Estimate

EXPONENTS = np.geomspace(0.05, 3, 120)
"""Of the power laws that are tried."""

TIME_CONSTANTS = np.geomspace(0.02, 2, 120)
"""Of the exponentials, as shares of the epochs so far."""

SKIPPED = 0.2
"""Share of the run that is not fitted: how a loss begins says little of how it ends."""

FEWEST = 8
"""Points that are needed."""

CHI_SQUARED = 2.706
"""The 90% quantile with one degree of freedom."""

CLEAR = 4.0
"""A fall over so many standard errors is one."""

NEAR = 0.002
"""A misfit of this share of the curve's fall is none: no real curve is exactly one of the shapes."""


def convergence_rate(epochs: Series, losses: Series) -> ConvergenceRate:
    """How fast a curve converges.

    Args:
        epochs: Epochs, counted from 1, of each point.
        losses: Losses at these epochs, lower is better.

    >>> epochs = np.arange(1.0, 101.0)
    >>> print(convergence_rate(epochs, 2 + epochs**-0.5))
    sublinear, like t^-0.5 (0.45–0.54); 1/√t is what theory promises on a convex loss
    """
    used = epochs > SKIPPED * epochs[-1]
    x, y = epochs[used] / epochs[-1], losses[used]
    if len(y) < FEWEST:
        return ConvergenceRate("unknown")
    shapes = np.concatenate([x ** -EXPONENTS[:, None] - 1, np.exp((1 - x) / TIME_CONSTANTS[:, None]) - 1])
    falls, misfit = _fitted(shapes, y)
    support = _support(misfit, falls, shapes, y)
    best = int(support.argmax())
    if not _is_clear(float(falls[best] * shapes[best, 0]), y):
        return ConvergenceRate("stalled")
    powers = len(EXPONENTS)
    if best < powers:
        return ConvergenceRate("sublinear", exponent=_interval(EXPONENTS, support[:powers]))
    half_lives = TIME_CONSTANTS * epochs[-1] * math.log(2)
    return ConvergenceRate("linear", half_life=_interval(half_lives, support[powers:]))


def _fitted(shapes: Series, y: Series) -> tuple[Series, Series]:
    """How much of each shape there is, and the squared misfit."""
    centred, y = shapes - shapes.mean(axis=1, keepdims=True), y - y.mean()
    falls = np.maximum(centred @ y / np.maximum((centred**2).sum(axis=1), 1e-300), 0.0)
    return falls, ((y - falls[:, None] * centred) ** 2).sum(axis=1)


def _support(misfit: Series, falls: Series, shapes: Series, y: Series) -> Series:
    """Log-likelihood of each shape; neighbouring misfits of the best that are alike count as fewer points."""
    best = int(misfit.argmin())
    left = y - y.mean() - falls[best] * (shapes[best] - shapes[best].mean())
    total = float(left @ left)
    alike = min(max(float(left[1:] @ left[:-1]) / total, 0.0), 0.9) if total > 0 else 0.0
    points = (len(y) - 3) * (1 - alike) / (1 + alike)
    none = len(y) * (NEAR * float(np.ptp(y))) ** 2
    return (
        np.asarray(-0.5 * points * np.log((misfit + none) / (misfit[best] + none))) if none else np.zeros(len(misfit))
    )


def _is_clear(fall: float, y: Series) -> bool:
    """Whether a fall over the fitted part is more than noise makes of nothing."""
    return fall > CLEAR * noise_of(y) * math.sqrt(12 / len(y)) and fall > 1e-9 * float(np.abs(y).max())


def _interval(speeds: Series, support: Series) -> Estimate:
    """The most likely speed, and those that are nearly as likely."""
    best = int(support.argmax())
    likely = np.flatnonzero(support >= support[best] - CHI_SQUARED / 2)
    low, high = max(0, int(likely[0]) - 1), min(len(speeds) - 1, int(likely[-1]) + 1)  # they lie between those tried
    return Estimate(float(speeds[low]), float(speeds[best]), float(speeds[high]))
