"""Whether targets have anything to do with their inputs.

Examples that are alike should have targets that are alike. How much they do is a sum over all pairs of examples, of
how alike their inputs are times how alike their targets are. Shuffling the targets says how large that sum is where
they have nothing to do with each other. What is alike is measured in three ways: along a line, among the nearest
neighbours, and by distance, since each sees what the others miss.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.fault import Fault
from convergence_callbacks.data_check.examples import Examples, Numbers

Matrix = NDArray[np.float64]

FEWEST = 200
"""Examples below which dependence can't be judged."""

FEW = 300
"""Examples below which a weak dependence may be missed."""

STAGES = (400, 1000)
"""Examples that are looked at, more only where fewer show no dependence: most of it shows in some hundreds."""

P_VALUE, P_VALUE_OF_FEW = 0.01, 0.1
"""Above it nothing contradicts independence; of shuffled labels one in a hundred is missed, or one in ten."""

SHUFFLES = 199
"""Shuffled targets that the real ones are compared with."""

NEIGHBOURS = 10

FEATURES = 512
"""Numbers of an example beyond which neighbouring ones are averaged."""

COLUMNS = 8
"""Numbers that a target is reduced to, along which targets differ most."""

OF_EACH_CLASS = 5
"""Examples of each class on average below which most have no like."""

SPREAD = 5.0
"""Standard deviations beyond which an outlier counts as no farther."""


def independent_labels(examples: Examples) -> Fault | None:
    """Targets that don't follow from the inputs, as where the two were shuffled apart."""
    p = p_value(examples)
    if p is None or p[0] <= p[1]:
        return None
    return Fault("independent_labels", p[0])


def p_value(examples: Examples) -> tuple[float, float] | None:
    """How often shuffled targets would fit as well, and from where that supports independence; None if unknown.

    Source: Hubert & Schultz (1976) for the statistic; Gretton et al. (2005) for likeness by distance; Westfall & Young
    (1993) for the largest of several.
    """
    found = None
    for most in STAGES:
        pairs = _pairs(examples, most)
        if pairs is None:
            return None
        found = _shuffled(*pairs), P_VALUE if len(pairs[0]) >= FEW else P_VALUE_OF_FEW
        if found[0] <= found[1] or len(pairs[0]) < most:
            break
    return found


def _shuffled(features: Matrix, targets: Matrix) -> float:
    """How often shuffled targets fit these features as well."""
    rng = np.random.default_rng(0)
    orders = [np.arange(len(targets)), *(rng.permutation(len(targets)) for _ in range(SHUFFLES))]
    shuffled = np.concatenate([targets[order] for order in orders], axis=1)
    fits = np.array([_fit(likeness, shuffled, len(orders)) for likeness in _likenesses(features)])
    spread = fits.std(axis=1, keepdims=True)
    best = ((fits - fits.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)).max(axis=0)
    return float((best >= best[0]).mean())


def _fit(likeness: Matrix, shuffled: Matrix, count: int) -> Matrix:
    """For each shuffle, how alike the targets of like examples are."""
    by_column = np.einsum("ij,ij->j", likeness @ shuffled, shuffled)
    return np.asarray(by_column.reshape(count, -1).sum(axis=1))


def _likenesses(features: Matrix) -> list[Matrix]:
    """How alike each two examples are, in three ways; of no example with itself."""
    products = features @ features.T
    square = np.diag(products)
    distances = np.maximum(square[:, None] + square - 2 * products, 0.0)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    near = np.zeros_like(distances)
    np.put_along_axis(near, nearest, 1.0, axis=1)
    typical = float(np.median(distances[np.isfinite(distances)]))
    return [_centred(each) for each in (products, near + near.T, np.exp(-distances / max(typical, 1e-12)))]


def _centred(likeness: Matrix) -> Matrix:
    centred = likeness - likeness.mean(axis=0) - likeness.mean(axis=1)[:, None] + likeness.mean()
    np.fill_diagonal(centred, 0.0)
    return np.asarray(centred)


def _pairs(examples: Examples, most: int) -> tuple[Matrix, Matrix] | None:
    """Features and targets of some examples as matrices; None where these show nothing."""
    if examples.targets is None:
        return None
    inputs, targets = _by_position(examples.inputs, examples.targets)
    is_finite = np.isfinite(_flat(inputs)).all(axis=1) & np.isfinite(_flat(targets)).all(axis=1)
    chosen = np.flatnonzero(is_finite)
    if len(chosen) > most:
        chosen = np.random.default_rng(0).choice(chosen, most, replace=False)
    if len(chosen) < FEWEST or _is_text(inputs):
        return None
    features, columns = _scaled(_averaged(_flat(inputs[chosen]))), _target_columns(targets[chosen])
    return None if columns is None or not features.size or not columns.any() else (features, columns)


def _by_position(inputs: Numbers, targets: Numbers) -> tuple[Numbers, Numbers]:
    """Where each token of a text has a target of its own: one of each, with the two tokens before it.

    More of the same text would not be examples of their own, and shuffling no fair comparison.
    """
    if not (_is_text(inputs) and inputs.shape == targets.shape and inputs.shape[1] > 2):
        return inputs, targets
    each = np.arange(len(inputs))
    place = np.random.default_rng(0).integers(2, inputs.shape[1], len(inputs))
    latest = np.stack([inputs[each, place - back] for back in range(3)], axis=1)
    tokens, token = np.unique(latest, return_inverse=True)
    kinds = min(len(tokens), FEATURES)
    return (token.reshape(-1, 3, 1) % kinds == np.arange(kinds)).astype(float), targets[each, place]


def _is_text(inputs: Numbers) -> bool:
    """Whether inputs are rows of tokens: whole numbers whose size means nothing."""
    return inputs.ndim == 2 and inputs.dtype.kind in "iu" and inputs.dtype.itemsize > 1 and inputs.shape[1] > 1


def _target_columns(targets: Numbers) -> Matrix | None:
    """A column for each class, or the ranks of each value; None where classes are too many for so few examples."""
    if targets.dtype.kind in "biu" and targets.size == len(targets):
        names, place = np.unique(targets.reshape(-1), return_inverse=True)
        if OF_EACH_CLASS * len(names) > len(targets):
            return None
        columns = (place[:, None] == np.arange(len(names))).astype(float)
        return _reduced(columns - columns.mean(axis=0))
    ranks = [np.unique(column, return_inverse=True)[1] for column in _averaged(_flat(targets)).T]
    return _reduced(_scaled(np.stack(ranks, axis=1).astype(float)))


def _reduced(columns: Matrix) -> Matrix:
    """The directions in which targets differ most."""
    if columns.shape[1] <= COLUMNS:
        return columns
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, :COLUMNS] * sizes[:COLUMNS])


def _flat(numbers: Numbers) -> Matrix:
    return np.asarray(numbers.reshape(len(numbers), -1), dtype=float)


def _averaged(columns: Matrix) -> Matrix:
    if columns.shape[1] <= FEATURES:
        return columns
    return np.stack([part.mean(axis=1) for part in np.array_split(columns, FEATURES, axis=1)], axis=1)


def _scaled(columns: Matrix) -> Matrix:
    """Columns that vary, with mean 0 and standard deviation 1, outliers drawn in."""
    spread = columns.std(axis=0)
    varies = spread > 1e-9 * np.abs(columns).max(axis=0, initial=0.0)
    return np.asarray(np.clip((columns - columns.mean(axis=0))[:, varies] / spread[varies], -SPREAD, SPREAD))
