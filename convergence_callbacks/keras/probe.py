"""Trains copies of a model for a few epochs at other learning rates, and leaves no trace of it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from convergence_callbacks.core.observation import Observation
from convergence_callbacks.experiments.probe import ARM_EPOCHS
from convergence_callbacks.keras.random_state import random_state_kept

OF_THE_RUN = ("epochs", "initial_epoch", "callbacks", "verbose")
"""Arguments of ``fit`` of which a copy has its own."""

COMPILED = ("loss_weights", "run_eagerly", "steps_per_execution", "jit_compile")
"""What a model was compiled with that a copy can share."""


def train_copy(model: Any, data: Mapping[str, Any], times: float, collector: Any) -> list[Observation]:
    """What is observed of a copy that is trained at so many times the learning rate.

    The model itself and its optimiser are never trained. Only the state of the random generators is restored
    afterwards, so that each copy begins with the same.

    Args:
        model: The model in the middle of its run.
        data: What ``fit`` was given.
        times: What the learning rate is multiplied by.
        collector: A callback that collects the losses as the run's does, and stops nothing.

    Raises:
        ValueError: The run is distributed, or its data can be read once only.
    """
    if keras.distribution.distribution() is not None:
        raise ValueError("a probe needs a single process")
    if any(isinstance(value, Iterator) for value in data.values()):
        raise ValueError("a generator can be read once only; pass arrays or a data set to probe_on")
    with random_state_kept(data.values()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run itself has had these warnings
        given = {name: _own(value) for name, value in data.items() if name not in OF_THE_RUN}
        copied_model(model, times).fit(**given, epochs=ARM_EPOCHS, verbose=0, callbacks=[collector])
    seen: list[Observation] = collector.observations
    return seen


def copied_model(model: Any, factor: float) -> Any:
    """A model with the same weights, losses and state of the optimiser, at a constant multiple of its learning rate.

    Args:
        model: A compiled model; one that is a class of its own needs ``get_config``.
        factor: What the learning rate is multiplied by.
    """
    copied = _cloned(model)
    if not copied.built:
        copied.build_from_config(model.get_build_config())
    copied.set_weights(model.get_weights())
    given = model._compile_config.config  # as the user gave it: functions of their own can't be found by name
    optimizer = _copied_optimizer(model.optimizer, factor)
    copied.compile(
        optimizer=optimizer,
        loss=given["loss"],
        metrics=_copied_metrics(given["metrics"]),
        weighted_metrics=_copied_metrics(given["weighted_metrics"]),
        auto_scale_loss=False,  # the copied optimiser scales it already, where it does
        **{name: given[name] for name in COMPILED if name in given},
    )
    optimizer.build(copied.trainable_variables)
    for own, of_run in zip(moments(optimizer), moments(model.optimizer), strict=True):
        own.assign(keras.ops.convert_to_numpy(of_run.value))
    return copied


def _cloned(model: Any) -> Any:
    """A clone that is not compiled: Keras would compile it from a description, which users' own functions lack."""
    compiled, model.compiled = model.compiled, False
    try:
        return keras.models.clone_model(model)
    finally:
        model.compiled = compiled


def moments(optimizer: Any) -> list[Any]:
    """The variables of an optimiser, all but its learning rate, which may be a schedule instead."""
    rate = innermost(optimizer)._learning_rate
    return [variable for variable in optimizer.variables if variable is not rate]


def innermost(optimizer: Any) -> Any:
    """The optimiser itself, if another one that scales the loss wraps it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _copied_optimizer(optimizer: Any, factor: float) -> Any:
    config = optimizer.get_config()
    if hasattr(optimizer, "inner_optimizer"):
        config["inner_optimizer"] = _copied_optimizer(optimizer.inner_optimizer, factor)
        return type(optimizer)(**config)
    rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    return type(optimizer).from_config({**config, "learning_rate": factor * rate})


def _copied_metrics(metrics: Any) -> Any:
    """The metrics without their sums: names and functions are shared, objects made anew."""

    def copied(metric: Any) -> Any:
        return type(metric).from_config(metric.get_config()) if isinstance(metric, keras.metrics.Metric) else metric

    return keras.tree.map_structure(copied, metrics)


def _own(value: Any) -> Any:
    """A copy of a ``PyDataset``, which may shuffle itself between epochs; anything else as it is."""
    return copy.deepcopy(value) if isinstance(value, keras.utils.PyDataset) else value
