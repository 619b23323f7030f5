"""What an hour of training costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.telling.numbers import money


@dataclass(frozen=True)
class Price:
    """What an hour of training costs.

    Args:
        per_hour: The amount.
        currency: Written before amounts: a sign, or a word.

    Raises:
        SettingsError: The amount is negative or not finite.

    >>> Price(2.5, "€").of(3.0), Price(2.5, "USD").of(1000)
    ('€7.50', 'USD 2,500.00')
    """

    per_hour: float
    currency: str = "$"

    def __post_init__(self) -> None:
        if not 0 <= self.per_hour < math.inf:
            raise SettingsError(f"the price of an hour must be 0 or more, got {self.per_hour!r}")

    def of(self, hours: float) -> str:
        """What so many hours cost, in words."""
        return money(self.per_hour * hours, self.currency)
