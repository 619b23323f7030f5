"""A number that is not known exactly."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the interval in which it lies in nine of ten cases.

    Args:
        low: Lower end.
        value: As likely too low as too high.
        high: Upper end.
    """

    low: float
    value: float
    high: float
