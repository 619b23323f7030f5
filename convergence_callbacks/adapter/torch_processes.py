"""The processes of a PyTorch training."""

from __future__ import annotations

import sys
from typing import Any

from convergence_callbacks.adapter.processes import Own, Processes


class TorchProcesses(Processes):
    """The processes that ``torch.distributed`` connects, or a single one."""

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that prints, and writes what all read."""
        distributed = _distributed()
        return distributed is None or distributed.get_rank() == 0

    def gather(self, own: Own) -> list[Own]:
        """What each process has, by rank. Every process has to call it, whatever it saw."""
        distributed = _distributed()
        if distributed is None:
            return [own]
        ranks: list[Any] = [None] * distributed.get_world_size()
        distributed.all_gather_object(ranks, own)
        return ranks


def _distributed() -> Any:
    """PyTorch's module for several processes; None where it is not loaded, so that there is only one process."""
    module = sys.modules.get("torch.distributed")
    if module is None or not module.is_available() or not module.is_initialized():
        return None
    return module if module.get_world_size() > 1 else None
