"""The learning rates to come, where somebody knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Schedule = Sequence[float] | Callable[[int], float]
"""Learning rate of each epoch: a sequence indexed by the epoch, or a function of it."""

LOOKS_AHEAD = 64
"""Rates read between now and the end: enough to see a drop, and a bound on the work of each epoch."""


def rates_ahead(schedule: Schedule | None, step: int, end: int | None) -> NDArray[np.float64] | None:
    """Learning rates from the epoch after ``step`` to before ``end``, thinned to at most 64.

    Args:
        schedule: What is known of the rates, or None.
        step: The epoch just finished.
        end: The first epoch that will not be trained, or None where the budget is unknown: then as far
            again as the run has come.

    Returns:
        The rates in order, empty at the end of the budget, or None where they are not known.
    """
    if schedule is None:
        return None
    if not callable(schedule):
        end = min(len(schedule), end if end is not None else len(schedule))
    elif end is None:
        end = 2 * (step + 1)
    count = max(0, min(LOOKS_AHEAD, end - step - 1))
    steps = np.linspace(step + 1, end - 1, count).astype(int)
    rate = schedule if callable(schedule) else schedule.__getitem__
    try:
        rates = np.array([float(rate(int(s))) for s in steps])
    except Exception:  # a user's function that fails must not end the training
        return None
    return rates if np.isfinite(rates).all() else None
