"""What Lightning shows of the first batches, their gradients, and what is compared with what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from convergence_callbacks.adapter.batches import FirstExamples
from convergence_callbacks.adapter.data_checking import DataChecking
from convergence_callbacks.adapter.torch_gradients import GradientWatch
from convergence_callbacks.data_check import Examples

COMPARING = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "sub", "__sub__", "rsub", "__rsub__")
"""Functions of PyTorch that compare an output with its target, element by element."""


class DataCheckingInLightning(DataChecking):
    """Collects in the hooks of the first epoch; nothing is trained or drawn for it."""

    def _begin_looking(self) -> None:
        self._first = FirstExamples()
        self._gradients: GradientWatch | None = None
        self._comparisons = ComparisonWatch()

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Keep the examples of the batch, and see what its outputs are compared with if it is the first."""
        if self._is_looking:
            self._tried(self._collect_batch, pl_module, batch)

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """The loss is known, and with it all that was compared."""
        self._end_comparing()

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Look at the gradients, their scale taken out."""
        if self._is_looking and self._gradients is not None:
            self._tried(self._gradients.note)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Leave nothing behind."""
        self._end_comparing()

    def _collect_batch(self, pl_module: Any, batch: Any) -> None:
        self._first.add(batch)
        if self._gradients is None:
            self._gradients = GradientWatch(pl_module)
            self._comparisons.start()

    def _end_comparing(self) -> None:
        if self.settings.check_data:
            self._comparisons.end()

    def _examples(self) -> Examples:
        self._end_comparing()
        layers = () if self._gradients is None else self._gradients.layers()
        return self._first.examples(layers, self._comparisons.shapes)


class ComparisonWatch(TorchFunctionMode):
    """Notes where an output is compared with as many targets of another shape: each is then compared with all.

    Attributes:
        shapes: Of the output and of the targets; None where no such thing was seen.
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
        """Call the function, having looked at what it is called with."""
        given = dict(kwargs or {})
        if getattr(func, "__name__", "") in COMPARING:
            self._note([*args, *(given[name] for name in ("input", "target", "other") if name in given)])
        return func(*args, **given)

    def _note(self, values: list[Any]) -> None:
        tensors = [value for value in values[:2] if isinstance(value, torch.Tensor)]
        learnt = [tensor for tensor in tensors if tensor.requires_grad]
        known = [tensor for tensor in tensors if not tensor.requires_grad]
        if len(learnt) != 1 or len(known) != 1 or learnt[0].numel() != known[0].numel():
            return
        said, wanted = tuple(learnt[0].shape), tuple(known[0].shape)
        try:
            together = np.broadcast_shapes(said, wanted)
        except ValueError:
            return
        if math.prod(together) > math.prod(said):
            self.shapes = said, wanted
