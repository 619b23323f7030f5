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
    which = f"{targets.reshape(-1)[0]:g}" if math.prod(targets.shape[1:]) == 1 else "the same"
    return Fault(
        "single_class",
        f"all {len(targets):,} targets looked at are {which}",
        "look at how labels are read, and shuffle the training set if it is sorted by them",
        len(targets),
        certain=True,
    )


def unscaled_targets(examples: Examples) -> Fault | None:
    """Values to be predicted that are far larger than what a fresh network says."""
    targets = examples.targets
    if targets is None or targets.dtype.kind != "f":
        return None
    known = targets[np.isfinite(targets)].astype(float)
    size = float(np.sqrt(np.mean(np.square(known)))) if known.size else 0.0
    if size < LARGE:
        return None
    return Fault(
        "unscaled_targets",
        f"targets are about {size:.2g}, and a fresh network says about 1",
        "scale the targets to mean 0 and standard deviation 1, and what the model says back",
        size,
    )


def broadcast_targets(examples: Examples) -> Fault | None:
    """Outputs and targets of shapes that only go together by each being compared with all of the other."""
    said, wanted = examples.output_shape, examples.target_shape
    if said is None or wanted is None:
        return None
    try:
        together = np.broadcast_shapes(said, wanted)
    except ValueError:  # whatever compares them would have said so
        return None
    if math.prod(together) <= max(math.prod(said), math.prod(wanted)):
        return None
    return Fault(
        "broadcast_targets",
        f"outputs of shape {said} and targets of shape {wanted} are compared as {together}: "
        "every output with every target",
        f"give both the same shape, such as targets.reshape{said}"
        if math.prod(said) == math.prod(wanted)
        else "give outputs and targets the same shape",
        math.prod(together) / max(math.prod(said), math.prod(wanted)),
        certain=True,
    )
