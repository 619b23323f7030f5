"""The observation of an epoch on which all processes agree."""

from __future__ import annotations

import dataclasses
from typing import Any

from convergence_callbacks.adapter.found import SHARED, Found
from convergence_callbacks.adapter.names import is_epoch_mean, is_of_training
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.lightning.epoch import EpochInProgress
from convergence_callbacks.lightning.processes import first_seen, gather


def observed(stopping: Stopping, epoch: EpochInProgress, trainer: Any, step: int) -> Observation:
    """What was measured at the epoch that ends now; the same on all processes, so that none of them goes on alone.

    Each value is that of the first process that has one: a metric may be logged on one of them only.

    Args:
        stopping: Knows the names of the metrics.
        epoch: What was collected of the epoch, or of a stretch of steps.
        trainer: Keeps the metrics.
        step: The number of the epoch or stretch.

    Raises:
        ConvergenceError: With ``strict``, on all processes, where none of them saw what is asked for.
    """
    logged = epoch.logged(trainer)
    if stopping.settings.every_n_steps is not None:
        # What Lightning keeps under such a name is the mean of the last whole epoch.
        logged = {name: value for name, value in logged.items() if not (is_epoch_mean(name) and is_of_training(name))}
    own = stopping.find(
        step,
        logged,
        lr=epoch.lr,
        train_loss=epoch.mean_loss,
        validated=epoch.validated is not None,
        awaited=trainer.enable_validation and epoch.validated is None,
    )
    agreed = _agreed(own, trainer)
    stopping.complain_of_missing(agreed)
    return agreed.observation


def _agreed(own: Found, trainer: Any) -> Found:
    values = [getattr(own.observation, name) for name in SHARED]
    flags = [1.0 if flag else None for flag in (own.train, own.val, own.validated, own.observation.metrics)]
    ranks = gather(trainer, [*values, *flags])
    train_loss, val_loss, lr, elapsed, *flags = first_seen(ranks)
    observation = dataclasses.replace(own.observation, train_loss=train_loss, val_loss=val_loss, lr=lr, elapsed=elapsed)
    train, val, validated, scored = (flag is not None for flag in flags)
    if scored and len(ranks) > 1:
        first = next(rank for rank, values in enumerate(ranks) if values[-1] is not None)
        scores = trainer.strategy.broadcast(dict(observation.metrics), src=first)
        observation = dataclasses.replace(observation, metrics=scores)
    return dataclasses.replace(own, observation=observation, train=train, val=val, validated=validated)
