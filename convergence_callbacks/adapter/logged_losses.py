"""Finds the losses of an epoch among what a framework logged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.observation import Observation, as_number
from convergence_callbacks.metrics.find import (
    find_counterpart,
    find_named,
    find_train_loss,
    find_validation_loss,
    find_validation_scores,
    is_epoch_mean,
    is_of_training,
    is_paired,
)

SHARED = ("train_loss", "val_loss", "lr", "elapsed")
"""Values that each process takes from the first process that has one."""


@dataclasses.dataclass(frozen=True)
class LoggedLosses:
    """What one process found among the metrics of an epoch.

    Args:
        observation: The values.
        train: Whether there was a train loss.
        val: Whether there was a validation loss.
        validated: Whether there should have been one.
        logged: Names of all metrics.
        named: The metrics that criteria name and that were logged.
    """

    observation: Observation
    train: bool
    val: bool
    validated: bool
    logged: tuple[str, ...]
    named: frozenset[str] = frozenset()


def find_losses(
    settings: CallbackSettings,
    logged: Mapping[str, Any],
    *,
    step: int,
    lr: float | None,
    elapsed: float | None,
    mean: Any,
    validated: bool,
    awaited: bool = False,
) -> LoggedLosses:
    """Find the losses and scores of an epoch among what was logged.

    Args:
        settings: Those of the run; they may name the metrics.
        logged: All metrics of the epoch by name.
        step: The epoch's number.
        lr: Its learning rate.
        elapsed: Seconds of training until its end.
        mean: Mean train loss of the epoch, used if no such mean was logged.
        validated: Whether this epoch was validated; if not, a logged validation loss is an old one.
        awaited: Whether the first validation is still to come: no train loss is judged in its place.
    """
    find = find_validation_loss if settings.direction == "min" else _nothing
    val_name = _named(settings.val_metric, logged, find) if validated else None
    train = _train_loss(settings, logged, mean, settings.val_metric or val_name or "val_loss")
    val = None if val_name is None else logged[val_name]
    own = {
        "train_loss": train if settings.train_metric is None else None,
        "val_loss": val if settings.val_metric is None else None,
    }
    named = _of_criteria(settings, {**own, **logged}, validated=validated) if settings.metrics else {}
    scores = _scores(logged) if validated else {}
    observation = Observation(
        step=step,
        lr=lr,
        elapsed=elapsed,
        train_loss=None if awaited and val_name is None else as_number(train),
        val_loss=as_number(val),
        metrics={**scores, **named},
    )
    return LoggedLosses(
        observation, train is not None, val_name is not None, validated, tuple(logged), frozenset(named)
    )


def merged(ranks: Sequence[LoggedLosses]) -> LoggedLosses:
    """Merge what several processes found: each value is that of the first process that has it."""
    if len(ranks) == 1:
        return ranks[0]
    seen = [found.observation for found in ranks]
    values: dict[str, Any] = {
        name: next((value for one in seen if (value := getattr(one, name)) is not None), None) for name in SHARED
    }
    scores = {name: value for one in reversed(seen) for name, value in one.metrics.items()}
    return LoggedLosses(
        dataclasses.replace(seen[0], **values, metrics=scores),
        train=any(found.train for found in ranks),
        val=any(found.val for found in ranks),
        validated=any(found.validated for found in ranks),
        logged=tuple(dict.fromkeys(name for found in ranks for name in found.logged)),
        named=frozenset[str]().union(*(found.named for found in ranks)),
    )


def _nothing(_: Iterable[str]) -> None:
    """Find nothing: where more is better, the judged metric must be named."""


def _train_loss(settings: CallbackSettings, logged: Mapping[str, Any], mean: Any, validation: str) -> Any:
    """The train value beside the validation metric: the same metric on the training data, or else the loss."""
    named = _named(settings.train_metric, logged, lambda names: find_counterpart(validation, names))
    if named is not None:
        return logged[named]
    if settings.direction == "max":  # a loss improves the other way
        return None
    name = _named(settings.train_metric, logged, find_train_loss)
    if name is None or (mean is not None and not (is_epoch_mean(name) and is_paired(name, validation))):
        return mean
    return logged[name]


def _scores(logged: Mapping[str, Any]) -> dict[str, float]:
    """Accuracy and the like on the validation data."""
    numbers = {name: as_number(logged[name]) for name in find_validation_scores(logged)}
    return {name: number for name, number in numbers.items() if number is not None}


def _of_criteria(settings: CallbackSettings, logged: Mapping[str, Any], *, validated: bool) -> dict[str, float]:
    """The metrics that criteria name; in an epoch without validation, only those of the training data."""
    numbers: dict[str, float] = {}
    for name in {metric.name for metric in settings.metrics}:
        found = find_named(name, logged)
        if found is not None and (validated or is_of_training(found)):
            number = as_number(logged[found])
            numbers |= {} if number is None else {name: number}
    return numbers


def _named(name: str | None, logged: Mapping[str, Any], find: Callable[[Iterable[str]], str | None]) -> str | None:
    """The metric that the user named, if it was logged; where none was named, the one that is found."""
    return find(logged) if name is None else find_named(name, logged)
