"""What a learning curve may still gain.

Learning curves fall like powers of time or exponentially (Viering & Loog 2023 survey the shapes; Domhan,
Springenberg & Hutter 2015 mix them to predict the end of a training). Each shape is fitted to the recent part
of the curve by least squares, weighed by how well it explains it, and asked how far it still falls.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

POWERS = (0.25, 0.35, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0)
"""Exponents: from the slow tails of large data sets to smooth, strongly convex problems. Together they weigh as much
as six of the other shapes."""

TIME_CONSTANTS = (0.5, 0.25, 0.12, 0.06)
"""Of the exponentials, as shares of the epochs so far; slower ones look like a straight line."""

RECENT = 0.4
"""Latest share of the epochs that is fitted: earlier ones mostly belong to another phase."""

FEWEST = 8
"""Least points that are fitted: every shape explains fewer."""

NEAR = 0.01
"""Shapes that fit to this share of the curve's range fit equally well: no real curve is exactly one of them."""


def further_fall(epochs: Series, losses: Series, most: Series) -> Series:
    """How far a curve may still fall if trained on and on, in the unit of the loss; never negative.

    Args:
        epochs: Epochs, counted from 1, of each point.
        losses: Losses at these epochs, lower is better; of several curves one a row.
        most: Largest fall that a shape may expect: nobody can tell the end of a curve from its beginning.

    Returns:
        The mean over all shapes, weighed by their likelihood.
    """
    gains, weights = fitted_shapes(epochs, losses)
    return np.asarray((weights * np.minimum(gains, most[..., None])).sum(axis=-1))


def fitted_shapes(epochs: Series, losses: Series) -> tuple[Series, Series]:
    """What each shape expects to be gained in the end, and how likely the shape is; a row for each curve."""
    count = max(FEWEST, math.ceil(RECENT * len(epochs)))
    x, y = epochs[-count:] / epochs[-1], losses[..., -count:]
    shapes = shapes_at(x)
    mean = shapes.mean(axis=1, keepdims=True)
    centred, y = shapes - mean, y - y.mean(axis=-1, keepdims=True)
    spread = np.maximum((centred**2).sum(axis=1), 1e-300)
    gains = np.maximum(y @ centred.T / spread, 0.0)  # a shape that rises expects nothing more
    misfit = ((y[..., None, :] - gains[..., None] * centred) ** 2).sum(axis=-1)
    return gains, _weights(misfit, y)


def shapes_at(x: Series) -> Series:
    """All shapes, one a row: 0 now (x = 1), falling to -1 in the end; the straight line falls as far again."""
    powers = [x**-power - 1 for power in POWERS]
    exponentials = [np.exp((1 - x) / constant) - 1 for constant in TIME_CONSTANTS]
    return np.array([*powers, *exponentials, 1 - x])


def _weights(misfit: Series, y: Series) -> Series:
    """Likelihood of each shape, the noise taken from the one that fits best."""
    shapes, points = misfit.shape[-1], y.shape[-1]
    near_enough = points * (NEAR * np.ptp(y, axis=-1, keepdims=True)) ** 2
    best = np.maximum(misfit.min(axis=-1, keepdims=True), near_enough)
    best = np.where(best > 0, best, 1.0)  # a curve that does not move at all: every shape expects nothing
    prior = np.array([1 / len(POWERS)] * len(POWERS) + [1 / 6] * (shapes - len(POWERS)))
    likelihood = prior * np.exp(-0.5 * (points - 2) * np.maximum(misfit / best - 1, 0))
    return np.asarray(likelihood / likelihood.sum(axis=-1, keepdims=True))
