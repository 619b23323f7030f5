"""The processes of a PyTorch training, which must all come to the same decision: each enters, whatever it saw."""

from __future__ import annotations

import sys
from typing import Any

from convergence_callbacks.adapter.found import Found, merged
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.observation import Observation


def collected(stopping: Stopping, step: int, logged: Any, **known: Any) -> Observation:
    """`Stopping.collect` in all processes: they see the same, and complain of what none of them has.

    Raises:
        ConvergenceError: With ``strict``, in all processes.
    """
    found = agreed(stopping.find(step, logged, **known))
    stopping.complain_of_missing(found)
    return found.observation


def agreed(own: Found) -> Found:
    """What the processes found, made one, in every process. Every process has to call it."""
    return merged(gathered(own))


def any_process(flag: bool) -> bool:
    """Whether a process says so. Every process has to call it."""
    return any(gathered(flag))


def gathered(own: Any) -> list[Any]:
    """What each process has, by rank. Every process has to call it."""
    processes = _processes()
    if processes is None:
        return [own]
    ranks: list[Any] = [None] * processes.get_world_size()
    processes.all_gather_object(ranks, own)
    return ranks


def is_first_process() -> bool:
    """Whether this process is the one that speaks."""
    processes = _processes()
    return processes is None or processes.get_rank() == 0


def _processes() -> Any:
    """PyTorch's module of them where there are several; who has not loaded it has started none."""
    processes = sys.modules.get("torch.distributed")
    if processes is None or not processes.is_available() or not processes.is_initialized():
        return None
    return processes if processes.get_world_size() > 1 else None
