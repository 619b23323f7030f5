"""A loss far above its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.advised_rate import lower_rate
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

WAY_BACK_TIMES = 30.0
"""A rise that has shrunk by this factor since its highest is going back."""

CLEAR_NOISES = 5.0
"""Times its noise by which a loss must have risen: less may be chance."""

BACK_NOISES = 3.0
"""Times its noise by which each loss must have fallen in an epoch to be on its way back."""

HELD_SHARE = 0.1
"""Share of the rise: train loss that is above its start by less has not risen with it."""

CONFIDENCE = 0.9
"""Confidence in an explosion: some runs still recover."""


@dataclass(frozen=True)
class ExplodingLoss(Criterion):
    """The loss is above its start by several times all that was learnt, and not going back.

    What was learnt is the larger gain of both losses; if that is nothing, the rise is compared with the loss's noise.
    The level of the loss is not used, since a loss may have any floor.

    If train loss has not risen meanwhile and validation loss was never better than at its start, the network has
    learnt nothing, or only its training examples: that is not an explosion.
    """

    times: float = setting("times the gain of either loss by which the loss has risen above its start", 3.0, gt=1)
    epochs: int = setting("epochs in a row with such a loss; fewer may be a few bad batches", 5, ge=1)

    verdicts: ClassVar = (Verdict.DIVERGED,)
    stops_when: ClassVar = (
        "the loss is above its start by {times} times all that was gained, for {epochs:epochs} in a row"
    )

    def start(self) -> State:
        return {"in_a_row": 0}

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if not reading.judged:
            return state, False
        in_a_row = state["in_a_row"] + 1 if self._exploded(reading) else 0
        return {"in_a_row": in_a_row}, in_a_row >= self.epochs

    def is_met(self, state: State, reading: Reading) -> bool:
        """Whether the loss has been so high for enough epochs in a row."""
        return reading.judged and state["in_a_row"] >= self.epochs

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(
            verdict=Verdict.DIVERGED,
            evidence={
                "loss": reading.sign * reading.loss,
                "started_at": reading.sign * reading.start,
                "train_falls": float(_train_falls(reading)),
                **lower_rate(reading),
            },
            confidence=CONFIDENCE,
        )

    def _exploded(self, reading: Reading) -> bool:
        rise = reading.loss - reading.start
        if not rise > 0 or rise <= self.times * _learnt(reading) or rise <= CLEAR_NOISES * reading.noise:
            return False
        learns_nothing = _train_holds(reading, rise) and not reading.has_begun
        comes_back = rise < (reading.curve.worst - reading.start) / WAY_BACK_TIMES
        return not learns_nothing and not comes_back and not _both_fall(reading)


def _both_fall(reading: Reading) -> bool:
    """Whether both losses have just fallen by more than they move about."""
    train, losses = reading.finite_train_losses, reading.losses
    if min(len(train), len(losses)) < 2:
        return False
    falls, train_falls = losses[-2] - losses[-1], train[-2] - train[-1]
    return bool(falls > BACK_NOISES * reading.noise and train_falls > BACK_NOISES * reading.train_noise)


def _learnt(reading: Reading) -> float:
    """The larger gain of both losses."""
    train = reading.finite_train_losses
    return max(0.0, reading.total_gain, float(train[0] - train.min()) if len(train) else 0.0)


def _train_holds(reading: Reading, rise: float) -> bool:
    """Whether train loss is hardly above its start; False where it is the judged loss."""
    train = reading.finite_train_losses
    return reading.has_validation and len(train) > 0 and bool(train[-1] - train[0] <= HELD_SHARE * rise)


def _train_falls(reading: Reading) -> bool:
    """Whether train loss is below its start; False where it is the judged loss."""
    train = reading.finite_train_losses
    return reading.has_validation and len(train) > 0 and bool(train[-1] < train[0])
