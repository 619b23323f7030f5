"""Medians, noise and roughness of one series, or of several, one a row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

ROBUST = 1.4826
"""Standard deviation of normal noise in units of its median absolute value (Rousseeuw & Croux 1993)."""

FEWEST = 4
"""Points from which on noise is computed."""


def median(series: Series) -> float:
    """The median of one series; NaN where it is empty or holds a NaN.

    >>> median(np.array([3.0, 1.0])), median(np.array([1.0, np.nan]))
    (2.0, nan)
    """
    return float(medians(series))


def medians(curves: Series) -> Series:
    """The median of each row, or of a single series; NaN where it holds a NaN."""
    count = curves.shape[-1]
    if count == 0:
        return np.full(curves.shape[:-1], math.nan)
    ordered = np.sort(curves)
    middle: Series = (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2 + 0 * ordered[..., -1]
    return middle


def noise_of(series: Series) -> float:
    """Robust standard deviation of one series around a smooth trend; see `noises`."""
    return float(noises(series))


def noises(curves: Series) -> Series:
    """Robust standard deviation of each row, or of a single series, around a smooth trend; 0 below four points.

    The second difference of white noise has 6 times its variance, and hardly any of a smooth trend; the median makes
    single jumps harmless.
    """
    if curves.shape[-1] < FEWEST:
        return np.zeros(curves.shape[:-1])
    second = np.abs(curves[..., 2:] - 2 * curves[..., 1:-1] + curves[..., :-2])
    return ROBUST * medians(second) / math.sqrt(6)


def change_along_line(series: Series) -> float:
    """By how much the least-squares line through a series rises from its first point to beyond its last.

    >>> change_along_line(np.array([3.0, 2.0, 1.0]))
    -3.0
    """
    time = np.arange(len(series)) - (len(series) - 1) / 2
    return float(time @ series / max(float(time @ time), 1.0)) * len(series)


def roughness_of(series: Series) -> float:
    """Mean second difference over mean first difference: below 1 for a steady descent, about 1.7 for noise."""
    first = series[1:] - series[:-1]
    if len(first) < 2 or not first.any():
        return 2.0
    return float(np.abs(first[1:] - first[:-1]).mean() / np.abs(first).mean())
