"""The learning rates to come, from a PyTorch scheduler."""

from __future__ import annotations

import copy
import warnings
from typing import Any

MOST_STEPS = 1_000_000
"""Most scheduler steps that are run ahead; they take about a second."""


def rates_to_come(scheduler: Any, *, epochs: int, steps_per_epoch: int, first_epoch: int = 0) -> list[float] | None:
    """Learning rate of each epoch, found by running a copy of the scheduler ahead.

    Args:
        scheduler: A ``torch.optim.lr_scheduler.LRScheduler`` that depends on nothing but its own steps.
        epochs: Epochs of the training.
        steps_per_epoch: How often the scheduler steps in an epoch.
        first_epoch: The epoch that comes next; the epochs before it are given its rate.

    Returns:
        The rates at the beginning of each epoch, or None where they can't be known.
    """
    if epochs * steps_per_epoch > MOST_STEPS:
        return None
    try:
        ahead = _detached(scheduler)
        rates = [_rate(ahead)] * (first_epoch + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its optimiser is not meant to step
            while len(rates) < epochs:
                for _ in range(steps_per_epoch):
                    ahead.step()
                rates.append(_rate(ahead))
    except Exception:  # a scheduler of somebody's own may need what a copy lacks
        return None
    return rates[:epochs]


def _detached(scheduler: Any) -> Any:
    """A copy that steps an optimiser of its own, without the parameters."""
    import torch

    groups = [
        {**{k: v for k, v in group.items() if k != "params"}, "params": [torch.nn.Parameter(torch.zeros(1))]}
        for group in scheduler.optimizer.param_groups
    ]
    stand_in = torch.optim.SGD([{"params": group["params"]} for group in groups], lr=0.0)
    for mine, theirs in zip(stand_in.param_groups, groups, strict=True):
        mine.update(theirs)
    return copy.deepcopy(scheduler, {id(scheduler.optimizer): stand_in})


def _rate(scheduler: Any) -> float:
    return float(scheduler.optimizer.param_groups[0]["lr"])
