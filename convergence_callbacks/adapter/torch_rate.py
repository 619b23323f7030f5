"""The learning rate of PyTorch optimisers and their schedulers, changed in the middle of a training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

OF_GROUP = ("lr", "initial_lr", "max_lr", "min_lr")
"""Learning rates that optimisers and ``OneCycleLR`` keep in a parameter group."""

OF_SCHEDULER = ("base_lrs", "max_lrs", "_last_lr", "eta_min")
"""Learning rates that schedulers keep; a floor such as ``eta_min`` belongs to the shape of the schedule."""


def scale_rate(optimizers: Iterable[Any], schedulers: Iterable[Any], times: float) -> None:
    """Multiply the learning rates, the present ones and those that schedulers will set.

    Args:
        optimizers: Optimisers of PyTorch.
        schedulers: Their schedulers; those inside another one are found.
        times: The factor.
    """
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.update({name: times * group[name] for name in OF_GROUP if name in group})
    for scheduler in schedulers:
        _scale(scheduler, times)


def _scale(scheduler: Any, times: float) -> None:
    for name in OF_SCHEDULER:
        rates = getattr(scheduler, name, None)
        if rates is not None:
            setattr(scheduler, name, [times * rate for rate in rates] if isinstance(rates, list) else times * rates)
    for inner in getattr(scheduler, "_schedulers", ()):
        _scale(inner, times)
