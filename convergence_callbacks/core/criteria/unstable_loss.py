"""A loss that jumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Series, Signals
from convergence_callbacks.core.verdict import Verdict

LATEST = 20
"""Bins that are looked at: jumps of long ago are over."""


@dataclass(frozen=True)
class UnstableLoss(Criterion):
    """From epoch to epoch the loss jumps by a large share of what was ever gained, in training as well.

    Args:
        share: Mean jump that is too large, as a share of the total gain.

    >>> UnstableLoss().describe()
    'the loss jumps by more than 20 % of the total gain from epoch to epoch'
    """

    share: float = setting("mean jump that is too large, as a share of the total gain", 0.2, gt=0)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged or len(signals.losses) < 10 or signals.rate_is_moving(5):
            return state, None
        jump = _jump(signals.losses, signals.start - signals.curve.best)
        train = signals.known_train_losses
        train_jump = _jump(train, float(np.ptp(train))) if signals.has_validation and len(train) else jump
        if jump < self.share or train_jump < self.share / 4:  # a tiny validation set jumps alone
            return state, None
        return state, self._finding(jump, signals)

    def describe(self) -> str:
        return f"the loss jumps by more than {100 * self.share:.3g} % of the total gain from epoch to epoch"

    def _finding(self, jump: float, signals: Signals) -> Finding:
        lr = signals.observation.lr
        rate = f"a third of the learning rate (try {lr / 3:.2g})" if lr else "a third of the learning rate"
        return Finding(
            reason=f"the loss jumps by {100 * jump:.2g} % of the total gain from epoch to epoch",
            verdict=Verdict.UNSTABLE,
            evidence={"jump": jump, "threshold": self.share},
            advice=(f"{rate}, a larger batch, or clip the gradients",),
            confidence=0.6,
        )


def _jump(losses: Series, gain: float) -> float:
    """Mean deviation of the latest losses from the mean of their neighbours, as a share of the gain."""
    latest = losses[-LATEST:]
    off = np.abs(latest[1:-1] - (latest[2:] + latest[:-2]) / 2)
    return float(off.mean() / gain) if gain > 0 else 0.0
