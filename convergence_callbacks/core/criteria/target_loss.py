"""A loss that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Finding, MetricCriterion, State
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting


@dataclass(frozen=True)
class TargetLoss(MetricCriterion):
    """The judged loss has reached a target."""

    target: float = setting("loss to reach, in the user's unit; with mode max the metric to reach", example=0.1)

    stops_when: ClassVar = "{of:metric} is {target:value} or better"
    because: ClassVar = "{value:value} has reached the target of {target:value}"

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        return state, reading.judged and reading.loss <= reading.sign * self.target

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(evidence={"value": reading.sign * reading.loss, "target": self.target})
