"""Prechelt's progress quotient (PQ)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State, overfitting_where_validated
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.since_best import generalization_loss
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

CONFIDENCE = 0.5
"""Confidence that it is overfitting: one epoch above the best is often noise."""


@dataclass(frozen=True)
class ProgressQuotient(Criterion):
    """Generalisation loss outgrows what training still gains (PQ).

    At the end of each strip of epochs, generalisation loss in percent is divided by the training progress of the strip
    in per mille (its mean train loss above its lowest). By these definitions a constant added to the loss changes what
    is found.

    Source: Prechelt, "Early stopping – but when?" (1998).
    """

    quotient: float = setting("largest quotient of generalisation loss and training progress", 1.0, gt=0)
    strip: int = setting("epochs over which training progress is taken", 5, ge=2)

    verdicts: ClassVar = (Verdict.OVERFITTING,)
    stops_when: ClassVar = "generalisation loss is more than {quotient} times the training progress of {strip:epochs}"
    because: ClassVar = (
        "generalisation loss of {generalization_loss}% against {training_progress}‰ of training progress"
    )

    def start(self) -> State:
        return {"train": []}

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        train = reading.observation.train_loss
        if not reading.judged or train is None or not math.isfinite(train):
            return state, False
        before = state["train"] if len(state["train"]) < self.strip else []
        strip = [*before, reading.sign * train]
        is_whole = len(strip) == self.strip
        return {"train": strip}, is_whole and generalization_loss(reading) > self.quotient * _progress(strip)

    def finding(self, state: State, reading: Reading) -> Finding:
        evidence = {
            "generalization_loss": generalization_loss(reading),
            "training_progress": _progress(state["train"]),
            "threshold": self.quotient,
        }
        return overfitting_where_validated(evidence, reading, CONFIDENCE)


def _progress(strip: list[float]) -> float:
    """Mean train loss of a strip above its lowest, in per mille; infinite where the lowest is 0."""
    lowest = min(strip)
    return 1000 * (sum(strip) / len(strip) - lowest) / abs(lowest) if lowest else math.inf
