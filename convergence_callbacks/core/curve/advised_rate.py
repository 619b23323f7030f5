"""The learning rate that a run is advised to take instead of its own.

How far the run got shows by how much its rate is wrong: against a trivial predictor's loss where that is known, else by
how late its gain came, since a level by itself says nothing. The steps were chosen on `benchmarks/recorded.npz`, where
each task was trained at eight rates; `make advice` reports how often they help on other data sets.
"""

from __future__ import annotations

import math

import numpy as np

from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.observation import finite_or_nan

TOO_LOW_STEPS = ((0.1, 10), (0.03, 30), (0.003, 100))
"""Least share of a trivial predictor's loss that a falsely converged run gained: how many times too low its rate is."""

FAR_TOO_LOW_TIMES = 300
"""How many times too low the rate is if the run gained less than any of these shares."""

THROWN_OFF_TIMES = 1000.0
"""A loss that fell after the first epoch by so many times all that it moved later was thrown off by the first steps."""

LATE_SHARE = 0.2
"""Share of its gain that came in the later half, from which on the rate is far too low; less is hardly a fall."""

LATE_TIMES, EARLY_TIMES = 100, 10
"""How many times too low the rate is where so much of the gain came late, and where less did."""

TOO_HIGH_TIMES = 10
"""How many times too high the rate is of an unstable run."""

FAR_TOO_HIGH_TIMES = 30
"""How many times too high it is where the first steps threw the run off."""

HARDLY_TOO_HIGH_TIMES = 3
"""How many times too high a low rate is."""

LOW_RATE = 0.05
"""Learning rate below which jumps seldom mean that it is far too high."""

SAME_SHARE = 0.01
"""Share by which equal rates may differ."""


def higher_rate(reading: Reading, late_share: float) -> dict[str, float]:
    """By how much a run that converges falsely should raise its rate, and to what if its rate is known.

    Args:
        reading: Of the run.
        late_share: Share of its gain that came in the later half of its epochs.
    """
    if reading.baseline is None:
        times = LATE_TIMES if late_share >= LATE_SHARE else EARLY_TIMES
    else:
        times = next((times for gained, times in TOO_LOW_STEPS if reading.gained >= gained), FAR_TOO_LOW_TIMES)
    return {"times_too_low": times, **_advised(reading, times)}


def lower_rate(reading: Reading) -> dict[str, float]:
    """By how much an unstable or diverged run should lower its rate, and to what if its rate is known."""
    if not reading.curve.count:  # the data may be the cause
        return {}
    highest = highest_rate(reading)
    is_low = highest is not None and highest < LOW_RATE and not reading.non_finite
    times = HARDLY_TOO_HIGH_TIMES if is_low else TOO_HIGH_TIMES
    if _was_thrown_off(reading):
        times = FAR_TOO_HIGH_TIMES
    return {"times_too_high": times, **_advised(reading, 1 / times)}


def _was_thrown_off(reading: Reading) -> bool:
    later = reading.losses[1:]
    return len(later) > 0 and reading.first_level - later.max() > THROWN_OFF_TIMES * float(np.ptp(later))


def highest_rate(reading: Reading) -> float | None:
    """The highest learning rate so far; None where none is known."""
    highest = max(float(np.fmax.reduce(reading.rates, initial=0.0)), finite_or_nan(reading.observation.lr))
    return highest if highest > 0 else None


def _advised(reading: Reading, factor: float) -> dict[str, float]:
    """The advised rate, if the present one is known; of a schedule that falls, the highest counts."""
    highest, now = highest_rate(reading), finite_or_nan(reading.observation.lr)
    if highest is None:
        return {}
    falls = math.isfinite(now) and not math.isclose(now, highest, rel_tol=SAME_SHARE)
    return {"advised_rate": factor * highest, "rate_falls": float(falls)}
