"""What Lightning shows of the first batches, their gradients, and what is compared with what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from convergence_callbacks.adapter.batches import FirstExamples
from convergence_callbacks.adapter.torch_gradients import GradientWatch
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.data_check import Examples

COMPARING = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "sub", "__sub__", "rsub", "__rsub__")
"""Functions of PyTorch that compare an output with its target, element by element."""


class FirstBatches:
    """Collects in the hooks of the first epoch; nothing is trained or drawn for it. See `FirstEpoch`."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Forget what was collected; before the first batch there is nothing to collect."""
        self._first = FirstExamples()
        self._gradients: GradientWatch | None = None
        self._comparisons = ComparisonWatch()

    def add_batch(self, pl_module: Any, batch: Any) -> None:
        """Keep the examples of a batch, and see what its outputs are compared with if it is the first."""
        self._first.add(batch)
        if self._gradients is None:
            self._gradients = GradientWatch(pl_module)
            self._comparisons.start()

    def end_comparing(self) -> None:
        """Watch comparisons no more: the loss is known."""
        self._comparisons.end()

    def add_gradients(self) -> None:
        """Look at the gradients, which are unscaled by now."""
        if self._gradients is not None:
            self._gradients.note()

    def is_over(self, decision: Decision) -> bool:
        """Whether this is the time to judge what was collected: at the end of the first epoch."""
        return True

    def examples(self) -> Examples:
        """What was collected."""
        self.end_comparing()
        layers = () if self._gradients is None else self._gradients.layers()
        return self._first.examples(layers, self._comparisons.shapes)


class ComparisonWatch(TorchFunctionMode):
    """Notes that an output is compared with as many targets of another shape: then each is compared with all.

    Attributes:
        shapes: Of the output and of the targets; None if there was no such comparison.
    """

    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    _is_on = False

    def start(self) -> None:
        """Watch from here on."""
        self._is_on = True
        self.__enter__()  # type: ignore[no-untyped-call]

    def end(self) -> None:
        """Watch no more."""
        if self._is_on:
            self._is_on = False
            self.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Look at what the function is called with, and call it."""
        given = dict(kwargs or {})
        if getattr(func, "__name__", "") in COMPARING:
            self._note([*args, *(given[name] for name in ("input", "target", "other") if name in given)])
        return func(*args, **given)

    def _note(self, values: list[Any]) -> None:
        tensors = [value for value in values[:2] if isinstance(value, torch.Tensor)]
        outputs = [tensor for tensor in tensors if tensor.requires_grad]
        targets = [tensor for tensor in tensors if not tensor.requires_grad]
        if len(outputs) != 1 or len(targets) != 1 or outputs[0].numel() != targets[0].numel():
            return
        output, target = tuple(outputs[0].shape), tuple(targets[0].shape)
        try:
            together = np.broadcast_shapes(output, target)
        except ValueError:
            return
        if math.prod(together) > math.prod(output):
            self.shapes = output, target
