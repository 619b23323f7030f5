"""A loss that jumps, or that recovers from its first steps and never learns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.advised_rate import lower_rate
from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Series, Signals
from convergence_callbacks.core.verdict import Verdict

LATEST = 20
"""Bins that are looked at: jumps of long ago are over."""

TRAIN_SHARE = 0.25
"""Train loss must jump by this share of what validation loss does: a tiny validation set jumps alone."""

AFTER_THE_FIRST = 0.03
"""Share of its gain that a healthy run makes at least after its first epochs."""


@dataclass(frozen=True)
class UnstableLoss(Criterion):
    """The learning rate is too high: the loss jumps, or the first steps threw it so far off that all it gains is back.

    What counts is what both losses gained after the first epochs. A run whose jumps are a large share of
    that, or that gained next to nothing since, moves about without descending.

    Args:
        share: Mean jump that is too large, as a share of the gain after the first epochs.

    >>> UnstableLoss().describe()
    'the loss jumps by more than 30 % of its gain since the first epochs'
    """

    share: float = setting("mean jump that is too large, as a share of the gain after the first epochs", 0.3, gt=0)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged or len(signals.losses) < 10 or signals.rate_is_moving(5):
            return state, None
        jump, train_jump = _jump(signals.losses), _jump(_other_loss(signals))
        if not _recovers(signals) and (jump < self.share or train_jump < TRAIN_SHARE * self.share):
            return state, None
        return state, self.finding(signals)

    def describe(self) -> str:
        return f"the loss jumps by more than {100 * self.share:.3g} % of its gain since the first epochs"

    def finding(self, signals: Signals) -> Finding:
        """What is said of a run that is unstable, whoever found that; it needs four bins."""
        jump, lost = _jump(signals.losses), _recovers(signals)
        jumps = f"the loss jumps by {100 * jump:.3g} % of its gain since the first epochs"
        recovers = "the loss only came back from its first steps and has gained nothing since"
        return Finding(
            reason=f"{recovers}: it is at {signals.sign * signals.loss:.4g}" if lost else jumps,
            verdict=Verdict.UNSTABLE,
            evidence={"jump": jump, "threshold": self.share},
            advice=(lower_rate(signals), _calm(signals)),
            confidence=0.6,
        )


def _calm(signals: Signals) -> str:
    """What may help beside the rate, with what there is to calm."""
    latest = signals.losses[-LATEST:]
    if _recovers(signals):
        thrown = f"the first steps threw the loss to {signals.sign * signals.start:.3g}"
        return f"{thrown}: clip the gradients, or warm the rate up"
    off = float(np.median(np.abs(latest - np.median(latest)))) / max(abs(float(np.median(latest))), math.ulp(0.0))
    return f"the loss oscillates at ±{100 * off:.2g} %: a larger batch or clipped gradients calm it too"


def _other_loss(signals: Signals) -> Series:
    """Train loss beside validation loss, where there is enough of it; else the judged loss again."""
    train = signals.known_train_losses if signals.has_validation else signals.losses
    return train if len(train) > 3 else signals.losses


def _recovers(signals: Signals) -> bool:
    """Whether both losses only came back from where the first steps threw them."""
    train, fall = _other_loss(signals), signals.start - signals.curve.best
    return _is_only_recovery(signals.losses, fall) and _is_only_recovery(train, float(np.ptp(train)))


def _late_gain(losses: Series) -> float:
    """Gain after the first epochs; their median stands for them, since the very first may be anything."""
    return float(np.median(losses[1:4]) - losses.min())


def _is_only_recovery(losses: Series, fall: float) -> bool:
    return _late_gain(losses) < AFTER_THE_FIRST * fall


def _jump(losses: Series) -> float:
    """Mean deviation of the latest losses from the mean of their neighbours, as a share of the late gain."""
    latest, gain = losses[-LATEST:], _late_gain(losses)
    off = float(np.abs(latest[1:-1] - (latest[2:] + latest[:-2]) / 2).mean())
    return off / gain if gain > 0 else float(off > 0)
