"""Prechelt's GL."""

from __future__ import annotations

from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.overfitting import against_overfitting
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


def generalization_loss(signals: Signals) -> float:
    """By how many percent the judged loss is above the best one; 0 where the best is 0."""
    best = abs(signals.curve.best)
    return 100 * (signals.loss - signals.curve.best) / best if best > 0 else 0.0


@dataclass(frozen=True)
class GeneralizationLoss(Criterion):
    """The judged loss is some percent above the best seen (GL).

    Args:
        percent: Percent above the best that are too many.

    >>> GeneralizationLoss(5.0).describe()
    'the loss is more than 5 % above its best'

    Source: Prechelt, "Early stopping – but when?" (1998).
    """

    percent: float = setting("percent above the best loss that are too many", 5.0, gt=0)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        loss = generalization_loss(signals)
        if not signals.judged or not loss > self.percent:
            return state, None
        return state, Finding(
            reason=f"the loss is {loss:.3g} % above its best (more than {self.percent:.6g} %)",
            verdict=Verdict.OVERFITTING if signals.has_validation else None,
            evidence={"generalization_loss": loss, "threshold": self.percent},
            advice=against_overfitting(signals) if signals.has_validation else (),
            confidence=0.5,  # one epoch above the best is often noise
        )

    def describe(self) -> str:
        return f"the loss is more than {self.percent:.6g} % above its best"
