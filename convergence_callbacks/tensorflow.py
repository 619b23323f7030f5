"""The integration with TensorFlow loops of one's own.

In a training:

    from convergence_callbacks.tensorflow import ConvergenceStopping
    stopping = ConvergenceStopping(max_epochs=200, restore_best=True)
    for epoch in range(200):
        train_loss, val_loss = train_one_epoch(model), validate(model)
        if stopping.update(model, train_loss=train_loss, val_loss=val_loss, lr=0.1).stop:
            break
    stopping.restore(model)
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any
from zipfile import BadZipFile

import numpy as np

from convergence_callbacks.telling.missing import not_installed

try:
    from tensorflow.train.experimental import PythonState
except ModuleNotFoundError as error:
    message = not_installed("TensorFlow", "tensorflow")
    raise ModuleNotFoundError(message) from error

from convergence_callbacks.adapter.loop import LoopStopping
from convergence_callbacks.adapter.trained import arrays
from convergence_callbacks.core.errors import StateError


class Variables:
    """A model of TensorFlow; see `Trained`.

    Args:
        model: Whatever has ``variables``.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def weights(self) -> list[Any]:
        """A copy of the variables."""
        return [np.array(variable) for variable in self._model.variables]

    def give_back(self, weights: Sequence[Any]) -> Any:
        """The model with these values of its variables."""
        for variable, best in zip(self._model.variables, weights, strict=True):
            variable.assign(best)
        return self._model

    @staticmethod
    def read(saved: Any) -> list[Any]:
        """Values as a saved state holds them."""
        return arrays(saved)


class ConvergenceStopping(LoopStopping, PythonState):  # type: ignore[misc]
    """Ends a TensorFlow loop when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. `update` belongs outside of ``tf.function``. The model is whatever has
    ``variables``: a ``tf.Module``, or a Keras model in a loop without ``fit``. The state goes with
    ``tf.train.Checkpoint(model=model, stopping=stopping)``.
    """

    integration = "TensorFlow"
    supports = frozenset({"restore_best"})
    trained = Variables

    def serialize(self) -> bytes:
        """The state of the run, for `tf.train.Checkpoint`."""
        state, file = self.state_dict(), io.BytesIO()
        best = state.pop("best_weights", None) or {"step": None, "weights": []}
        np.savez(file, *best["weights"], state=np.array(json.dumps({**state, "best_step": best["step"]})))
        return file.getvalue()

    def deserialize(self, string_value: bytes) -> None:
        """Go on from a state that a checkpoint holds.

        Raises:
            StateError: The state is damaged or foreign. This object is then as it was before.
        """
        try:
            with np.load(io.BytesIO(string_value)) as saved:
                weights = [saved[name] for name in saved.files if name != "state"]
                state = json.loads(str(saved["state"]))
                step = state.pop("best_step")
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise StateError(f"the checkpoint holds no state that can be read: {error}") from error
        self.load_state_dict({**state, "best_weights": {"step": step, "weights": weights} if weights else None})
