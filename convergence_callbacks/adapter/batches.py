"""The first examples of a training, taken from batches of any form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convergence_callbacks.data_check import Examples, Layer
from convergence_callbacks.data_check.examples import Numbers, as_numbers

INPUTS = ("inputs", "input", "x", "image", "images", "pixel_values", "input_ids", "input_values", "features")
TARGETS = ("targets", "target", "y", "labels", "label")
"""Names that inputs and targets have in batches that are dictionaries."""

MOST = 1000
"""Most examples that are kept."""

MOST_NUMBERS = 2 * 10**7
"""Most numbers that the kept examples hold."""


class FirstExamples:
    """The first examples that a training is shown."""

    def __init__(self) -> None:
        self._inputs: list[Numbers] = []
        self._targets: list[Numbers] = []

    @property
    def is_full(self) -> bool:
        """Whether there are enough."""
        return sum(map(len, self._inputs)) >= MOST or sum(part.size for part in self._inputs) >= MOST_NUMBERS

    def add(self, batch: Any) -> None:
        """Keep the examples of a batch, unless their shape differs from that of the first.

        Raises:
            SettingsError: It holds no numbers.
        """
        given, wanted = inputs_and_targets(batch)
        inputs = joined("inputs", given)
        if self.is_full or inputs is None or (self._inputs and inputs.shape[1:] != self._inputs[0].shape[1:]):
            return
        most = max(1, min(MOST, MOST_NUMBERS // max(1, math.prod(inputs.shape[1:]))))
        targets = joined("targets", wanted)
        self._inputs.append(inputs[:most].copy())
        if targets is not None and len(targets) == len(inputs):
            self._targets.append(targets[:most].copy())

    def examples(
        self, layers: Sequence[Layer] = (), compared: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    ) -> Examples:
        """The examples that were kept.

        Args:
            layers: What reached the model's layers.
            compared: Shapes of an output and of the targets that it was compared with.
        """
        inputs = np.concatenate(self._inputs) if self._inputs else np.zeros(0)
        shapes = {part.shape[1:] for part in self._targets}
        whole = len(self._targets) == len(self._inputs) and len(shapes) == 1
        targets = np.concatenate(self._targets) if whole else None
        outputs, wanted = compared or (None, None)
        return Examples(inputs, targets, outputs, wanted, layers)


def inputs_and_targets(batch: Any) -> tuple[Any, Any]:
    """The inputs and targets of a batch; None for those that are not there or can't be found.

    >>> inputs_and_targets(([1, 2], [0, 1])), inputs_and_targets({"labels": [0], "input_ids": [5]})
    (([1, 2], [0, 1]), ([5], [0]))
    """
    if isinstance(batch, Mapping):
        return _named(batch, INPUTS), _named(batch, TARGETS)
    if isinstance(batch, tuple | list):
        return (batch[0] if batch else None), (batch[1] if len(batch) > 1 else None)
    return batch, None


def joined(name: str, values: Any) -> Numbers | None:
    """An array with an example a row; of several arrays, their features side by side.

    Raises:
        SettingsError: They are no numbers.
    """
    if values is None:
        return None
    if not isinstance(values, Mapping | tuple | list):
        return as_numbers(name, values)
    parts = [as_numbers(name, part) for part in (values.values() if isinstance(values, Mapping) else values)]
    if len({len(part) for part in parts}) != 1:
        return None
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _named(batch: Mapping[Any, Any], names: Sequence[str]) -> Any:
    return next((batch[name] for name in names if name in batch), None)
