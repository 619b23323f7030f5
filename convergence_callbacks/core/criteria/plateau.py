"""Both losses at rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class Plateau(Criterion):
    """Neither the judged loss nor train loss has fallen any more, each measured by its own gain.

    Validation loss alone may rest while train loss still moves the weights to somewhere better. Where there is
    one loss only, it is judged alone. A learning rate that moves is no time to judge.

    Args:
        epochs: Epochs over which both have to rest.
        share: Fall that counts as rest, as a share of the loss's own gain so far.

    >>> Plateau(10).describe()
    'neither loss has fallen by more than 1 % of its gain for 10 epochs'
    """

    epochs: int = setting("epochs over which both losses have to rest", 10, ge=2)
    share: float = setting("fall that counts as rest, as a share of the loss's own gain so far", 0.01, gt=0, lt=1)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        before = signals.best_before(self.epochs)
        if not signals.judged or before is None or not signals.has_begun or signals.rate_is_moving(self.epochs):
            return state, None
        fall = (before - signals.curve.best) / (signals.start - signals.curve.best)
        train_fall = _train_fall(self.epochs, signals)
        if max(fall, train_fall) > self.share:
            return state, None
        return state, self._finding(fall, train_fall, signals)

    def describe(self) -> str:
        return f"neither loss has fallen by more than {100 * self.share:.3g} % of its gain for {self.epochs} epochs"

    def _finding(self, fall: float, train_fall: float, signals: Signals) -> Finding:
        return Finding(
            reason=(
                f"in {self.epochs} epochs the judged loss fell by {100 * fall:.2g} % of its gain and "
                f"train loss by {100 * train_fall:.2g} % (at most {100 * self.share:.3g} %)"
            ),
            verdict=Verdict.CONVERGED,
            evidence={"fall": fall, "train_fall": train_fall, "threshold": self.share},
            advice=(f"use the weights of epoch {signals.curve.best_step}",),
            confidence=0.7,
        )


def _train_fall(epochs: int, signals: Signals) -> float:
    """Fall of the lowest train loss over the latest epochs, as a share of its gain; 0 where there is none."""
    known = np.isfinite(signals.train_losses)
    train, earlier = signals.train_losses[known], signals.epochs[known] <= signals.curve.count - epochs
    gain = float(train[0] - train.min()) if len(train) else 0.0
    if not gain > 0 or not earlier.any():
        return 0.0
    return float(train[earlier].min() - train.min()) / gain
