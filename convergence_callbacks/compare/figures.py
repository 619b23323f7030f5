"""The figures that rules are compared by: the share of the gain that a stop loses, and intervals of means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray


def share_lost(at_stop: float, best: float, gain: float) -> float:
    """The share of a run's gain that a stop loses; NaN where the run gained nothing.

    Args:
        at_stop: The best loss up to the stop.
        best: The best loss of the whole run.
        gain: From the loss at which the run began to its best.

    >>> share_lost(1.5, 1.0, 2.0)
    0.25
    """
    return (at_stop - best) / gain if gain > 0 else math.nan


def resampled(groups: Sequence[str] | Sequence[int], draws: int, seed: int = 0) -> Iterator[NDArray[np.intp]]:
    """Indices of the rows, drawn with replacement; the rows of a group are drawn together.

    The figure of each draw shows what other groups (runs, data sets, projects) might have given:
    the bootstrap of Efron, "Bootstrap methods: another look at the jackknife" (1979).

    Args:
        groups: The group of each row.
        draws: How often all groups are drawn.
        seed: Of the random numbers.

    >>> [draw.tolist() for draw in resampled(["a", "a", "b"], 2)]
    [[2, 2], [2, 0, 1]]
    """
    _, group = np.unique(np.array(groups), return_inverse=True)
    rows, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    first, rng = np.cumsum(sizes) - sizes, np.random.default_rng(seed)
    for _ in range(draws):
        drawn = rng.integers(len(sizes), size=len(sizes))
        within = np.arange(sizes[drawn].sum()) - np.repeat(np.cumsum(sizes[drawn]) - sizes[drawn], sizes[drawn])
        yield rows[np.repeat(first[drawn], sizes[drawn]) + within]
