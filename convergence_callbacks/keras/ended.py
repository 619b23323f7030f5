"""A training that had ended before it was killed."""

from __future__ import annotations

from typing import Any


class EndedTraining:
    """Keeps a model as it was at the stop: Keras trains at least one batch of a resumed training.

    Args:
        model: The model, as it was restored.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._weights = model.get_weights()
        model.stop_training = True

    def undo_batch(self) -> None:
        """Give the model back the weights of the stop."""
        self._model.set_weights(self._weights)
