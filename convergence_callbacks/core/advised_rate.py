"""The learning rate that a run is advised to take instead of its own.

By how much the rate looks wrong is read from how far the run got. The steps were chosen on `benchmarks/recorded.npz`,
where each task was trained at eight rates; `make advice` reports how often they help on other data sets.
"""

from __future__ import annotations

import math

import numpy as np

from convergence_callbacks.core.observation import finite_or_nan
from convergence_callbacks.core.signals import Signals

TOO_LOW = ((0.1, 10), (0.03, 30), (0.003, 100))
"""A falsely converged run that gained this share of its starting level has a rate so many times too low, …"""

FAR_TOO_LOW = 300
"""… and one that gained less."""

THROWN_OFF = 0.99
"""A run whose first epochs were a hundred times as bad as its best was thrown off by its first steps."""

TOO_HIGH, FAR_TOO_HIGH, HARDLY_TOO_HIGH = 10, 30, 3
"""Times that the rate of an unstable run is too high, of one that its first steps threw off, and of a low one."""

LOW = 0.05
"""Learning rate below which jumps seldom have a rate that is far too high behind them."""


def times_too_low(signals: Signals) -> int:
    """How many times too low the learning rate of a falsely converged run looks."""
    return next((times for gained, times in TOO_LOW if signals.gained >= gained), FAR_TOO_LOW)


def times_too_high(signals: Signals) -> int:
    """How many times too high the learning rate of an unstable or diverged run looks."""
    if not signals.curve.count or signals.gained > THROWN_OFF:  # no epoch, or no later one, was any good
        return FAR_TOO_HIGH
    highest = highest_rate(signals)
    is_low = highest is not None and highest < LOW and not signals.non_finite
    return HARDLY_TOO_HIGH if is_low else TOO_HIGH


def raise_rate(signals: Signals) -> str:
    """Advice to a run that converges falsely."""
    times = times_too_low(signals)
    return f"the learning rate looks about {times} times too low{_try(signals, times)}"


def lower_rate(signals: Signals) -> str:
    """Advice to a run that is unstable or has diverged."""
    times = times_too_high(signals)
    return f"the learning rate looks about {times} times too high{_try(signals, 1 / times)}"


def highest_rate(signals: Signals) -> float | None:
    """The highest learning rate so far, which names the schedule; None where none is known."""
    rates = np.array([*signals.curve.lr, _rate_now(signals)])
    known = rates[np.isfinite(rates) & (rates > 0)]
    return float(known.max()) if len(known) else None


def _rate_now(signals: Signals) -> float:
    """The learning rate of this epoch, NaN where unknown."""
    return finite_or_nan(signals.observation.lr)


def _try(signals: Signals, factor: float) -> str:
    """The rate in numbers, where it is known; of a schedule it is the highest that counts."""
    highest, now = highest_rate(signals), _rate_now(signals)
    if highest is None:
        return ""
    falls = math.isfinite(now) and not math.isclose(now, highest, rel_tol=0.01)
    return f": try {factor * highest:.2g}" + (" as the schedule's highest" if falls else "")
