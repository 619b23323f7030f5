"""What can be wrong with inputs."""

from __future__ import annotations

import numpy as np

from convergence_callbacks.core.fault import Fault
from convergence_callbacks.data_check.examples import Examples, Numbers

LARGE = 1e4
"""Root mean square of a feature from which on it is out of scale: weights are made for inputs around 1."""

DISTINCT = 1 / 3
"""Share of the different examples to be expected from their features' values, below which they are copies."""

LOOKED_AT = 1000
"""Examples among which copies are looked for."""


def non_finite_inputs(examples: Examples) -> Fault | None:
    """NaN or infinite inputs."""
    return _non_finite("inputs", examples.inputs)


def non_finite_targets(examples: Examples) -> Fault | None:
    """NaN or infinite targets."""
    return None if examples.targets is None else _non_finite("targets", examples.targets)


def constant_inputs(examples: Examples) -> Fault | None:
    """All inputs are the same."""
    inputs = examples.inputs
    if len(inputs) < 2 or not _all_the_same(inputs):
        return None
    return Fault("constant_inputs", len(inputs), certain=True, numbers={"looked_at": len(inputs)})


def duplicated_inputs(examples: Examples) -> Fault | None:
    """Far fewer inputs differ than would if their features were drawn one by one.

    Tables of few categories have many equal rows in health; the comparison with shuffled columns allows for that.
    """
    rows = _some(examples.inputs, LOOKED_AT).reshape(min(len(examples.inputs), LOOKED_AT), -1)
    if len(rows) < 20 or _all_the_same(rows):
        return None
    rng = np.random.default_rng(0)
    different, expected = _different(rows), _different(rng.permuted(rows, axis=0))
    if different >= DISTINCT * expected:
        return None
    counted = {"looked_at": len(rows), "different": different, "expected": expected}
    return Fault("duplicated_inputs", different / len(rows), numbers=counted)


def unscaled_inputs(examples: Examples) -> Fault | None:
    """Features that are far larger than weights are made for; whole numbers may be tokens, and are passed over."""
    inputs = examples.inputs
    if inputs.dtype.kind != "f":
        return None
    columns = inputs.reshape(len(inputs), -1).astype(float)
    size = np.sqrt(np.mean(np.square(np.where(np.isfinite(columns), columns, 0.0)), axis=0))
    large = int((size >= LARGE).sum())
    if not large:
        return None
    largest = float(size.max())
    counted = {"large": large, "features": len(size), "feature": int(size.argmax()), "size": largest}
    return Fault("unscaled_inputs", largest, numbers=counted)


def _non_finite(what: str, numbers: Numbers) -> Fault | None:
    if numbers.dtype.kind != "f":
        return None
    broken = ~np.isfinite(numbers.reshape(len(numbers), -1))
    rows = np.flatnonzero(broken.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(broken.any(axis=0))
    counted = {"broken": len(rows), "looked_at": len(numbers), "first": int(rows[0])}
    where = (str(columns[0]),) if len(columns) == 1 < broken.shape[1] else ()
    return Fault(f"non_finite_{what}", len(rows) / len(numbers), numbers=counted, places=where)


def _all_the_same(numbers: Numbers) -> bool:
    return bool((numbers == numbers[:1]).all())


def _different(rows: Numbers) -> int:
    return len(np.unique(rows, axis=0))


def _some(numbers: Numbers, most: int) -> Numbers:
    """At most so many examples, spread over all: sets are often sorted."""
    if len(numbers) <= most:
        return numbers
    return np.asarray(numbers[np.linspace(0, len(numbers) - 1, most).astype(int)])
