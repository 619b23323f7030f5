"""Losses that are trained against each other."""

from __future__ import annotations

import warnings
from typing import Any

from convergence_callbacks.adapter.settings import CallbackSettings


def may_be_adversarial(settings: CallbackSettings, trainer: Any) -> bool:
    """Whether a training may be adversarial, as that of a GAN, and no setting names what ends it; warns if so.

    The loss of a generator falls when its discriminator gets worse, so that no single loss shows success (Goodfellow
    and others 2014). From outside, several optimisers are all that is seen of it.
    """
    optimizers = len(trainer.optimizers)
    if optimizers < 2 or settings.val_metric is not None or settings.criteria is not None:
        return False
    warnings.warn(
        f"this module has {optimizers} optimisers: in adversarial training no single loss shows convergence, so "
        "verdicts are reported but do not stop the run; name what shows success with val_metric=…, or give criteria=…",
        RuntimeWarning,
        stacklevel=2,
    )
    return True
