"""The generalisation gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.since_best import rise_and_fall
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

CONFIDENCE = 0.5
"""Confidence that a wide gap is overfitting: validation loss may still be falling."""


@dataclass(frozen=True)
class GeneralizationGap(Criterion):
    """Validation loss is above train loss by a large share of what the run has gained.

    A gap alone does no harm: it shows how much better the model knows its training data, not that validation loss
    rises. Where that matters, join it with another criterion by ``&``.
    """

    share: float = setting("gap that is too large, as a share of the total gain so far", 0.5, gt=0)
    epochs: int = setting("epochs in a row with such a gap; one alone may be noise", 3, ge=1)

    verdicts: ClassVar = (Verdict.OVERFITTING,)
    stops_when: ClassVar = (
        "the generalisation gap is above {share:percent} of the total gain for {epochs:epochs} in a row"
    )
    because: ClassVar = (
        "the generalisation gap is {generalization_gap:percent} of the total gain (above {threshold:percent})"
    )

    def start(self) -> State:
        return {"in_a_row": 0}

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if not reading.judged:
            return state, False
        wide = reading.total_gain > 0 and reading.gap > self.share * reading.total_gain
        in_a_row = state["in_a_row"] + 1 if wide else 0
        return {"in_a_row": in_a_row}, in_a_row >= self.epochs

    def finding(self, state: State, reading: Reading) -> Finding:
        share = reading.gap / reading.total_gain
        return Finding(
            verdict=Verdict.OVERFITTING,
            evidence={"generalization_gap": share, "threshold": self.share, **rise_and_fall(reading)},
            confidence=CONFIDENCE,
        )
