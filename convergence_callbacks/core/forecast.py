"""Where a training is going, in numbers; they are computed outside the core."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

Loss = Literal["judged", "train"]
"""The loss that is forecast: the judged one (validation loss where there is one), or the train loss."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the interval in which it lies in nine of ten cases.

    Args:
        low: Lower end.
        value: The median.
        high: Upper end.
    """

    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class ConvergenceRate:
    """How fast a loss converges.

    Args:
        kind: ``"linear"`` (the distance to the floor shrinks by the same factor each epoch), ``"sublinear"`` (like a
            power of the epochs), ``"stalled"`` (nothing falls beyond the noise), or ``"unknown"`` (too few epochs).
        exponent: Of the power law, with its 90% interval; None unless sublinear.
        half_life: Epochs in which the distance halves, with its 90% interval; None unless linear.
    """

    kind: Literal["linear", "sublinear", "stalled", "unknown"]
    exponent: Estimate | None = None
    half_life: Estimate | None = None

    voice: ClassVar[Callable[[ConvergenceRate], str]]

    def __str__(self) -> str:
        return type(self).voice(self)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Where a training is going, as seen from one epoch; all intervals hold in nine of ten trainings.

    A level is the median over the latest twentieth of the epochs (three at least), so it has no noise of single epochs.

    Args:
        step: The epoch from which it was made.
        end: The level at the end of the budget; None where that is unknown.
        asymptote: The level after ten times as many epochs, whatever the budget.
        epochs_left: Epochs until the lowest loss is within the tolerance of the lowest that the whole budget (or ten
            times as many epochs) will bring.
        rate: How fast the loss converges.
        path: The level at steps from the next one to the end.
        bounds: Range in which it is shown, if the loss has never left it: 0 and more, or 0 to 1 where more is better.
    """

    step: int
    end: Estimate | None
    asymptote: Estimate
    epochs_left: Estimate
    rate: ConvergenceRate
    path: tuple[tuple[float, Estimate], ...] = ()
    bounds: tuple[float, float] = (-math.inf, math.inf)

    voice: ClassVar[Callable[[Forecast], tuple[str, str]]]

    @property
    def eta(self) -> str:
        """The epochs that are left in words, such as ``ETA ≈ 14 epochs (9–25)``."""
        return type(self).voice(self)[0]

    def __str__(self) -> str:
        return type(self).voice(self)[1]
