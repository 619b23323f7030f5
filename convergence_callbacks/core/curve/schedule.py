"""Whether the learning rate is about to change, has just changed, or still warms up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.observation import LARGEST, LEAST_RATE

Schedule = Sequence[float] | Callable[[int], float]
"""Learning rate of each epoch: a sequence indexed by the epoch, or a function of it."""

SUDDEN = 2.0
"""A rate that falls by so many times its last fall falls in one step: the end of a smooth decay does less."""

LOOKS_AHEAD = 64
"""Most rates that are read ahead: enough to see a drop, and a bound on the work of each epoch."""

DROP = 0.6
"""A rate below this share of what it was has dropped; smooth decay does less within a window."""

RIGHT_AHEAD = 5
"""Epochs before the first step of the schedule in which a plateau says nothing: the step is meant to end it."""

AHEAD_SHARE = 0.5
"""Share of the epochs so far that is near ahead too: in a long run the plateau before a step is longer."""

JUST_OVER = 3
"""Epochs after a step that show what it brings."""

SPENT = 0.05
"""A rate below this share of its highest has little left to give: further drops change nothing."""


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
        rates = np.abs(np.array([float(rate(step)) for step in steps.tolist()]))
    except Exception:  # a user's function that fails must not end the training
        return None
    return np.where(rates < LEAST_RATE, 0.0, rates) if (rates <= LARGEST).all() else None


def rate_is_moving(past: NDArray[np.float64], latest: NDArray[np.float64], ahead: NDArray[np.float64] | None) -> bool:
    """Whether a plateau says little, since the learning rate warms up, has just dropped or is about to change.

    Args:
        past: Rates so far, the latest last; NaN where unknown.
        latest: Those of them that count as "just now".
        ahead: Rates of the next epochs, None where unknown.
    """
    past = past[np.isfinite(past)]
    if not len(past):
        return False
    now, top = past[-1], past.max()
    if rate_warms_up(past):
        return True
    if ahead is not None and len(ahead) and ahead.max() > max(now / DROP, SPENT * top):  # a restart, or warm-up to come
        return True
    if now < SPENT * top:
        return False
    dropped = bool(_drops(latest).any())
    return dropped or (ahead is not None and len(ahead) > 0 and bool(ahead.min() < DROP * now))


def rate_warms_up(past: NDArray[np.float64]) -> bool:
    """Whether the latest of these learning rates is higher than all before."""
    return len(past) > 1 and not np.isnan(past[-1]) and bool(past[-1] > 1.001 * past[:-1].max())


def rate_steps_down(past: NDArray[np.float64], latest: NDArray[np.float64], ahead: NDArray[np.float64] | None) -> bool:
    """Whether the learning rate just fell in one step or will soon, for the first time: what that brings is unknown.

    Args:
        past: Rates so far, the latest last; NaN where unknown.
        latest: Those of them between which a step is just over, and the one before.
        ahead: Rates of the next epochs, None where unknown.
    """
    if ahead is None and np.isnan(past[-1:]).all():
        return False
    least = SPENT * np.nanmax(past, initial=0.0)  # a lower rate changes nothing any more
    whole = np.concatenate([past[:1], past])  # none fell before the first
    if ahead is None or _steps(whole, least):
        return _steps(latest if len(latest) > JUST_OVER + 1 else whole, least)
    return _steps(np.concatenate([whole[-2:], ahead]), least)


def _steps(rates: NDArray[np.float64], least: float) -> bool:
    """Whether a rate above the least falls in one step: by far more than the epoch before, so never in the first."""
    falls = rates[:-1] - rates[1:]
    return bool((_drops(rates)[1:] & (rates[1:-1] > least) & (falls[1:] > SUDDEN * falls[:-1])).any())


def _drops(rates: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a rate is followed by one far below it; NaN compares as false."""
    return rates[1:] < DROP * rates[:-1]
