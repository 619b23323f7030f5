"""Which way a metric improves, as the metrics of torchmetrics in a module state."""

from __future__ import annotations

from typing import Any

from convergence_callbacks.metrics import meaning


def rises(pl_module: Any, name: str) -> bool | None:
    """Whether more of a metric is better, by the ``higher_is_better`` of the attribute of its name.

    Args:
        pl_module: The module, with the metrics among its attributes.
        name: How the metric is logged; ``val_quality`` is what an attribute ``quality`` or ``val_quality`` computes.
    """
    measure, stated = meaning(name).measure, set()
    for path, module in pl_module.named_modules():
        flag = getattr(module, "higher_is_better", None)
        if flag is not None and meaning(path.rpartition(".")[2]).measure == measure:
            stated.add(bool(flag))
    return stated.pop() if len(stated) == 1 else None
