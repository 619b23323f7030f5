"""A budget of epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting


@dataclass(frozen=True)
class MaxEpochs(Criterion):
    """The training has run for as many epochs as it may."""

    epochs: int = setting("epochs the training may take", ge=1, example=100)

    stops_when: ClassVar = "the budget of {epochs:epochs} is used up"
    because: ClassVar = "the budget of {epochs:epochs} is used up"

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        return state, reading.taken >= self.epochs

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(evidence={"epochs": reading.taken})
