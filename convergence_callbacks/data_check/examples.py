"""What a data check is given: examples of a training set, and what reaches the layers of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.errors import SettingsError

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Layer:
    """The parameters of one layer, and what reached them.

    Args:
        name: The layer's name in the model.
        weights: How many numbers they are.
        largest: Largest absolute gradient in each of the steps looked at, 0 where none reached the layer; or, where
            gradients can't be had, the largest absolute change of a weight.
        trainable: Whether they are meant to be trained.
    """

    name: str
    weights: int
    largest: tuple[float, ...]
    trainable: bool = True


@dataclass(frozen=True, eq=False)
class Examples:
    """Some examples of a training set, and what a model made of them.

    Args:
        inputs: Numbers of shape (examples, …).
        targets: What is to be learnt of each, None where that is not known.
        output_shape: Shape of the model's outputs for as many examples as `target_shape` has, None if not known.
        target_shape: Shape of the targets that the output was compared with.
        layers: The model's layers.
    """

    inputs: Numbers
    targets: Numbers | None = None
    output_shape: tuple[int, ...] | None = None
    target_shape: tuple[int, ...] | None = None
    layers: Sequence[Layer] = ()

    @classmethod
    def of(cls, inputs: Any, targets: Any = None, outputs: Any = None, layers: Sequence[Layer] = ()) -> Examples:
        """Examples from whatever arrays or tensors hold them.

        Raises:
            SettingsError: They are no numbers, or inputs and targets differ in number.
        """
        given = as_numbers("inputs", inputs)
        wanted = None if targets is None else as_numbers("targets", targets)
        made = None if outputs is None else as_numbers("outputs", outputs)
        if wanted is not None and len(wanted) != len(given):
            raise SettingsError(f"inputs and targets must be as many, got {len(given)} and {len(wanted)}", ("targets",))
        return cls(
            given, wanted, None if made is None else made.shape, None if wanted is None else wanted.shape, layers
        )


def as_numbers(name: str, values: Any) -> Numbers:
    """An array of numbers with examples along its first axis.

    Raises:
        SettingsError: It holds something else, or is a single number.
    """
    if hasattr(values, "detach"):  # a tensor of PyTorch, which else refuses where it has a gradient
        values = values.detach().cpu()
        values = values.float() if str(values.dtype) == "torch.bfloat16" else values  # numpy has none
    try:
        numbers = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name} must be an array of numbers: {error}", (name,)) from None
    if numbers.dtype == object and len(numbers.shape) == 2:  # a table of mixed columns
        numbers = _table(name, numbers)
    if numbers.dtype.kind not in "biuf" or numbers.ndim == 0:
        raise SettingsError(
            f"{name} must be an array of numbers with an example a row, got {numbers.dtype} of shape {numbers.shape}",
            (name,),
        )
    return numbers


def _table(name: str, numbers: Numbers) -> Numbers:
    try:
        return numbers.astype(float)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name} must be numbers: {error}", (name,)) from None
