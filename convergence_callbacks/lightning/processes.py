"""What several processes saw, made one: each of them enters the same collective whatever it saw itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch


def gather(trainer: Any, values: Sequence[float | None]) -> list[list[float | None]]:
    """The values of every process, by rank; None stays None.

    Args:
        trainer: The trainer; all of its processes have to call this.
        values: As many numbers on each process.
    """
    if trainer.world_size == 1:
        return [list(values)]
    row = [[0.0 if value is None else 1.0, math.nan if value is None else value] for value in values]
    device = trainer.strategy.root_device
    kind = torch.float32 if device.type == "mps" else torch.float64
    rows = trainer.strategy.all_gather(torch.tensor(row, dtype=kind, device=device)).tolist()
    return [[value if present else None for present, value in rank] for rank in rows]


def any_process(trainer: Any, flag: bool) -> bool:
    """Whether a process says so; all of them have to call this."""
    return any(said for (said,) in gather(trainer, [1.0 if flag else None]))


def first_seen(ranks: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Of each value, that of the first process which has one."""
    return [next((value for value in column if value is not None), None) for column in zip(*ranks, strict=True)]
