"""Train loss falls on while validation loss rises."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class Overfitting(Criterion):
    """Validation loss has risen beyond its noise since its best, while train loss went on falling.

    Args:
        rise: Rise that matters, as a share of the total gain.
        epochs: Epochs since the best, at least; a quarter of the epochs so far where that is more.

    >>> Overfitting().describe()
    'validation loss has risen by 10 % of the total gain while train loss fell on'

    Source: Prechelt, "Early stopping – but when?" (1998), for judging the two together.
    """

    rise: float = setting("rise of validation loss that matters, as a share of the total gain", 0.1, gt=0)
    epochs: int = setting("epochs since the best, at least", 10, ge=2)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        window = max(self.epochs, math.ceil(0.25 * signals.curve.count))
        if not signals.judged or not signals.has_validation or signals.wait < window or not signals.has_begun:
            return state, None
        if signals.level(window // 2) < signals.level(window) - signals.noise:  # on its way back from a spike
            return state, None
        rise = signals.level(window) - signals.curve.best
        gain = signals.start - signals.curve.best
        # The best of many epochs is a lucky one: by this many standard deviations, where the loss is but flat.
        luck = math.sqrt(2 * math.log(signals.curve.count)) + 2
        if rise < max(self.rise * gain, luck * signals.noise) or train_fall_since_best(signals) <= 0.02:
            return state, None
        return state, self.finding(signals, window)

    def describe(self) -> str:
        return f"validation loss has risen by {100 * self.rise:.3g} % of the total gain while train loss fell on"

    def finding(self, signals: Signals, window: int = 3) -> Finding:
        """What is said of a run that overfits, whoever found that.

        Args:
            signals: What can be read from the training.
            window: Epochs whose median says where validation loss is now.
        """
        best, gain = signals.curve.best_step, signals.start - signals.curve.best
        rise = (signals.level(window) - signals.curve.best) / gain if gain > 0 else 0.0
        fall = train_fall_since_best(signals)
        return Finding(
            reason=(
                f"since epoch {best} validation loss rose by {100 * rise:.2g} % of the total gain "
                f"while train loss fell by another {100 * fall:.2g} % of its own"
            ),
            verdict=Verdict.OVERFITTING,
            evidence={"validation_rise": rise, "train_fall": fall},
            advice=against_overfitting(signals),
            confidence=1 - 0.5 * math.exp(-rise / self.rise),
        )


def against_overfitting(signals: Signals) -> tuple[str, str]:
    """What to do about it, with what it cost and bought since the best epoch."""
    curve = signals.curve
    now, train = signals.level(3), signals.train_losses
    at_best = float(train[np.searchsorted(signals.epochs, curve.best_epoch)])
    rose = (now - curve.best) / max(abs(curve.best), math.ulp(0.0))
    fell = (at_best - float(np.median(train[-3:]))) / max(abs(at_best), math.ulp(0.0))
    after = f": after it validation loss rose by {100 * rose:.2g} % while train loss fell by {100 * fell:.2g} %"
    known = math.isfinite(fell) and fell > 0 and rose > 0
    return (
        f"use the weights of epoch {curve.best_step}{after if known else ''}",
        "then weight decay, augmentation or more data",
    )


def gap_widening(signals: Signals) -> float:
    """Rise of the generalisation gap since the best epoch, as a share of the total gain; 0 without both losses."""
    gaps, gain = signals.losses - signals.train_losses, signals.start - signals.curve.best
    at_best = gaps[np.searchsorted(signals.epochs, signals.curve.best_epoch)]
    if not signals.has_validation or not gain > 0 or not np.isfinite(at_best):
        return 0.0
    return float((np.median(gaps[-3:]) - at_best) / gain)


def train_fall_since_best(signals: Signals) -> float:
    """Fall of the train loss since the best epoch, as a share of its own total gain; 0 where there is none."""
    train = signals.train_losses
    total = train[0] - np.nanmin(train) if np.isfinite(train[0]) else 0.0
    if not total > 0:
        return 0.0
    at_best = train[np.searchsorted(signals.epochs, signals.curve.best_epoch)]
    return float((at_best - np.median(train[-3:])) / total)
