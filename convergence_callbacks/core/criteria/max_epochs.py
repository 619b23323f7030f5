"""A budget of epochs."""

from __future__ import annotations

from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals


@dataclass(frozen=True)
class MaxEpochs(Criterion):
    """The training has run for as many epochs as it may.

    Args:
        epochs: Epochs the training may take.

    >>> MaxEpochs(200).describe()
    'the budget of 200 epochs is used up'
    """

    epochs: int = setting("epochs the training may take", ge=1)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        done = signals.observation.step + 1
        if done < self.epochs:
            return state, None
        return state, Finding(reason=f"the budget of {self.epochs} epochs is used up", evidence={"epochs": done})

    def describe(self) -> str:
        return f"the budget of {self.epochs} epochs is used up"
