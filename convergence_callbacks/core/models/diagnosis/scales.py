"""Shares on the scales that symptoms are read on, and how two series go together; of one run or of several."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from convergence_callbacks.core.curve.series import Series

LEAST = 1e-6
"""Smallest share that is told from nothing; single-precision losses carry no more."""

ROUNDING = 1e-9
"""Share of the starting level that is an error of rounding: noise of a curve that has none."""


def straightness(time: Series, loss: Series) -> Series:
    """Share of the variance that a line explains, negative where it rises."""
    if loss.shape[-1] < 4:
        return np.full(loss.shape[:-1], math.nan)
    together = correlation(time, loss)
    return -np.copysign(together * together, together)


def correlation(one: Series, other: Series) -> Series:
    """Of two series; 0 where one of them does not move."""
    a, b = one - one.mean(axis=-1, keepdims=True), other - other.mean(axis=-1, keepdims=True)
    aa, bb = _product(a, a), _product(b, b)
    moves = (aa > ROUNDING**2 * _product(one, one)) & (bb > ROUNDING**2 * _product(other, other))
    if a.shape[-1] < 3:
        return np.zeros(a.shape[:-1])
    return np.where(moves, _product(a, b), 0.0) / np.sqrt(np.where(moves, aa, 1.0)) / np.sqrt(np.where(moves, bb, 1.0))


def _product(one: Series, other: Series) -> Series:
    return np.asarray(np.einsum("...i,...i->...", one, other))


def quotient(part: Series, whole: Series, least: Series) -> Series:
    """A quotient within bounds; what is below the least counts as nothing."""
    is_little = np.abs(whole) < least
    of_little = np.where(np.abs(part) >= least, np.copysign(3.0, part), 0.0)
    return np.where(is_little, of_little, within(part / np.where(is_little, 1.0, whole), 3.0))


def within(number: Series, most: float) -> Series:
    """A number no further from 0 than that."""
    return np.minimum(np.maximum(number, -most), most)


def scaled(
    scale: Callable[[Series], Series], sizes: Mapping[str, Series], unit: Series | float = 1.0
) -> dict[str, Series]:
    """Shares of a unit on a scale, by name: all at once, since numpy takes hardly longer for many than for one."""
    return dict(zip(sizes, scale(np.array(list(sizes.values())) / unit), strict=True))


def magnitude(share: Series) -> Series:
    """Order of magnitude of a share, from a millionth to a million."""
    return np.asarray(np.log10(np.minimum(np.maximum(share, LEAST), 1 / LEAST)))


def signed(share: Series) -> Series:
    """The same with a sign; 0 for nothing."""
    return np.copysign(magnitude(np.abs(share)) - math.log10(LEAST), share)


def compressed(share: Series) -> Series:
    """A share as it is near 0, its logarithm where it is huge."""
    return np.copysign(np.log1p(np.abs(share)), share)
