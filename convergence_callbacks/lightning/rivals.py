"""Losses that play against each other."""

from __future__ import annotations

import warnings
from typing import Any

from convergence_callbacks.adapter.settings import CallbackSettings


def plays_against_itself(settings: CallbackSettings, trainer: Any) -> bool:
    """Whether a training may be one of rivals, such as a GAN, and nobody said what is to end it; then that is told.

    The loss of a generator falls when its discriminator gets worse, so that neither tells of success (Goodfellow and
    others 2014). From outside, several optimisers are all that is seen of it.
    """
    rivals = len(trainer.optimizers)
    if rivals < 2 or settings.val_metric is not None or settings.criteria is not None:
        return False
    warnings.warn(
        f"this module has {rivals} optimisers: where losses play against each other, as in a GAN, none tells of "
        "convergence, so verdicts are told and end nothing; name what tells of success with val_metric=…, or give "
        "criteria=…",
        RuntimeWarning,
        stacklevel=2,
    )
    return True
