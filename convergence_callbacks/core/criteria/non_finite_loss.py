"""NaN and infinity."""

from __future__ import annotations

from dataclasses import dataclass

from convergence_callbacks.core.advised_rate import lower_rate
from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class NonFiniteLoss(Criterion):
    """The loss is NaN or infinite for some epochs in a row: weights that are NaN stay NaN.

    Args:
        epochs: Epochs in a row; more than one, since a single broken batch can spoil an epoch's mean.

    >>> NonFiniteLoss().describe()
    'the loss is not finite for 3 epochs in a row'
    """

    epochs: int = setting("epochs in a row with a loss that is NaN or infinite", 3, ge=1)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if signals.non_finite < self.epochs:
            return state, None
        return state, Finding(
            reason=f"the loss is NaN or infinite for {signals.non_finite} epochs in a row",
            verdict=Verdict.DIVERGED,
            evidence={"non_finite_in_a_row": signals.non_finite},
            advice=_advice(signals),
            confidence=0.99,
        )

    def describe(self) -> str:
        return f"the loss is not finite for {self.epochs} epochs in a row"


def _advice(signals: Signals) -> tuple[str, ...]:
    rate = f"{lower_rate(signals)}, or clip the gradients"
    if signals.curve.count:
        return (f"restore epoch {signals.curve.best_step}", rate)
    return ("look for NaN in the data, as check_data does", rate)
