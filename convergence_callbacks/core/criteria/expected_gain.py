"""The heart of the default rule: stop when what may still be gained is below what the user tolerates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State, with_numbers
from convergence_callbacks.core.criteria.overfitting import against_overfitting, gap_widening, train_fall_since_best
from convergence_callbacks.core.curve import FEWEST
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.models.further_gain.features import features
from convergence_callbacks.core.models.further_gain.model import FurtherGain, averaged, further_gain, worth_of
from convergence_callbacks.core.signals import Signals, once_an_epoch
from convergence_callbacks.core.verdict import Verdict

WIDENED = 0.05
"""A generalisation gap that widened since the best epoch by this share of the total gain, …"""

TRAIN_FALLS = 0.02
"""… while train loss fell by this share of its own, is overfitting: validation is no longer what training gains."""

BEGUN = 0.03
"""A run that has gained less than this share of its starting level may not have begun to learn, …"""

SURELY_BEGUN = 0.15
"""… nor may one that has gained less than this share in both losses: it may rest at a trivial predictor's level, …"""

HARD_START = 150
"""… at most for so many epochs, or half of the budget."""

STRAIGHT = 40.0
"""A fall over a window of so many times the noise is a curve that can be drawn on, …"""

WINDOWS = {6: 1.43, 12: 1.0, 25: 0.69}
"""… over any of these windows, in bins; beside each the standard error of such a fall, in units of the noise."""

LEAST_NOISE = 1e-4
"""Noise of a curve without any, as a share of the total gain."""


@dataclass(frozen=True)
class ExpectedGain(Criterion):
    """What more epochs can be expected to gain is below a share of the total gain so far.

    The expectation is learnt from trainings that nothing cut short (see
    `convergence_callbacks.core.models.further_gain`). Whatever it says, a run goes on that has not begun to learn,
    whose loss falls along a clear line that leads further down than that share, or whose learning rate just
    fell in one step or is right ahead of the first.

    Args:
        tolerance: Share of the total gain that is not worth waiting for.

    >>> ExpectedGain(0.01).describe()
    'the expected further gain is below 1 % of the total gain'

    Sources: Prechelt (1998) for stopping as a trade of time for loss; Gittins (1979) for what is worth going on
    with; Domhan, Springenberg & Hutter (2015) for deciding by a forecast of the learning curve.
    """

    tolerance: float = setting("share of the total gain that is not worth waiting for", 0.01, gt=0, lt=1)

    def start(self) -> State:
        return {"worth": None}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return with_numbers(super().restore(saved), "worth")

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not is_expected(signals):
            return state, None
        state = expecting(state, signals)
        return state, self.settled(further_gain(state["worth"]), signals)

    def settled(self, expected: FurtherGain, signals: Signals) -> Finding | None:
        """What follows from what is expected at an epoch: that the run has settled, or nothing."""
        goes_on = expected.mean >= self.tolerance or self._waits(features(signals), signals)
        return None if goes_on else self._finding(expected, signals)

    def describe(self) -> str:
        return f"the expected further gain is below {100 * self.tolerance:.3g} % of the total gain"

    def _waits(self, known: Mapping[str, float], signals: Signals) -> bool:
        """Whether the curve or the schedule promises more, whatever is expected."""
        return not _has_begun(known, signals) or leads_further(known, self.tolerance) or signals.rate_steps_down

    def _finding(self, expected: FurtherGain, signals: Signals) -> Finding:
        widened = gap_widening(signals)
        overfits = widened > WIDENED and train_fall_since_best(signals) > TRAIN_FALLS
        reason = f"{_in_words(expected)}, below the tolerance of {100 * self.tolerance:.3g} %"
        if overfits:
            reason += f", while the generalisation gap widened by {100 * widened:.0f} % since the best epoch"
        return Finding(
            reason=reason,
            verdict=Verdict.OVERFITTING if overfits else Verdict.CONVERGED,
            evidence={
                "expected_gain": expected.mean,
                "expected_gain_most": expected.most,
                "tolerance": self.tolerance,
                "gap_widening": widened,
            },
            advice=(
                against_overfitting(signals) if overfits else (f"use the weights of epoch {signals.curve.best_step}",)
            ),
            confidence=_confidence(expected.mean, self.tolerance),
        )


def is_expected(signals: Signals) -> bool:
    """Whether an epoch is one of which it can be said what is still to be gained."""
    return signals.is_due and len(signals.curve.loss) >= FEWEST


def expecting(state: State, signals: Signals) -> State:
    """The state once an epoch was looked at, whatever the tolerance."""
    return {"worth": averaged(state["worth"], worth(signals), len(signals.curve.loss), signals.max_epochs)}


def _has_begun(known: Mapping[str, float], signals: Signals) -> bool:
    """Whether the run has begun to learn, or has had its time to begin."""
    hard_start = HARD_START if signals.max_epochs is None else min(HARD_START, signals.max_epochs // 2)
    at_the_start = signals.gained < SURELY_BEGUN and known["train_level"] > 1 - SURELY_BEGUN
    return signals.gained >= BEGUN and not (at_the_start and signals.curve.count < hard_start)


@once_an_epoch
def worth(signals: Signals) -> float:
    """What training on is worth at an epoch, as the trees say."""
    return worth_of(features(signals))


def leads_further(known: Mapping[str, float], tolerance: float) -> bool:
    """Whether the loss falls along a clear line, and curves of the usual shapes may bring more than that."""
    noise = known["val_noise"] + LEAST_NOISE
    clear = any(-known[f"val_slope_{window}"] > STRAIGHT * error * noise for window, error in WINDOWS.items())
    return clear and known["forecast"] + known["forecast_std"] > tolerance


def _in_words(expected: FurtherGain) -> str:
    if expected.mean < 0.001:
        return "expected further gain less than 0.1 % of the total"
    return f"expected further gain {100 * expected.mean:.2g} % of the total (at most {100 * expected.most:.2g} %)"


def _confidence(gain: float, tolerance: float) -> float:
    """Probability that the further gain is below the tolerance; what is left falls off exponentially."""
    return 1 - math.exp(-tolerance / max(gain, 1e-3 * tolerance))
