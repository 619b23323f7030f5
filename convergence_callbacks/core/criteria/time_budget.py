"""A budget of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True)
class TimeBudget(Criterion):
    """The training has taken as long as it may; the time before a resume counts."""

    hours: float = setting("hours the training may take", gt=0, example=12.0)

    stops_when: ClassVar = "the training has taken {hours:hours}"
    because: ClassVar = "the time budget of {budget_hours:hours} is used up"

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        elapsed = reading.observation.elapsed
        return state, elapsed is not None and elapsed >= self.hours * SECONDS_AN_HOUR

    def finding(self, state: State, reading: Reading) -> Finding:
        elapsed = reading.observation.elapsed or 0.0
        return Finding(evidence={"hours": elapsed / SECONDS_AN_HOUR, "budget_hours": self.hours})
