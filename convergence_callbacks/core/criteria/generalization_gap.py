"""The generalisation gap."""

from __future__ import annotations

from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.overfitting import against_overfitting
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class GeneralizationGap(Criterion):
    """Validation loss is above train loss by a large share of what the run has gained.

    A gap alone is no harm: it says how much better the model knows its training data, not that
    validation loss suffers. Join it with another criterion by ``&`` where that matters.

    Args:
        share: Gap that is too large, as a share of the total gain so far.
        epochs: Epochs in a row with such a gap; one alone may be noise.

    >>> GeneralizationGap(0.5).describe()
    'the generalisation gap is above 50 % of the total gain for 3 epochs in a row'
    """

    share: float = setting("gap that is too large, as a share of the total gain so far", 0.5, gt=0)
    epochs: int = setting("epochs in a row with such a gap", 3, ge=1)

    def start(self) -> State:
        return {"in_a_row": 0}

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged:
            return state, None
        wide = signals.total_gain > 0 and signals.gap > self.share * signals.total_gain
        in_a_row = state["in_a_row"] + 1 if wide else 0
        return {"in_a_row": in_a_row}, self._finding(signals) if in_a_row >= self.epochs else None

    def describe(self) -> str:
        share = f"{100 * self.share:.3g} % of the total gain"
        return f"the generalisation gap is above {share} for {self.epochs} epochs in a row"

    def _finding(self, signals: Signals) -> Finding:
        share = signals.gap / signals.total_gain
        return Finding(
            reason=f"the generalisation gap is {100 * share:.3g} % of the total gain (above {100 * self.share:.3g} %)",
            verdict=Verdict.OVERFITTING,
            evidence={"generalization_gap": share, "threshold": self.share},
            advice=against_overfitting(signals),
            confidence=0.5,
        )
