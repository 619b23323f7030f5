"""What a loss is worth to a predictor that knows nothing of the inputs: the class frequencies, or the mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.metrics.meaning import letters

Source = Literal["classes", "frequencies", "mean"]
"""What a trivial predictor says: all classes alike, the frequencies of the classes, or the mean of the targets."""

Data = Literal["train", "validation"]

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The loss of a trivial predictor, and where the number comes from.

    Args:
        loss: The loss.
        source: What the predictor says.
        classes: How many classes there are, None where the targets are no classes.
        data: Whose targets were counted; None where none were.
    """

    loss: float
    source: Source
    classes: int | None = None
    data: Data | None = None


def of_classes(count: int) -> Baseline | None:
    """The cross-entropy of a predictor to which all classes are alike; None for fewer than two of them.

    >>> round(of_classes(10).loss, 3)
    2.303
    """
    return Baseline(math.log(count), "classes", count) if count > 1 else None


def of_frequencies(metric: str, frequencies: Sequence[float], data: Data) -> Baseline | None:
    """The loss of a predictor that says the frequencies of the classes.

    Args:
        metric: What the loss is called.
        frequencies: Share of each class; together they are 1.
        data: Whose targets were counted.

    Returns:
        The baseline; None where the metric is none of classes, or there are fewer than two.

    >>> round(of_frequencies("binary_logloss", [0.9, 0.1], "train").loss, 3)
    0.325
    """
    shares = np.asarray([share for share in frequencies if share > 0])
    loss = OF_CLASSES.get(letters(metric))
    if loss is None or len(shares) < 2:
        return None
    return Baseline(loss(shares), "frequencies", len(shares), data)


def of_targets(metric: str, targets: Any, weights: Any = None, data: Data = "validation") -> Baseline | None:
    """The loss of the class frequencies or the mean of targets.

    Args:
        metric: What the loss is called, as any of the libraries that are known does.
        targets: What is to be predicted.
        weights: Of the targets; None where all weigh the same.
        data: Whose targets they are.

    Returns:
        The baseline; None where the metric has none, or all targets are the same.

    >>> of_targets("rmse", [1.0, 3.0])
    Baseline(loss=1.0, source='mean', classes=None, data='validation')
    """
    values = np.asarray(targets)
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    if not len(values) or not shares.sum() > 0:
        return None
    shares = shares / shares.sum()
    if letters(metric) in OF_CLASSES:
        _, each = np.unique(values, return_inverse=True)
        return of_frequencies(metric, np.bincount(each.ravel(), shares).tolist(), data) if values.ndim == 1 else None
    loss = OF_NUMBERS.get(letters(metric))
    if loss is None or not np.isfinite(values.astype(float)).all():
        return None
    variance = float(np.mean(shares @ (values - shares @ values) ** 2))
    return Baseline(loss(variance), "mean", data=data) if variance > 0 else None


def _cross_entropy(shares: Values) -> float:
    return float(-(shares * np.log(shares)).sum())


def _error(shares: Values) -> float:
    return float(1 - shares.max())


OF_CLASSES: Mapping[str, Callable[[Values], float]] = {
    **dict.fromkeys(("logloss", "mlogloss", "binarylogloss", "multilogloss"), _cross_entropy),
    **dict.fromkeys(("error", "merror", "binaryerror", "multierror", "zerooneloss"), _error),
}
"""Losses of classes by the letters of their names, each as it follows from the share of each class."""

OF_NUMBERS: Mapping[str, Callable[[float], float]] = {
    **dict.fromkeys(("l2", "mse", "meansquarederror"), float),
    **dict.fromkeys(("rmse", "rootmeansquarederror"), math.sqrt),
}
"""Losses of numbers by the letters of their names, each as it follows from the variance of the targets."""

CROSS_ENTROPIES: Mapping[str, bool] = {
    "categoricalcrossentropy": True,
    "sparsecategoricalcrossentropy": True,
    "crossentropyloss": True,
    "nllloss": True,
    "binarycrossentropy": False,
    "bcewithlogitsloss": False,
}
"""Losses of networks by the letters of their names: whether each output is a class, else there are two classes."""


def of_outputs(loss: str, outputs: int) -> Baseline | None:
    """The loss of a network that says all classes are alike.

    Args:
        loss: What the loss is called: its function or class.
        outputs: Units of the network's output.

    Returns:
        The baseline; None where the loss is no cross-entropy.

    >>> of_outputs("sparse_categorical_crossentropy", 10).classes, of_outputs("BinaryCrossentropy", 1).classes
    (10, 2)
    """
    of_all = CROSS_ENTROPIES.get(letters(loss))
    return None if of_all is None else of_classes(outputs if of_all else 2)
