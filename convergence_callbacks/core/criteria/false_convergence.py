"""Train loss falls on under a flat curve: the learning rate is too low."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.pace import FLAT_SHARE, is_steady, late_share, looks_flat, pace_numbers
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

FEWEST_EPOCHS = 10
"""Epochs before which a slow descent may be a hard start."""

RATE_WINDOW_EPOCHS = 5
"""Epochs around a change of the learning rate that are not judged: the change sets their pace."""

CONFIDENCE = 0.7
"""Confidence in the verdict without the fitted diagnosis."""


@dataclass(frozen=True)
class FalseConvergence(Criterion):
    """The curve looks flat, and yet train loss falls on steadily: the learning rate is too low.

    A good learning rate gains most at the beginning and then little, with noise. One that is far too low
    gains little at any time, smoothly, and much of it late. How fast is fast enough cannot be told of a loss whose
    floor is unknown. So a steady fall is slow once it has taken a hundred epochs, or, if `baseline_loss` is known,
    if an epoch gains less than a hundredth of it.
    """

    late: float = setting(
        "least share of train loss's total gain that was made in the later half of the epochs", 0.08, gt=0, lt=1
    )
    slow: float = setting(
        "fall an epoch that looks flat, as a share of the total gain or the baseline loss", FLAT_SHARE, gt=0
    )

    verdicts: ClassVar = (Verdict.FALSE_CONVERGENCE,)
    stops_when: ClassVar = (
        "the loss falls by less than {slow:percent} of its gain an epoch but steadily, as at too low a learning rate"
    )

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        is_ready = reading.judged and reading.curve.count >= FEWEST_EPOCHS
        if not is_ready or reading.rate_is_moving(RATE_WINDOW_EPOCHS):
            return state, False
        return state, late_share(reading) >= self.late and is_steady(reading) and looks_flat(reading, self.slow)

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(
            verdict=Verdict.FALSE_CONVERGENCE, evidence=pace_numbers(reading, self.slow), confidence=CONFIDENCE
        )
