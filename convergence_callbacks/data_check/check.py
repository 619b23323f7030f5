"""All checks of data and gradients, and what a decision reports of their findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.fault import Fault
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.data_check.examples import Examples, Layer
from convergence_callbacks.data_check.independence import independent_labels
from convergence_callbacks.data_check.inputs import (
    constant_inputs,
    duplicated_inputs,
    non_finite_inputs,
    non_finite_targets,
    unscaled_inputs,
)
from convergence_callbacks.data_check.layers import (
    dead_layers,
    frozen_layers,
    non_finite_gradients,
    nothing_trained,
)
from convergence_callbacks.data_check.targets import broadcast_targets, single_class, unscaled_targets

CHECKS: tuple[Callable[[Examples], Fault | None], ...] = (
    non_finite_inputs,
    non_finite_targets,
    broadcast_targets,
    single_class,
    constant_inputs,
    nothing_trained,
    unscaled_inputs,
    unscaled_targets,
    non_finite_gradients,
    dead_layers,
    duplicated_inputs,
    independent_labels,
    frozen_layers,
)
"""Each looks for one fault; the surest causes first."""

OF_LAYERS = (nothing_trained, non_finite_gradients, dead_layers, frozen_layers)
"""Those that need no examples."""

SOUND = (Verdict.IMPROVING, Verdict.CONVERGED)
"""Verdicts that need no explanation."""


def check_data(
    inputs: Any, targets: Any = None, *, outputs: Any = None, layers: Sequence[Layer] = ()
) -> tuple[Fault, ...]:
    """What is wrong with some examples of a training set, the surest causes first; nothing where they look sound.

    Some hundred examples are enough, drawn as the training draws them; more than a thousand make no difference to
    whether labels are independent of inputs, which takes 200 at least.

    Args:
        inputs: An array or tensor of numbers with an example a row.
        targets: What is to be learnt of each; whole numbers are classes.
        outputs: The model's outputs for these inputs, of which only the shape counts.
        layers: The gradients of the layers of a model, such as `convergence_callbacks.torch.layers_of` gives.

    Raises:
        SettingsError: Something is no array of numbers, or inputs and targets differ in number.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(400, 5))
    >>> y = x[:, 0] - x[:, 1] ** 2
    >>> check_data(x, y)
    ()
    >>> [fault.name for fault in check_data(1e6 * x, rng.permutation(y), outputs=y[:, None])]
    ['broadcast_targets', 'unscaled_inputs', 'independent_labels']
    """
    return faults_of(Examples.of(inputs, targets, outputs, layers))


def faults_of(examples: Examples) -> tuple[Fault, ...]:
    """What is wrong with examples that are numbers already."""
    checks = CHECKS if len(examples.inputs) else OF_LAYERS
    found = [check(examples) for check in checks]
    return tuple(fault for fault in found if fault is not None)


def explained(decision: Decision, faults: Sequence[Fault]) -> Decision:
    """The decision with what is wrong with the data, where its verdict is not one of a sound run.

    What to do about a fault goes before other advice: no learning rate cures broken data.
    """
    if not faults or decision.verdict in SOUND:
        return decision
    return dataclasses.replace(
        decision,
        faults=tuple(faults),
        evidence={**decision.evidence, **{fault.name: fault.number for fault in faults}},
    )
