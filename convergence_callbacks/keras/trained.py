"""A model in the middle of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from convergence_callbacks.adapter.backup import checked, read_arrays
from convergence_callbacks.adapter.trained import arrays
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.keras.probe import innermost, moments, train_copy
from convergence_callbacks.keras.schedule import ScaledSchedule


class TrainedModel:
    """A model; see `Experimental`.

    Args:
        model: The model in the middle of its run.
        data: What ``fit`` was given; None if it was not given to `probe_on`.
    """

    def __init__(self, model: Any, data: Mapping[str, Any] | None = None) -> None:
        self._model, self._data = model, data

    def weights(self) -> list[Any]:
        """A copy of the weights."""
        weights: list[Any] = self._model.get_weights()
        return weights

    def give_back(self, weights: list[Any] | Path) -> Any:
        """The model with these weights, or those of this file.

        Raises:
            FileNotFoundError: The file is gone.
            ConvergenceError: It is damaged.
        """
        self._model.set_weights(weights if isinstance(weights, list) else read_arrays(checked(weights)))
        return self._model

    @staticmethod
    def read(saved: Any) -> list[Any]:
        """Weights as a saved state holds them; Keras's states hold none."""
        return arrays(saved)

    def train_copy(self, times: float, collector: Any) -> list[Observation]:
        """What is observed of a copy at so many times the learning rate.

        Raises:
            ValueError: There are no data to train on.
        """
        if self._data is None:
            raise ValueError("no data")
        return train_copy(self._model, self._data, times, collector)

    def state(self) -> list[Any]:
        """Weights, and the moments of the optimiser."""
        weights = [np.array(weight) for weight in self._model.get_weights()]
        return [*weights, *(np.array(keras.ops.convert_to_numpy(own.value)) for own in self._moments())]

    def best_state(self) -> list[Any]:
        """The state at the best epoch: Keras validates the weights that it trains."""
        return self.state()

    def weights_in(self, state: list[Any]) -> list[Any]:
        """The weights of such a state."""
        return state[: len(self._model.weights)]

    def restore(self, state: list[Any] | Path) -> Any:
        """The model in such a state, or in that of this file; moments from before the first epoch are zero.

        Raises:
            FileNotFoundError: The file is gone.
            ConvergenceError: It is damaged.
        """
        if isinstance(state, Path):
            state = read_arrays(checked(state))
        self._model.set_weights(self.weights_in(state))
        own, saved = self._moments(), state[len(self._model.weights) :]
        for moment, value in zip(own, saved or [keras.ops.zeros_like(moment) for moment in own], strict=True):
            moment.assign(value)
        return self._model

    def scale_rate(self, times: float) -> None:
        """Multiply the learning rate, that of a schedule at every step to come."""
        if not self.scale_schedule(times):
            optimizer = innermost(self._model.optimizer)
            optimizer.learning_rate = times * float(keras.ops.convert_to_numpy(optimizer.learning_rate))

    def scale_schedule(self, times: float) -> bool:
        """Wrap the schedule and compile the training step anew; False if the optimiser follows none.

        A resumed training needs this alone: Keras restores a rate that is a number.
        """
        optimizer = innermost(self._model.optimizer)
        schedule = optimizer._learning_rate
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            return False
        optimizer.learning_rate = ScaledSchedule(schedule, times)
        self._model.make_train_function(force=True)
        return True

    def _moments(self) -> list[Any]:
        """The moments of the optimiser without its count of steps, which a schedule goes by."""
        optimizer = self._model.optimizer
        return [own for own in moments(optimizer) if own is not optimizer.iterations]


def plain(array: Any) -> Any:
    """An array as a file of NumPy can hold it, which knows no bfloat16."""
    return array.astype("float32") if array.dtype.kind == "V" else array
