"""The processes of a PyTorch training, which must all come to the same decision."""

from __future__ import annotations

from convergence_callbacks.core.observation import Observation


def as_first_process_saw(observation: Observation) -> Observation:
    """The first process's observation, in every process, so that none of them goes on alone; else the one given.

    Every process has to call it.
    """
    import torch.distributed as processes

    if not (processes.is_available() and processes.is_initialized()):
        return observation
    seen = [observation]
    processes.broadcast_object_list(seen, src=0)
    return seen[0]


def is_first_process() -> bool:
    """Whether this process is the one that speaks."""
    import torch.distributed as processes

    return not (processes.is_available() and processes.is_initialized()) or processes.get_rank() == 0
