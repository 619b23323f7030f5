"""The one metric that a rule judges, as all processes agree on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from convergence_callbacks.core.observation import as_number
from convergence_callbacks.lightning.processes import LightningProcesses


class MonitoredMetric:
    """Reads a metric among those that Lightning keeps.

    Args:
        name: The metric's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._last: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MonitoredMetric) and self.name == other.name and self._last is other._last

    __hash__ = None  # type: ignore[assignment]

    def read(self, trainer: Any, metrics: Mapping[str, Any]) -> tuple[Any, bool]:
        """The metric, and whether it was measured since the last time.

        Where this process has none, it is that of the first that has one. Lightning keeps the tensor of a metric
        that was not logged again: the same object is the same measurement.

        Returns:
            A tensor without dimensions, or None where no process has the metric.
        """
        own = metrics.get(self.name)
        is_new, self._last = own is not None and own is not self._last, own
        number = as_number(own)
        ranks = LightningProcesses(trainer).gather((number, is_new))
        seen = next((value for value, _ in ranks if value is not None), None)
        is_new = any(new for _, new in ranks)
        if isinstance(own, torch.Tensor) and own.numel() == 1 and not own.is_meta:
            return own.squeeze(), is_new
        number = seen if own is None else number  # what is no number is NaN here
        return None if number is None else torch.tensor(number, device=trainer.strategy.root_device), is_new
