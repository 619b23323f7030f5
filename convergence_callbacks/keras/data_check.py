"""What can be seen of the data and the layers of a Keras training."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from convergence_callbacks.adapter.batches import MOST, FirstExamples, joined
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.data_check import Examples, Layer
from convergence_callbacks.data_check.check import SOUND

BATCHES = 32
"""Batches of a data set that are looked at, at most."""


class FirstWeights:
    """Compares the weights before and after the first epoch, which every backend knows; gradients are hidden in most.

    The examples are those that ``fit`` was called with. Arrays are looked at after the first epoch. A data set or a
    loader has to be read once more, which may draw random numbers: only once a run is not sound. A generator, which
    can't be read twice, is never touched. See `FirstEpoch`.

    Args:
        model: Gives the model that is trained; None while there is none.
    """

    def __init__(self, model: Callable[[], Any]) -> None:
        self._model = model

    def start(self) -> None:
        """Keep the weights from before the first epoch."""
        model = self._model()
        self._before = [] if model is None else [(name, values) for name, values, _ in _weights(model)]
        self._layers: tuple[Layer, ...] = ()

    def is_over(self, decision: Decision) -> bool:
        """Whether it is time to judge: at once for arrays, otherwise when the run needs an explanation."""
        self._layers = self._layers or self._compared()
        x, _ = _fitted(self._model())
        return _is_arrays(x) or decision.verdict not in SOUND

    def examples(self) -> Examples:
        """What the data hold, and what the first epoch did to the layers."""
        first = FirstExamples()
        for batch in _batches(*_fitted(self._model())):
            if first.is_full:
                break
            first.add(batch)
        return first.examples(self._layers)

    def _compared(self) -> tuple[Layer, ...]:
        after = list(_weights(self._model()))
        if [name for name, _ in self._before] != [name for name, _, _ in after]:  # it was built in this epoch
            return ()
        changes = [_largest_change(old, new) for (_, old), (_, new, _) in zip(self._before, after, strict=True)]
        self._before = []
        return tuple(
            Layer(name, sum(part.size for part in weights), (change,), trainable)
            for (name, weights, trainable), change in zip(after, changes, strict=True)
        )


def _largest_change(before: list[Any], after: list[Any]) -> float:
    with np.errstate(invalid="ignore"):  # of two infinite weights the difference is none
        return float(np.max([np.abs(new - old).max(initial=0.0) for old, new in zip(before, after, strict=True)]))


def _weights(model: Any) -> Iterator[tuple[str, list[Any], bool]]:
    """Name, weights and whether they are to be trained, of each layer that has any."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _weights(layer)
        elif weights := (layer.trainable_weights if layer.trainable else layer.weights):
            yield layer.name, [np.array(weight.numpy(), dtype=float) for weight in weights], bool(layer.trainable)


def _fitted(model: Any) -> tuple[Any, Any]:
    """What ``fit`` was called with: Keras shows its callbacks no data, and is on the stack while they are called."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "fit" and frame.f_locals.get("self") is model and "x" in frame.f_locals:
            return frame.f_locals["x"], frame.f_locals.get("y")
        frame = frame.f_back
    return None, None


def _is_arrays(x: Any) -> bool:
    """Whether examples can be had without reading anything twice."""
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, tuple | list) else [x]
    return all(hasattr(part, "dtype") or hasattr(part, "iloc") for part in parts)


def _batches(x: Any, y: Any) -> Iterable[Any]:
    """Some batches: of arrays one with examples from all of them, of anything else the first."""
    if x is None:
        return []
    if _is_arrays(x):
        inputs, targets = joined("inputs", x), joined("targets", y)
        if inputs is None:
            return []
        chosen = np.linspace(0, len(inputs) - 1, min(MOST, len(inputs))).astype(int)
        return [(inputs[chosen], None if targets is None else targets[chosen])]
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):  # a PyDataset; it could also be iterated, but for ever
        return (x[place] for place in range(min(BATCHES, len(x))))
    if iter(x) is x:  # a generator
        return []
    return itertools.islice(iter(x), BATCHES)
