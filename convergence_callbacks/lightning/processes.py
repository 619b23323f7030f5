"""The processes of a Lightning training, whatever its strategy connects them by."""

from __future__ import annotations

import pickle
from typing import Any

import torch

from convergence_callbacks.adapter.processes import Own, Processes


class LightningProcesses(Processes):
    """The processes of a trainer.

    Args:
        trainer: The trainer.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that prints, and writes what all read."""
        return bool(self._trainer.is_global_zero)

    def gather(self, own: Own) -> list[Own]:
        """What each process has, by rank. Every process has to call it, whatever it saw."""
        if self._trainer.world_size == 1:
            return [own]
        sent = torch.frombuffer(bytearray(pickle.dumps(own)), dtype=torch.uint8)
        sizes = [int(size) for size in self._all_gather(torch.tensor([len(sent)]))]
        padded = torch.zeros(max(sizes), dtype=torch.uint8)
        padded[: len(sent)] = sent
        rows = self._all_gather(padded)
        return [pickle.loads(row[:size].numpy().tobytes()) for row, size in zip(rows, sizes, strict=True)]

    def _all_gather(self, values: torch.Tensor) -> torch.Tensor:
        """The same tensor of each process, a row each."""
        strategy = self._trainer.strategy
        gathered: torch.Tensor = strategy.all_gather(values.to(strategy.root_device))
        return gathered.cpu()
