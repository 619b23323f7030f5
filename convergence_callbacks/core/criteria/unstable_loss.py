"""A loss that jumps, or only recovers from its first steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Finding, MetricCriterion, State
from convergence_callbacks.core.curve.jumps import JUMP_SHARE, jump, jump_numbers, only_recovered, other_jump
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

FEWEST_BINS = 10
"""Bins before which every loss jumps."""

RATE_WINDOW_EPOCHS = 5
"""Epochs around a change of the learning rate that are not judged: the change makes the loss jump."""

TRAIN_SHARE = 0.25
"""Least jump of train loss, as a share of that of validation loss, which alone jumps where its data are few."""

CONFIDENCE = 0.6
"""Confidence in the verdict without the fitted diagnosis."""


@dataclass(frozen=True)
class UnstableLoss(MetricCriterion):
    """The learning rate is too high: the loss jumps, or it only recovers from its first steps.

    Only the gain after the first epochs counts. A run whose jumps are a large share of that, or that has gained next to
    nothing since, moves about without descending.
    """

    share: float = setting(
        "mean jump that is too large, as a share of the gain after the first epochs", JUMP_SHARE, gt=0
    )

    verdicts: ClassVar = (Verdict.UNSTABLE,)
    stops_when: ClassVar = "{of:metric} jumps by more than {share:percent} of its gain since the first epochs"

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        is_ready = reading.judged and reading.curve.bins >= FEWEST_BINS
        if not is_ready or reading.rate_is_moving(RATE_WINDOW_EPOCHS):
            return state, False
        jumps = jump(reading) >= self.share and other_jump(reading) >= TRAIN_SHARE * self.share
        return state, jumps or only_recovered(reading)

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(verdict=Verdict.UNSTABLE, evidence=jump_numbers(reading, self.share), confidence=CONFIDENCE)
