"""Train loss falls on while validation loss rises."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.since_best import overfitting_numbers, train_fall
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

WINDOW_SHARE = 0.25
"""Least share of the epochs so far that lies after the best: the longer a run, the longer it waits for a better one."""

TRAIN_FALL_SHARE = 0.02
"""Least fall of train loss since the best epoch, as a share of its own total gain."""

LUCK_NOISES = 2.0
"""Times the noise of an epoch by which a rise must exceed the luck of the best one."""


@dataclass(frozen=True)
class Overfitting(Criterion):
    """Validation loss has risen beyond its noise since its best, while train loss went on falling.

    Source: Prechelt, "Early stopping – but when?" (1998), for judging both losses together.
    """

    rise: float = setting("least rise of validation loss, as a share of the total gain", 0.1, gt=0)
    epochs: int = setting("least epochs since the best; a quarter of the epochs so far if that is more", 10, ge=2)

    verdicts: ClassVar = (Verdict.OVERFITTING,)
    stops_when: ClassVar = "validation loss has risen by {rise:percent} of the total gain while train loss fell on"

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        window = self._window(reading)
        if not reading.judged or not reading.has_validation or reading.wait < window or not reading.has_begun:
            return state, False
        if reading.level(window // 2) < reading.level(window) - reading.noise:  # on its way back from a spike
            return state, False
        rise = reading.level(window) - reading.curve.best
        gain = reading.start - reading.curve.best
        rises = rise >= max(self.rise * gain, reading.luck(LUCK_NOISES))
        return state, rises and train_fall(reading) > TRAIN_FALL_SHARE

    def finding(self, state: State, reading: Reading) -> Finding:
        evidence = overfitting_numbers(reading, self._window(reading))
        return Finding(
            verdict=Verdict.OVERFITTING,
            evidence=evidence,
            confidence=1 - 0.5 * math.exp(-evidence["validation_rise"] / self.rise),
        )

    def _window(self, reading: Reading) -> int:
        return max(self.epochs, math.ceil(WINDOW_SHARE * reading.curve.count))
