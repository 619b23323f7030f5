"""Notices that a Lightning callback unfreezes layers, which begins a new phase of the training."""

from __future__ import annotations

from typing import Any

FINETUNING = "BaseFinetuning"
"""The class of Lightning's callbacks that freeze and unfreeze, under each of its namespaces."""


def trained_parameters(trainer: Any, pl_module: Any) -> int | None:
    """How many parameters are trained; None if no Lightning callback freezes any.

    Args:
        trainer: It has the callbacks.
        pl_module: It has the parameters.
    """
    kinds = (kind.__name__ for callback in trainer.callbacks for kind in type(callback).__mro__)
    return sum(each.requires_grad for each in pl_module.parameters()) if FINETUNING in kinds else None
