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

    >>> f"{Estimate(9, 14, 25):.0f}", f"{Estimate(0.29, 0.31, 0.342):.2g}"
    ('14 (9–25)', '0.31 (0.29–0.34)')
    """

    low: float
    value: float
    high: float

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} ({self.low:{spec}}–{self.high:{spec}})"

    def __str__(self) -> str:
        return f"{self:.4g}"
