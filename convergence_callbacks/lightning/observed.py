"""What a trainer shows of an epoch, as `Stopping.collect` takes it."""

from __future__ import annotations

from typing import Any

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.lightning.epoch import EpochInProgress
from convergence_callbacks.metrics.find import is_epoch_mean, is_of_training


def observed(stopping: Stopping, epoch: EpochInProgress, trainer: Any, step: int) -> Observation:
    """What was measured at the epoch that ends now; the same on all processes, so that none of them goes on alone.

    Args:
        stopping: Knows the names of the metrics, and the processes.
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
    named = stopping.settings.val_metric  # it may be logged without a validation loop
    outside = named is not None and (named in logged or not trainer.enable_validation)
    return stopping.collect(
        step,
        logged,
        lr=epoch.lr,
        train_loss=epoch.mean_loss,
        validated=outside or epoch.validated is not None,
        awaited=trainer.enable_validation and epoch.validated is None,
    )
