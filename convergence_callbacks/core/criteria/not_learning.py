"""The loss never left the level at which it began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.beginning import beginning_numbers
from convergence_callbacks.core.curve.pace import is_steady
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

FEWEST_EPOCHS = 10
"""Least epochs before it is judged, however short the budget."""

CONFIDENCE = 0.8
"""Confidence in the verdict without the fitted diagnosis."""


@dataclass(frozen=True)
class NotLearning(Criterion):
    """The judged loss has not left the level at which it began, beyond its noise.

    If `baseline_loss` is known, it is that level, and the least fall is a twentieth of it. If validation loss rises
    from there while train loss falls, the network memorises, as it does with wrong labels. If validation loss merely
    stays there, this may also be a hard start, so it gets twice the epochs.

    Deep networks can stay at that level for tens of epochs before they begin to learn, and every network does while its
    learning rate warms up. So a run has many epochs to begin, and one whose train loss falls steadily, however slowly,
    is learning.
    """

    epochs: int = setting(
        "epochs within which the loss should leave its start; half the budget where that is less", 40, ge=1
    )

    verdicts: ClassVar = (Verdict.NOT_LEARNING,)
    stops_when: ClassVar = (
        "the loss has not left its starting level within {epochs:epochs}, or half the budget if that is less"
    )

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        return state, self.has_not_begun(reading)

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(verdict=Verdict.NOT_LEARNING, evidence=beginning_numbers(reading), confidence=CONFIDENCE)

    def has_not_begun(self, reading: Reading) -> bool:
        """Whether the loss is still at its starting level, after the epochs within which it should have left it."""
        if not reading.judged or reading.curve.count < self._least_horizon(reading) or reading.has_begun:
            return False
        memorises = self._memorises(reading)
        if reading.train_has_begun and not memorises and reading.curve.count < 2 * self.epochs:  # a hard start
            return False
        return not reading.rate_is_moving(self.epochs // 8) and (memorises or not is_steady(reading))

    def _least_horizon(self, reading: Reading) -> int:
        if reading.max_epochs is None:
            return self.epochs
        return min(self.epochs, max(FEWEST_EPOCHS, reading.max_epochs // 2))

    def _memorises(self, reading: Reading) -> bool:
        return reading.train_has_begun and reading.level(max(1, self.epochs // 4)) > reading.start
