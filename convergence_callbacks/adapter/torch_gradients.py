"""The gradients that reach the layers of a PyTorch model in its first steps."""

from __future__ import annotations

from typing import Any

import torch

from convergence_callbacks.data_check import Layer

STEPS = 8
"""Steps that are looked at: with mixed precision the first few overflow, and some layers get gradients later."""


class GradientWatch:
    """Notes the largest gradient of each layer in the first steps of a training.

    Args:
        model: The model that is trained.

    In a loop of your own:

        gradients = GradientWatch(model)
        for x, y in train_loader:
            loss = loss_function(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            gradients.note()
            optimizer.step()
        for fault in check_data(x, y, outputs=model(x), layers=gradients.layers()):
            print(fault)
    """

    def __init__(self, model: Any) -> None:
        self._parameters = dict(model.named_parameters())
        self._largest: dict[str, list[torch.Tensor]] = {name: [] for name in self._parameters}
        self._steps = 0

    def note(self) -> None:
        """Look at the gradients between ``backward`` and ``step``; nothing waits for the device."""
        if self._steps >= STEPS:
            return
        self._steps += 1
        for name, parameter in self._parameters.items():
            self._largest[name].append(_largest(parameter.grad))

    def layers(self) -> tuple[Layer, ...]:
        """The model's layers, with what was noted; none before the first step."""
        of_layer: dict[str, list[str]] = {}
        for name in self._parameters if self._steps else ():
            of_layer.setdefault(name.rpartition(".")[0] or name, []).append(name)
        return tuple(self._layer(layer, names) for layer, names in of_layer.items())

    def _layer(self, layer: str, names: list[str]) -> Layer:
        noted = [[float(value) for value in self._largest[name]] for name in names]
        return Layer(
            layer,
            sum(self._parameters[name].numel() for name in names),
            tuple(float(torch.tensor(step).max()) for step in zip(*noted, strict=True)),  # NaN if one is
            any(self._parameters[name].requires_grad for name in names),
        )


def _largest(gradient: torch.Tensor | None) -> torch.Tensor:
    if gradient is None or not gradient.numel():
        return torch.zeros(())
    values = gradient.detach().coalesce().values() if gradient.is_sparse else gradient.detach()
    return values.abs().max() if values.numel() else torch.zeros(())
