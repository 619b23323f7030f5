"""The heart of the default rule: stop when what may still be gained is below what the user tolerates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.overfitting import gap_widening, train_fall_since_best
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.forecast import Forecast, forecast
from convergence_callbacks.core.signals import Series, Signals
from convergence_callbacks.core.verdict import Verdict

WINDOW = 8
"""Epochs over which a curve must be flat, at a tolerance of 1 %: fewer are too few to tell a plateau from noise."""

WINDOW_SHARE = 0.2
"""The same as a share of the epochs so far: what a run needed for its last gain grows with its length."""

WIDENED = 0.05
"""A generalisation gap that widened since the best epoch by this share of the total gain, …"""

TRAIN_FALLS = 0.02
"""… while train loss fell by this share of its own, is overfitting: validation is no longer what training gains."""

NOT_BEGUN = 0.1
"""A run that lost less than this share of its first loss may not have begun to learn …"""

NOT_BEGUN_WINDOWS = 3
"""… and is given this many times the window."""


@dataclass(frozen=True)
class ExpectedGain(Criterion):
    """What more epochs can be expected to gain is below a share of the total gain so far.

    Three things must hold at once: the best loss fell by less than that share over a window of epochs,
    the trend in the window is not a significant descent, and the forecast of the curve (see
    `convergence_callbacks.core.forecast`) expects less. Nothing is judged while the learning rate warms up, just after
    it dropped, or shortly before it is known to change.

    Args:
        tolerance: Share of the total gain that is not worth waiting for. The window grows with its fourth
            root as it shrinks, since a finer question needs more evidence.

    >>> ExpectedGain(0.01).describe()
    'the expected further gain is below 1 % of the total gain'

    Sources: Prechelt (1998) for stopping as a trade of time for loss; Domhan, Springenberg & Hutter (2015)
    for deciding by a forecast of the learning curve.
    """

    tolerance: float = setting("share of the total gain that is not worth waiting for", 0.01, gt=0, lt=1)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged or not signals.has_begun or signals.rate_is_moving(self._window(signals)):
            return state, None
        expected = self._expected(signals)
        if expected is None or not expected.gain < self.tolerance * signals.total_gain:
            return state, None
        return state, self._finding(expected, signals)

    def describe(self) -> str:
        return f"the expected further gain is below {100 * self.tolerance:.3g} % of the total gain"

    def _window(self, signals: Signals) -> int:
        """Judged epochs over which the curve must be flat."""
        finer = math.pow(0.01 / self.tolerance, 0.25)
        window = finer * max(WINDOW, WINDOW_SHARE * signals.curve.count)
        begun = signals.total_gain >= max(NOT_BEGUN * abs(signals.curve.first), 4 * signals.noise)
        return math.ceil(window if begun else NOT_BEGUN_WINDOWS * window)

    def _expected(self, signals: Signals) -> Forecast | None:
        """The forecast, or None where the curve is too short or has just fallen: then nothing needs computing."""
        window = self._window(signals)
        total = signals.total_gain
        recent = signals.losses[signals.epochs > signals.curve.count - window]
        before = signals.best_before(window)
        if before is None or len(recent) < 4 or before - signals.curve.best > self.tolerance * total:
            return None
        if _descent(recent, signals.noise) > 3 * self.tolerance * total:
            return None
        return forecast(signals.epochs, signals.losses, most=2 * total)

    def _finding(self, expected: Forecast, signals: Signals) -> Finding:
        gain, std = expected.gain / signals.total_gain, expected.std / signals.total_gain
        widened = gap_widening(signals)
        overfits = widened > WIDENED and train_fall_since_best(signals) > TRAIN_FALLS
        further = f"{100 * gain:.2g} % ± {100 * std:.2g} %" if gain >= 0.001 else "less than 0.1 %"
        reason = f"expected further gain {further} of the total, below the tolerance of {100 * self.tolerance:.3g} %"
        if overfits:
            reason += f", while the generalisation gap widened by {100 * widened:.2g} % since the best epoch"
        advice = (f"use the weights of epoch {signals.curve.best_step}",)
        return Finding(
            reason=reason,
            verdict=Verdict.OVERFITTING if overfits else Verdict.CONVERGED,
            evidence={
                "expected_gain": gain,
                "expected_gain_std": std,
                "tolerance": self.tolerance,
                "gap_widening": widened,
            },
            advice=(*advice, "then weight decay, augmentation or more data") if overfits else advice,
            confidence=_confidence(gain, std, self.tolerance),
        )


def _descent(losses: Series, noise: float) -> float:
    """Fall of the trend over a window, with its standard error on top where it falls at all."""
    half = len(losses) // 2
    fall = 2 * float(losses[:half].mean() - losses[-half:].mean())
    return fall + 2 * noise * math.sqrt(2 / half) if fall > 0 else 0.0


def _confidence(gain: float, std: float, tolerance: float) -> float:
    """Probability that the further gain is below the tolerance, taken as normal."""
    return 0.5 * (1 + math.erf((tolerance - gain) / (math.sqrt(2) * max(std, 1e-3 * tolerance))))
