"""What one training has shown so far: the curve, and what was missing or broken on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.observation import LARGEST, Observation, as_rate, is_finite

_COUNTS = ("non_finite", "non_finite_total", "missing_total", "repeated_total")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a training beside what was observed.

    Args:
        sign: 1, or -1 where more of the judged metric is better.
        max_epochs: Epochs the training may take, None where unknown.
        baseline: Loss of a trivial predictor, lower is better; None where unknown.
        lr_schedule: Learning rates to come, None where unknown.
        first_step: The first epoch that is judged.
    """

    sign: float = 1.0
    max_epochs: int | None = None
    baseline: float | None = None
    lr_schedule: Schedule | None = None
    first_step: int = 0


@dataclass(slots=True)
class Track:
    """What a training has shown so far, whatever it is judged by.

    Args:
        curve: The learning curve.
        has_validation: Whether there was a finite validation loss: from then on it is judged.
        non_finite: Epochs in a row whose judged loss, or a train loss that was finite before, was not finite.
        non_finite_total: All epochs with a NaN or infinite loss and no finite judged loss.
        missing_total: Epochs without a judged loss.
        repeated_total: Epochs that were shown again.
    """

    curve: Curve = field(default_factory=Curve)
    has_validation: bool = False
    non_finite: int = 0
    non_finite_total: int = 0
    missing_total: int = 0
    repeated_total: int = 0

    def take_in(self, observation: Observation, given: Circumstances) -> Reading:
        """Add an epoch, and read the curve."""
        if observation.step < given.first_step:
            return self.read(observation, given, judged=False)
        starts_over = not self.has_validation and is_finite(observation.val_loss)
        if starts_over:  # train losses before the first validation loss are no measure for it
            self.has_validation, self.curve = True, Curve()
        judged = self._add(observation, given.sign)
        return self.read(observation, given, judged=judged, starts_over=starts_over)

    def read(
        self, observation: Observation, given: Circumstances, *, judged: bool = True, starts_over: bool = False
    ) -> Reading:
        """What can be read at the latest epoch."""
        return Reading(
            observation=observation,
            curve=self.curve,
            sign=given.sign,
            judged=judged,
            has_validation=self.has_validation,
            non_finite=self.non_finite,
            max_epochs=given.max_epochs,
            baseline=given.baseline,
            lr_schedule=given.lr_schedule,
            not_judged=self.missing_total + self.non_finite_total,
            starts_over=starts_over,
        )

    def shortcomings(self) -> dict[str, float]:
        """What was wrong with the values given, where anything was."""
        if not (self.non_finite_total or self.missing_total or self.repeated_total):
            return {}
        counts = {
            "non_finite_epochs": self.non_finite_total,
            "missing_epochs": self.missing_total,
            "repeated_epochs": self.repeated_total,
        }
        return {name: count for name, count in counts.items() if count}

    def _add(self, observation: Observation, sign: float) -> bool:
        """Add the epoch to the curve; False where it brought no finite judged loss."""
        train = observation.train_loss
        judged = observation.val_loss if self.has_validation or train is None else train
        is_broken = train is not None and not abs(train) <= LARGEST
        if judged is not None and abs(judged) <= LARGEST:
            signed = math.nan if train is None or is_broken else sign * train
            self.curve.add(observation.step, sign * judged, signed, as_rate(observation.lr))
            breaks = is_broken and self.curve.best_step < observation.step
            self.non_finite = self.non_finite + 1 if breaks and np.isfinite(self.curve.train).any() else 0
            return True
        if judged is None and not is_broken:
            self.missing_total += 1
        else:
            self.non_finite += 1
            self.non_finite_total += 1
        return False

    def to_dict(self) -> dict[str, Any]:
        """What was shown, in plain types that JSON takes."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {"curve": self.curve.state_dict(), "has_validation": self.has_validation, **counts}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Track:
        """What `to_dict` described.

        Raises:
            LookupError, TypeError, ValueError, OverflowError: It is damaged.
        """
        counts = {name: int(saved[name]) for name in _COUNTS}
        return cls(Curve.from_state(saved["curve"]), bool(saved["has_validation"]), **counts)
