"""A loss that is NaN or infinite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Finding, MetricCriterion, State
from convergence_callbacks.core.curve.advised_rate import lower_rate
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

CONFIDENCE = 0.99
"""Confidence: weights that are NaN stay NaN, but an evaluation may fail by itself."""


@dataclass(frozen=True)
class NonFiniteLoss(MetricCriterion):
    """The loss is NaN or infinite for several epochs in a row: weights that are NaN stay NaN."""

    epochs: int = setting("epochs in a row with a NaN or infinite loss; one may be a single broken batch", 3, ge=1)

    verdicts: ClassVar = (Verdict.DIVERGED,)
    stops_when: ClassVar = "{of:metric} is not finite for {epochs:epochs} in a row"

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        return state, self.is_met(reading)

    def is_met(self, reading: Reading) -> bool:
        """Whether the loss is not finite for so many epochs in a row."""
        return reading.non_finite >= self.epochs

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(
            verdict=Verdict.DIVERGED,
            evidence={"non_finite_in_a_row": reading.non_finite, **lower_rate(reading)},
            confidence=CONFIDENCE,
        )
