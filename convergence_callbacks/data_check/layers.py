"""What can be wrong with the gradients of a model's layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from convergence_callbacks.core.fault import Fault
from convergence_callbacks.data_check.examples import Examples, Layer

MOSTLY = 0.5
"""Share of frozen weights from which on they are reported."""

SHOWN = 3
"""Layers that are named."""


def non_finite_gradients(examples: Examples) -> Fault | None:
    """Gradients that are NaN or infinite in at least half of the steps; a loss scale that is sought spoils a few."""
    layers = examples.layers
    broken = [layer for layer in layers if 2 * sum(not math.isfinite(g) for g in layer.largest) > len(layer.largest)]
    if not broken:
        return None
    counted = {"layers": len(broken), "of": len(layers)}
    return Fault("non_finite_gradients", len(broken) / len(layers), numbers=counted, places=_named(broken))


def nothing_trained(examples: Examples) -> Fault | None:
    """Not one weight is reached by a gradient."""
    layers = examples.layers
    if not layers or not all(_rests(layer) for layer in layers):
        return None
    frozen = all(not layer.trainable for layer in layers)
    counted = {"layers": len(layers), "frozen": int(frozen)}
    return Fault("nothing_trained", _weights(layers), certain=True, numbers=counted, places=_named(layers))


def dead_layers(examples: Examples) -> Fault | None:
    """Layers that are to be trained and whose gradients are zero in every step."""
    trainable = [layer for layer in examples.layers if layer.trainable]
    dead = [layer for layer in trainable if _rests(layer)]
    if not dead or len(dead) == len(trainable):
        return None
    counted = {"layers": len(dead), "of": len(trainable)}
    return Fault("dead_layers", _weights(dead) / _weights(trainable), numbers=counted, places=_named(dead))


def frozen_layers(examples: Examples) -> Fault | None:
    """Most weights are not to be trained, as they are meant to be where only a head is."""
    frozen = [layer for layer in examples.layers if not layer.trainable]
    share = _weights(frozen) / max(1, _weights(examples.layers))
    if share < MOSTLY or len(frozen) == len(examples.layers):
        return None
    return Fault("frozen_layers", share, numbers={"layers": len(frozen)}, places=_named(frozen))


def _rests(layer: Layer) -> bool:
    return not layer.trainable or not any(layer.largest)


def _weights(layers: Sequence[Layer]) -> int:
    return sum(layer.weights for layer in layers)


def _named(layers: Sequence[Layer]) -> tuple[str, ...]:
    return tuple(layer.name for layer in layers[:SHOWN])
