"""What can be wrong with the gradients of a model's layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from convergence_callbacks.core.fault import Fault
from convergence_callbacks.data_check.examples import Examples, Layer

MOSTLY = 0.5
"""Share of the weights from which on frozen ones are told."""

SHOWN = 3
"""Layers that are named."""


def non_finite_gradients(examples: Examples) -> Fault | None:
    """Gradients that are NaN or infinite in at least half of the steps; a loss scale that is sought spoils a few."""
    layers = examples.layers
    broken = [layer for layer in layers if 2 * sum(not math.isfinite(g) for g in layer.largest) > len(layer.largest)]
    if not broken:
        return None
    return Fault(
        "non_finite_gradients",
        f"gradients are NaN or infinite in {len(broken)} of {len(layers)} layers: {_named(broken)}",
        "look for a logarithm or a root of zero, clip the gradients, and lower the learning rate",
        len(broken) / len(layers),
    )


def nothing_trained(examples: Examples) -> Fault | None:
    """Not one weight is reached by a gradient."""
    layers = examples.layers
    if not layers or not all(_rests(layer) for layer in layers):
        return None
    frozen = all(not layer.trainable for layer in layers)
    return Fault(
        "nothing_trained",
        f"{'all weights are frozen' if frozen else 'no gradient reaches any weight'}: {_named(layers)}",
        "unfreeze what is to be trained" if frozen else "look for a detach, a no_grad or an optimiser without weights",
        _weights(layers),
        certain=True,
    )


def dead_layers(examples: Examples) -> Fault | None:
    """Layers that are to be trained and whose gradients are zero in every step."""
    trainable = [layer for layer in examples.layers if layer.trainable]
    dead = [layer for layer in trainable if _rests(layer)]
    if not dead or len(dead) == len(trainable):
        return None
    return Fault(
        "dead_layers",
        f"no gradient reaches {len(dead)} of {len(trainable)} layers: {_named(dead)}",
        "look for weights that are all zero, activations that are all cut off, a detach, or a layer that is not used",
        _weights(dead) / _weights(trainable),
    )


def frozen_layers(examples: Examples) -> Fault | None:
    """Most weights are not to be trained, as they are meant to be where only a head is."""
    frozen = [layer for layer in examples.layers if not layer.trainable]
    share = _weights(frozen) / max(1, _weights(examples.layers))
    if share < MOSTLY or len(frozen) == len(examples.layers):
        return None
    return Fault(
        "frozen_layers",
        f"{100 * share:.0f} % of the weights are frozen: {_named(frozen)}",
        "unfreeze more of the model if it does not learn",
        share,
    )


def _rests(layer: Layer) -> bool:
    return not layer.trainable or not any(layer.largest)


def _weights(layers: Sequence[Layer]) -> int:
    return sum(layer.weights for layer in layers)


def _named(layers: Sequence[Layer]) -> str:
    names = ", ".join(layer.name for layer in layers[:SHOWN])
    return names if len(layers) <= SHOWN else f"{names} and {len(layers) - SHOWN} more"
