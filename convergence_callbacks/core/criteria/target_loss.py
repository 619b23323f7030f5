"""A target: good enough is good enough."""

from __future__ import annotations

from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals


@dataclass(frozen=True)
class TargetLoss(Criterion):
    """The judged loss has reached a target.

    Args:
        target: The loss to reach, in the user's unit (with ``mode="max"``, the metric to reach).

    >>> TargetLoss(0.02).describe()
    'the judged loss is 0.02 or better'
    """

    target: float = setting("loss to reach, in the user's unit")

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged or signals.loss > signals.sign * self.target:
            return state, None
        value = signals.sign * signals.loss
        reason = f"{value:.6g} has reached the target of {self.target:.6g}"
        return state, Finding(reason=reason, evidence={"value": value, "target": self.target})

    def describe(self) -> str:
        return f"the judged loss is {self.target:.6g} or better"
