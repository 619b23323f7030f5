"""Both losses at rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from convergence_callbacks.core.criterion import Criterion, Finding, State
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.verdict import Verdict

CONFIDENCE = 0.7
"""How sure it has converged: a rest may end."""


@dataclass(frozen=True)
class Plateau(Criterion):
    """Neither the judged loss nor train loss has fallen any more, each measured by its own gain.

    Validation loss alone may rest while train loss still moves the weights to somewhere better. Where there is
    one loss only, it is judged alone. A learning rate that moves is no time to judge.

    Args:
        epochs: Epochs over which both have to rest.
        share: Fall that counts as rest, as a share of the loss's own gain so far.

    >>> from convergence_callbacks.telling import describe
    >>> describe(Plateau(10))
    'neither loss has fallen by more than 1% of its gain for 10 epochs'
    """

    epochs: int = setting("epochs over which both losses have to rest", 10, ge=2)
    share: float = setting("fall that counts as rest, as a share of the loss's own gain so far", 0.01, gt=0, lt=1)

    verdicts: ClassVar = (Verdict.CONVERGED,)
    stops_when: ClassVar = "neither loss has fallen by more than {share:percent} of its gain for {epochs:epochs}"
    because: ClassVar = (
        "in {epochs:epochs} neither loss fell by more than {threshold:percent} of its gain"
        "[, the judged loss by {fall:percent}][, train loss by {train_fall:percent}]"
    )

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        before = reading.best_before(self.epochs)
        if not reading.judged or before is None or not reading.has_begun or reading.rate_is_moving(self.epochs):
            return state, False
        return state, max(self._fall(before, reading), self._train_fall(reading)) <= self.share

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(
            verdict=Verdict.CONVERGED,
            evidence={
                "fall": self._fall(reading.best_before(self.epochs) or 0.0, reading),
                "train_fall": self._train_fall(reading),
                "threshold": self.share,
                "epochs": self.epochs,
            },
            confidence=CONFIDENCE,
        )

    def _fall(self, before: float, reading: Reading) -> float:
        """Fall of the lowest judged loss over the latest epochs, as a share of its gain."""
        return (before - reading.curve.best) / (reading.start - reading.curve.best)

    def _train_fall(self, reading: Reading) -> float:
        """Fall of the lowest train loss over the latest epochs, as a share of its gain; 0 where there is none."""
        is_finite = np.isfinite(reading.train_losses)
        train, earlier = reading.train_losses[is_finite], reading.epochs[is_finite] <= reading.curve.count - self.epochs
        gain = float(train[0] - train.min()) if len(train) else 0.0
        if not gain > 0 or not earlier.any():
            return 0.0
        return float(train[earlier].min() - train.min()) / gain
