"""What can be wrong with targets."""

from __future__ import annotations

import math

import numpy as np

from convergence_callbacks.core.fault import Fault
from convergence_callbacks.data_check.examples import Examples
from convergence_callbacks.data_check.inputs import LARGE


def single_class(examples: Examples) -> Fault | None:
    """All targets are the same."""
    targets = examples.targets
    if targets is None or len(targets) < 20 or not (targets == targets[:1]).all():
        return None
    is_one_number = math.prod(targets.shape[1:]) == 1
    which = str(targets.reshape(-1)[0].item()).removesuffix(".0") if is_one_number else "the same"
    return Fault("single_class", len(targets), certain=True, numbers={"looked_at": len(targets)}, places=(which,))


def unscaled_targets(examples: Examples) -> Fault | None:
    """Targets that are far larger than the outputs of a fresh network."""
    targets = examples.targets
    if targets is None or targets.dtype.kind != "f":
        return None
    finite = targets[np.isfinite(targets)].astype(float)
    size = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
    if size < LARGE:
        return None
    return Fault("unscaled_targets", size)


def broadcast_targets(examples: Examples) -> Fault | None:
    """Outputs and targets of shapes that only go together by each being compared with all of the other."""
    outputs, wanted = examples.output_shape, examples.target_shape
    if outputs is None or wanted is None:
        return None
    try:
        together = np.broadcast_shapes(outputs, wanted)
    except ValueError:  # whatever compares them would have said so
        return None
    size, target_size = math.prod(outputs), math.prod(wanted)
    if math.prod(together) <= max(size, target_size):
        return None
    return Fault(
        "broadcast_targets",
        math.prod(together) / max(size, target_size),
        certain=True,
        numbers={"same_size": int(size == target_size)},
        places=(str(outputs), str(wanted), str(together)),
    )
