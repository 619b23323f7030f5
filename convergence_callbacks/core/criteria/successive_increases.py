"""Prechelt's successive increases (UP)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from convergence_callbacks.core.criterion import (
    Finding,
    MetricCriterion,
    State,
    overfitting_where_validated,
    with_numbers,
)
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

CONFIDENCE = 0.5
"""Confidence that it is overfitting: noise rises too."""


@dataclass(frozen=True)
class SuccessiveIncreases(MetricCriterion):
    """The judged loss rose in several successive strips of epochs (UP).

    Source: Prechelt, "Early stopping – but when?" (1998).
    """

    strips: int = setting("successive strips that end higher than the one before", 3, ge=1)
    strip: int = setting("epochs in a strip", 5, ge=1)

    verdicts: ClassVar = (Verdict.OVERFITTING,)
    stops_when: ClassVar = "{of:metric} has got worse over {strips} successive strips of {strip:epochs}"
    because: ClassVar = "it has got worse over {rises} successive strips of {strip:epochs}"

    def start(self) -> State:
        return {"last": None, "rises": 0}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return with_numbers(super().restore(saved), "last")

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if not reading.judged or reading.curve.count % self.strip:
            return state, False
        rose = state["last"] is not None and reading.loss > state["last"]
        rises = state["rises"] + 1 if rose else 0
        return {"last": reading.loss, "rises": rises}, rises >= self.strips

    def finding(self, state: State, reading: Reading) -> Finding:
        evidence: dict[str, float] = {"rises": state["rises"], "threshold": self.strips, "strip": self.strip}
        return overfitting_where_validated(evidence, reading, CONFIDENCE)
