"""Prechelt's generalisation loss (GL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Finding, MetricCriterion, State, overfitting_where_validated
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.since_best import generalization_loss
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

CONFIDENCE = 0.5
"""Confidence that it is overfitting: one epoch above the best is often noise."""


@dataclass(frozen=True)
class GeneralizationLoss(MetricCriterion):
    """The judged loss is some percent above the best seen (GL).

    By this definition a constant added to the loss changes what is found, and at a best of 0 nothing is.

    Source: Prechelt, "Early stopping – but when?" (1998).
    """

    percent: float = setting("percent by which the loss may be above its best", 5.0, gt=0)

    verdicts: ClassVar = (Verdict.OVERFITTING,)
    stops_when: ClassVar = "{of:metric} is worse than its best by more than {percent}%"
    because: ClassVar = "worse than the best by {generalization_loss}% (more than {threshold}%)"

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        return state, reading.judged and generalization_loss(reading) > self.percent

    def finding(self, state: State, reading: Reading) -> Finding:
        evidence = {"generalization_loss": generalization_loss(reading), "threshold": self.percent}
        return overfitting_where_validated(evidence, reading, CONFIDENCE)
