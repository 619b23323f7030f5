"""The weights of a PyTorch model at its best epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def copied(model: Any) -> dict[str, Any]:
    """A copy of a model's weights in the host's memory, for ``load_state_dict``.

    Args:
        model: A ``torch.nn.Module``, wrapped or not.
    """
    return on_host(model.state_dict())


def loaded(saved: Any) -> dict[str, Any] | None:
    """Weights from a saved state, None where it has none.

    Raises:
        TypeError, ValueError: They are none.
    """
    return None if saved is None else dict(saved)


def on_host(weights: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of weights that were asked for already."""
    import torch

    return {
        name: value.detach().to("cpu", copy=True) if isinstance(value, torch.Tensor) else value
        for name, value in weights.items()
    }
