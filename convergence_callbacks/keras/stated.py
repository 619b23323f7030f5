"""What a Keras model states about its metrics: which way they improve, and what a trivial predictor's loss is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras

from convergence_callbacks.metrics.trivial import Baseline, of_outputs

OWN = ("compute_loss", "test_step")
"""Methods of a model in which users write a loss of their own."""

CHANGES_THE_LOSS = ("label_smoothing", "ignore_class", "apply_class_balancing")
"""Arguments of a cross-entropy with which it is no longer the plain one."""

MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")
"""Reductions of a loss that give the mean over all targets."""


def rises(model: Any, name: str) -> bool | None:
    """Whether more of a metric is better, if it is an object that states it; otherwise None.

    Args:
        model: What is trained.
        name: How the metric is logged.
    """
    compiled = getattr(model, "_compile_metrics", None)  # what is built of it comes with the first batch only
    for metric in [*_flat(getattr(compiled, "_user_metrics", None)), *_flat(getattr(model, "metrics", None))]:
        direction = getattr(metric, "_direction", None)
        if direction and getattr(metric, "name", None) == name.removeprefix("val_"):
            return bool(direction == "up")
    return None


def baseline_of(model: Any) -> Baseline | None:
    """The loss of guessing among the classes; None unless the loss is a plain cross-entropy of one output.

    A penalty, a smoothed label or a weight of a validation target changes that loss, and a method of the user's own may
    change it too. Keras shows a callback the weights of the validation data only.

    Args:
        model: What is trained, once it was validated.
    """
    losses: list[Any] = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or []
    shape, data = getattr(model, "output_shape", None), getattr(model, "_eval_epoch_iterator", None)
    is_own = any(getattr(type(model), name) is not getattr(keras.Model, name) for name in OWN)
    if len(losses) != 1 or not isinstance(shape, tuple) or is_own or model.losses or _may_be_weighted(data):
        return None
    loss = losses[0].loss
    changed = any((getattr(loss, "_fn_kwargs", None) or {}).get(name) for name in CHANGES_THE_LOSS)
    if changed or losses[0].loss_weights is not None or getattr(loss, "reduction", "") not in MEANS:
        return None
    name, units = getattr(getattr(loss, "fn", None), "__name__", ""), shape[-1]
    return of_outputs(name, units) if isinstance(units, int) else None


def _may_be_weighted(iterator: Any) -> bool:
    """Whether what is validated may have weights: of arrays and data sets of TensorFlow it is known."""
    adapter = getattr(iterator, "data_adapter", None)
    arrays, data_set = getattr(adapter, "_inputs", None), getattr(adapter, "_dataset", None)
    parts = arrays if arrays is not None else getattr(data_set, "element_spec", None)
    return not isinstance(parts, tuple) or len(parts) != 2


def _flat(metrics: Any) -> Iterator[Any]:
    """The metrics of all outputs: ``compile`` takes one, a list, or a dictionary of lists."""
    if isinstance(metrics, Mapping):
        metrics = list(metrics.values())
    if not isinstance(metrics, list | tuple):
        yield metrics
        return
    for each in metrics:
        yield from _flat(each)
