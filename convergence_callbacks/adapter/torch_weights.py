"""The weights of a PyTorch model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TorchModel:
    """A ``torch.nn.Module``, wrapped or not; see `Trained`.

    Args:
        model: The module.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def weights(self) -> dict[str, Any]:
        """A copy of the weights in the host's memory."""
        return on_host(self._model.state_dict())

    def give_back(self, weights: Mapping[str, Any]) -> Any:
        """The module with these weights."""
        self._model.load_state_dict(weights)
        return self._model

    @staticmethod
    def read(saved: Any) -> dict[str, Any]:
        """Weights as a saved state holds them.

        Raises:
            TypeError: They are no weights.
        """
        if not isinstance(saved, Mapping):
            raise TypeError(f"best_weights must be what state_dict gave, got {type(saved).__name__}")
        return dict(saved)


def on_host(weights: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of given weights."""
    import torch

    return {
        name: value.detach().to("cpu", copy=True) if isinstance(value, torch.Tensor) else value
        for name, value in weights.items()
    }
