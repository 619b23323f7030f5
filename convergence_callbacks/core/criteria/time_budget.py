"""A budget of time."""

from __future__ import annotations

from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals


@dataclass(frozen=True)
class TimeBudget(Criterion):
    """The training has taken as long as it may; the time before a resume counts.

    Args:
        hours: Hours of training.

    >>> TimeBudget(hours=0.5).describe()
    'the training has taken 0.5 hours'
    """

    hours: float = setting("hours the training may take", gt=0)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        elapsed = signals.observation.elapsed
        if elapsed is None or not elapsed >= self.hours * 3600:
            return state, None
        reason = f"{elapsed / 3600:.3g} hours have used up the budget of {self.hours:.6g}"
        return state, Finding(reason=reason, evidence={"hours": elapsed / 3600, "budget_hours": self.hours})

    def describe(self) -> str:
        return f"the training has taken {self.hours:.6g} hours"
