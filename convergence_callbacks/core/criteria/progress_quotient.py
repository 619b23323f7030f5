"""Prechelt's PQ."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.generalization_loss import generalization_loss
from convergence_callbacks.core.criteria.overfitting import against_overfitting
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class ProgressQuotient(Criterion):
    """Generalisation loss outgrows what training still gains (PQ).

    At the end of each strip of epochs: generalisation loss in percent, divided by the training progress
    of the strip in per mille (its mean train loss above its lowest).

    Args:
        quotient: Quotient that is too large.
        strip: Epochs in a strip.

    >>> ProgressQuotient(1.0).describe()
    'generalisation loss is more than 1 times the training progress of 5 epochs'

    Source: Prechelt, "Early stopping – but when?" (1998).
    """

    quotient: float = setting("quotient of generalisation loss and training progress that is too large", 1.0, gt=0)
    strip: int = setting("epochs over which training progress is taken", 5, ge=2)

    def start(self) -> State:
        return {"train": []}

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        train = signals.observation.train_loss
        if not signals.judged or train is None or not math.isfinite(train):
            return state, None
        strip = [*state["train"], signals.sign * train]
        if len(strip) < self.strip:
            return {"train": strip}, None
        return {"train": []}, self._at_end(strip, signals)

    def _at_end(self, strip: list[float], signals: Signals) -> Finding | None:
        lowest = min(strip)
        progress = 1000 * (sum(strip) / len(strip) - lowest) / abs(lowest) if lowest else math.inf
        loss = generalization_loss(signals)
        if not loss > self.quotient * progress:
            return None
        return Finding(
            reason=f"generalisation loss of {loss:.3g} % against {progress:.3g} ‰ of training progress",
            verdict=Verdict.OVERFITTING if signals.has_validation else None,
            evidence={"generalization_loss": loss, "training_progress": progress, "threshold": self.quotient},
            advice=against_overfitting(signals) if signals.has_validation else (),
            confidence=0.5,
        )

    def describe(self) -> str:
        return (
            f"generalisation loss is more than {self.quotient:.6g} times the training progress of {self.strip} epochs"
        )
