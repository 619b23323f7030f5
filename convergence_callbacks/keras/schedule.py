"""The learning rates of a model's optimiser, and a schedule at a multiple of its rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convergence_callbacks.core.observation import as_number

MOST_EPOCHS_AHEAD = 2000
"""Epochs whose learning rates are asked of a schedule; each is a small computation on the backend."""


@keras.saving.register_keras_serializable(package="convergence_callbacks")
class ScaledSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A schedule at a multiple of its rates.

    Args:
        schedule: A ``LearningRateSchedule``.
        times: The factor.
    """

    def __init__(self, schedule: Any, times: float) -> None:
        super().__init__()
        self._schedule, self._times = schedule, times

    def __call__(self, step: Any) -> Any:
        """The rate of a step."""
        return self._times * self._schedule(step)

    def get_config(self) -> dict[str, Any]:
        """What it is made of, so that it is saved with a model."""
        return {"schedule": keras.optimizers.schedules.serialize(self._schedule), "times": self._times}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ScaledSchedule:
        """The schedule that `get_config` described."""
        return cls(keras.optimizers.schedules.deserialize(config["schedule"]), config["times"])


class Rates:
    """Learning rates of the epochs of a training.

    Args:
        model: The model that is trained.
        epochs: Epochs of the training, where known.
        steps: Batches of an epoch, where known.
    """

    def __init__(self, model: Any, epochs: int | None, steps: int | None) -> None:
        self._optimizer = getattr(model, "optimizer", None)
        self._epochs, self._steps = epochs or 0, steps
        self._scheduled: list[float] | None = None

    def used_in(self, epoch: int, logs: Mapping[str, Any]) -> Any:
        """The rate of the epoch that ends now; the optimiser may already be at that of the next.

        Args:
            epoch: The epoch.
            logs: Its metrics: callbacks that change the rate at the end of an epoch log there what it was.
        """
        if self._optimizer is None:
            return None
        if self._scheduled is None:
            self._scheduled = self._by_schedule(epoch)
        if epoch < len(self._scheduled):
            return self._scheduled[epoch]
        logged = as_number(logs.get("learning_rate"))
        return keras.ops.convert_to_numpy(self._optimizer.learning_rate) if logged is None else logged

    def to_come(self, epoch: int) -> float:
        """The rate of an epoch to come.

        Raises:
            LookupError: It is not known; the core expects this error from a schedule.
        """
        if not self._scheduled:
            raise LookupError("the optimiser follows no schedule")
        return self._scheduled[epoch]

    def _by_schedule(self, epoch: int) -> list[float]:
        """Rates at the beginning of each epoch, empty where the optimiser follows no schedule.

        Args:
            epoch: The epoch that has just ended; the optimiser may have taken steps before this training.
        """
        schedule = getattr(self._optimizer, "_learning_rate", None)
        if self._optimizer is None or not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            return []
        if self._epochs > MOST_EPOCHS_AHEAD:
            return []
        done = int(keras.ops.convert_to_numpy(self._optimizer.iterations))
        steps = self._steps or done // (epoch + 1)
        begun = (max(0, done + (other - epoch - 1) * steps) for other in range(self._epochs))
        return [float(keras.ops.convert_to_numpy(schedule(step))) for step in begun]
