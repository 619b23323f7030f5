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
"""Epochs that a network is given at least, however short the budget."""

CONFIDENCE = 0.8
"""Confidence in the verdict without the fitted diagnosis."""


@dataclass(frozen=True)
class NotLearning(Criterion):
    """The judged loss has not left the level at which it began, beyond its noise.

    Where `baseline_loss` is known, that is the level, and a twentieth of it the least fall. Validation loss that rises
    from there while train loss falls is memorising, as with broken labels. Where it merely stays, it may also be a hard
    start, and is given twice the epochs.

    Deep networks can sit at that level for tens of epochs before they begin to learn, and so does every
    network while its learning rate warms up: so this has a horizon of its own, and a train loss that falls
    steadily, however slowly, is no case of it.
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
        """Whether the loss still rests at its starting level, though it has had its time to leave it."""
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
